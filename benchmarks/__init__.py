"""One command each, JSON out: `python -m benchmarks.NAME`."""
