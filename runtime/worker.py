"""The worker as a process: rounds of upkeep, each on a connection of its own."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor

import psycopg
import structlog
from prometheus_client import CollectorRegistry

from domain.errors import StoreError
from ingest import days
from ingest.day_unit import Place
from ingest.log.reader import SpoolReader
from ingest.pipeline_metrics import PipelineMetrics
from ingest.retention import Retention, maintain
from runtime.internal_http import serve
from runtime.processes import stop_on_signals
from runtime.settings import Settings
from storage.database import archive_folder, serving
from storage.pool import connect

log = structlog.get_logger()

READER = "pipeline"
"""Name under which the pipeline keeps its offsets beside the log."""
DAYS_S = 120.0
"""After so long a round begins no further unit of vehicle-days; the next one goes on."""


def run_worker(settings: Settings, every_s: float, once: bool, listen: str = "") -> None:
    """Upkeep rounds until asked to stop; with the database away a round is skipped.

    Args:
        settings: everything; every_s: seconds between two rounds; once: end after the first; listen: "host:port" of the internal
            listener, "" for none.
    """
    stop = stop_on_signals()
    registry = CollectorRegistry()
    archive = archive_folder(settings.database, settings.data)
    retention = Retention(settings.database, archive, settings.pipeline.settle_min, PipelineMetrics(registry))
    trouble = ["no round yet"]
    http = serve(listen, registry, lambda: not trouble[0], lambda: trouble[0]) if listen else None
    try:
        with serving(settings.database, settings.data) as dsn, ThreadPoolExecutor(1, "days") as executor:
            while not stop.is_set():
                trouble[0] = _round(dsn, retention) or _days(dsn, retention, executor, stop, DAYS_S if not once else float("inf"))
                if once and trouble[0]:
                    raise StoreError(trouble[0], retriable=True)
                freed = SpoolReader(settings.log.path, READER, settings.log).trim() if settings.log.path.exists() else 0
                if freed:
                    log.info("log_trimmed", bytes=freed)
                if once:
                    return
                stop.wait(every_s)
    finally:
        if http is not None:
            http.shutdown()


def _round(dsn: str, retention: Retention) -> str:
    """One round on a connection of its own; why it was skipped, "" when it was not."""
    try:
        with connect(dsn, "owner") as conn:
            done = maintain(conn, retention, time.time_ns() // 1_000_000)
    except (psycopg.OperationalError, StoreError) as error:
        reason = str(error).splitlines()[0]
        log.warning("upkeep_skipped", reason=reason)
        return f"last round skipped: {reason}"
    log.info("upkeep_done", hours=done.hours, dirty_days=done.dirty_days, archived=done.archived)
    return ""


def _days(dsn: str, retention: Retention, executor: Executor, stop: threading.Event, limit_s: float) -> str:
    """Vehicle-days that are due, until all are done or time is up; why they were skipped, "" when they were not."""
    run = days.Run(Place(dsn, retention.folder), stop=stop, until_s=time.monotonic() + limit_s)
    try:
        with connect(dsn, "owner") as conn:
            done = days.work_off(conn, executor, run, time.time_ns() // 1_000_000, retention.settle_min)
    except (psycopg.OperationalError, StoreError) as error:
        reason = str(error).splitlines()[0]
        log.warning("days_skipped", reason=reason)
        return f"last round of vehicle-days skipped: {reason}"
    written, unchanged = done.replaced.written, done.replaced.unchanged
    log.info("days_done", written=written, unchanged=unchanged, failed=len(done.failed), left=done.left, cpu_s=round(done.cpu_s, 1))
    return ""
