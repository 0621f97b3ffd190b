"""Live positions: the state of all vehicles, the binary frames, and the hub that shares them out."""
