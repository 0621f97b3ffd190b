"""HTTP routes, one file a resource; each has `router(...)`."""
