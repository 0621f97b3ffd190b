"""Compiled kernels of tracking: plain arrays in, plain arrays out."""
