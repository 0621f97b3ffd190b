"""JT/T 1078: headers of stream packets."""
