"""The HTTP door: JSON under `/api/v1`, the live socket, tiles, static files, health and metrics."""
