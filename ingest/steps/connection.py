"""The pipeline's connection and what it remembers of the database."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from ingest import last_store, match_state_store, offset_store, position_store, provisional_path_store
from ingest.pipeline_metrics import PipelineMetrics
from ingest.settings import PipelineSettings
from ingest.steps.batch import BatchReader, Context
from storage.pool import connect

ROSTER_CHANNEL = "cuntong_roster"
REGIONS_CHANNEL = "cuntong_regions"


def opened(
    dsn: str, reader: BatchReader, settings: PipelineSettings, metrics: PipelineMetrics, partition: int, now_ms: Callable[[], int]
) -> Context:
    """A context on a fresh connection: offsets and last fixes from the database; no other memory matters.

    Raises:
        StoreError: retriable, when the database does not answer. psycopg.Error: it went away again.
    """
    conn = connect(dsn, "ingest")
    context = Context(settings, reader, metrics, conn, partition, now_ms=now_ms)
    try:
        position_store.prepare(conn)
        last_store.prepare(conn)
        match_state_store.prepare(conn)
        provisional_path_store.prepare(conn)
        context.offsets = offset_store.claim(conn, partition, settings.partitions)
        context.last.advance(*last_store.times(conn))
        conn.execute("listen cuntong_roster")
        conn.execute("listen cuntong_regions")
        conn.commit()
    except psycopg.Error:
        conn.close()
        raise

    def registry_changed(told: psycopg.Notify) -> None:
        if told.channel == REGIONS_CHANNEL and context.counties is not None:
            context.counties.refresh()
        context.stale_registry |= told.channel == ROSTER_CHANNEL

    conn.add_notify_handler(registry_changed)
    return context
