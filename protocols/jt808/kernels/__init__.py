"""numba kernels of the wire: plain arrays in, plain arrays out. Nothing here is imported by the declarative path."""
