"""Checks of a deployment: what is amiss, and what mends it."""
