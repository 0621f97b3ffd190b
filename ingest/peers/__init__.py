"""Doors to other platforms by JT/T 809: subordinate platforms dial in, superior platforms are dialled."""
