"""Step: which fixes move the vehicle."""

from __future__ import annotations

from domain.position import Flag, located
from ingest.steps.batch import Batch, Context


def clean(batch: Batch, context: Context) -> None:
    """Mark fixes without a place (status bit 1 clear, or 0/0): stored with `Flag.NO_GNSS`, they do not move the vehicle on the map."""
    batch.moves = located(batch.positions)
    batch.positions["flags"][~batch.moves] |= Flag.NO_GNSS
