"""A synthetic county, vehicles that drive it, and the terminals that report them."""
