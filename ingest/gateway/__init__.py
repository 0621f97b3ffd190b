"""Sockets of the terminals: split, judge, append, and only then acknowledge."""
