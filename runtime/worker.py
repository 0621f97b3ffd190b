"""The worker as a process: rounds of upkeep, each on a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import psycopg
import structlog
from prometheus_client import CollectorRegistry

from domain.errors import StoreError
from domain.units import day_of
from ingest import days, media_store
from ingest.day_open import OpenDay
from ingest.day_unit import Place
from ingest.log.reader import SpoolReader
from ingest.pipeline_metrics import PipelineMetrics
from ingest.retention import Retention, maintain
from operations.registry.watching import expire_due
from runtime import errands
from runtime.day_workers import BackgroundProcess
from runtime.internal_http import serve
from runtime.processes import stop_on_signals
from runtime.settings import Settings
from runtime.worker_metrics import QueueMetrics
from storage import residue
from storage.database import archive_folder, serving
from storage.pool import connect

log = structlog.get_logger()

READER = "pipeline"
"""Name under which the pipeline keeps its offsets beside the log."""
DAYS_S = 120.0
"""After so long a round begins no further unit of vehicle-days; the next one goes on."""
TODAY_S = 10.0
"""So long a round computes days that are not over."""
TODAY_AFTER_S = 45.0
"""A worker that has just started leaves the machine to those that take positions."""


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
    queues, trouble = QueueMetrics(registry), ["no round yet"]
    http = serve(listen, registry, lambda: not trouble[0], lambda: trouble[0]) if listen else None
    began_s = time.monotonic()
    try:
        with serving(settings.database, settings.data) as dsn, errands.running(settings, dsn), BackgroundProcess() as background:
            work = Work(dsn, retention, background, stop)
            while not stop.is_set():
                trouble[0] = (
                    _round(dsn, retention) or _media(dsn, settings.pipeline.media_path) or work.due(DAYS_S if not once else float("inf"))
                )
                queues.measure(dsn)
                if once and trouble[0]:
                    raise StoreError(trouble[0], retriable=True)
                freed = SpoolReader(settings.log.path, READER, settings.log).trim() if settings.log.path.exists() else 0
                if freed:
                    log.info("log_trimmed", bytes=freed)
                if once:
                    return
                if not trouble[0] and time.monotonic() - began_s >= TODAY_AFTER_S:
                    trouble[0] = work.today(TODAY_S)
                stop.wait(every_s)
    finally:
        if http is not None:
            http.shutdown()


def _round(dsn: str, retention: Retention) -> str:
    """One round on a connection of its own; why it was skipped, "" when it was not."""
    try:
        with connect(dsn, "owner") as conn:
            done = maintain(conn, retention, time.time_ns() // 1_000_000)
            gone = residue.forget(conn)
            ended = expire_due(conn, day_of(time.time_ns() // 1_000_000))
    except (psycopg.OperationalError, StoreError) as error:
        reason = str(error).splitlines()[0]
        log.warning("upkeep_skipped", reason=reason)
        return f"last round skipped: {reason}"
    log.info("upkeep_done", hours=done.hours, dirty_days=done.dirty_days, archived=done.archived, forgotten=gone, expired=ended)
    return ""


def _media(dsn: str, folder: Path) -> str:
    """Move multimedia that waits in the database to files; why it was left there, "" when nothing was."""
    try:
        with connect(dsn, "ingest") as conn:
            while moved := media_store.settle(conn, folder):
                conn.commit()
                log.info("media_settled", files=moved)
    except (psycopg.OperationalError, StoreError, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        log.warning("media_waits", reason=reason, next=f"free the disk of {folder}")
        return f"multimedia waits in the database: {reason}"
    return ""


class Work:
    """Vehicle-days of the rounds.

    Args:
        dsn: the database; retention: of the installation; background: who computes; stop: asked to stop.
    """

    def __init__(self, dsn: str, retention: Retention, background: BackgroundProcess, stop: threading.Event) -> None:
        self._dsn, self._retention, self._background, self._stop = dsn, retention, background, stop
        self._open = OpenDay()

    def due(self, limit_s: float) -> str:
        """Days that are due, until all are done or time is up; why they were skipped, "" when they were not."""
        return self._told("days_done", limit_s, self._due)

    def today(self, limit_s: float) -> str:
        """Days that are not over, as far as time allows; why they were skipped, "" when they were not."""
        return self._told("today_done", limit_s, self._today)

    def _due(self, conn: psycopg.Connection[Any], run: days.Run, now_ms: int) -> days.Outcome:
        return days.work_off(conn, self._background.executor(), run, now_ms, self._retention.settle_min)

    def _today(self, conn: psycopg.Connection[Any], run: days.Run, now_ms: int) -> days.Outcome:
        return self._open.work(conn, self._background.executor(), run, now_ms)

    def _told(self, event: str, limit_s: float, what: Callable[[psycopg.Connection[Any], days.Run, int], days.Outcome]) -> str:
        run = days.Run(Place(self._dsn, self._retention.folder), stop=self._stop, until_s=time.monotonic() + limit_s, abandon=True)
        try:
            with connect(self._dsn, "owner") as conn:
                done = what(conn, run, time.time_ns() // 1_000_000)
        except (psycopg.OperationalError, StoreError, BrokenExecutor) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            log.warning("days_skipped", reason=reason)
            if isinstance(error, BrokenExecutor):
                self._background.end()
            return f"last round of vehicle-days skipped: {reason}"
        written, unchanged = done.replaced.written, done.replaced.unchanged
        log.info(event, written=written, unchanged=unchanged, failed=len(done.failed), left=done.left, cpu_s=round(done.cpu_s, 1))
        return ""
