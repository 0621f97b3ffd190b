"""JT/T 809: two platforms over a main and a sub link."""
