"""Step: the next records of the log."""

from __future__ import annotations

from ingest.steps.batch import Batch, Context


def read(batch: Batch, context: Context) -> None:
    """Take up to `batch_rows` records, or what has come after `batch_ms`; a batch that already has its records keeps them."""
    if batch.records is None:
        settings = context.settings
        batch.records = context.reader.read(context.offsets, settings.batch_rows, settings.batch_ms)
        context.damaged = dict(context.reader.damaged)
        context.metrics.damaged_logs.set(len(context.damaged))
