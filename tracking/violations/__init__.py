"""Rules of the road as data and kernels: what was driven in, episodes that break a rule out."""
