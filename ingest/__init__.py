"""Doors for terminals: gateway, log, pipeline."""
