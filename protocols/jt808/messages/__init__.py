"""Messages: one module a group, found by the registry."""
