"""Replayed records that may replace what is stored."""

from __future__ import annotations

CORRECT = 1
"""`reason` of a replayed record whose reading counts more than the stored row of the same frame."""
