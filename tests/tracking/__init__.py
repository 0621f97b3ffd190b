"""Roads, matching, mileage."""
