"""Movement: roads, matching, mileage. Arrays in, arrays and records out."""
