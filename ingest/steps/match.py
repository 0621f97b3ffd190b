"""Step: where on the roads each vehicle is, and the way it drove."""

from __future__ import annotations

import structlog

from ingest.live_matching import Fresh
from ingest.live_roads import FAILURES
from ingest.steps.batch import Batch, Context

log = structlog.get_logger()


def match(batch: Batch, context: Context) -> None:
    """Feed the fixes that are newer than all before them to the live matcher; the others are left to the day.

    Whatever goes wrong in matching is counted, and the batch goes on without it: the vehicles begin anew with their next fix.

    Raises:
        psycopg.Error: the database went away.
    """
    live = context.live
    if live is None or not len(batch.positions):
        return
    fresh = Fresh(batch.positions, ~batch.late & ~batch.behind, context.last.of(batch.positions["vehicle_id"]))
    try:
        batch.matched = live.take(context.conn, fresh, context.now_ms())
    except FAILURES as error:
        live.failed(error)
        context.metrics.match_failures.inc()
        log.error("match_failed", fixes=len(batch.positions), error=f"{type(error).__name__}: {error}", exc_info=True)
