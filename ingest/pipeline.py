"""From the log to the database: the list of steps, and the loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import structlog

from domain.errors import StoreError
from ingest.counties import Counties
from ingest.live_matching import LiveMatching
from ingest.pipeline_metrics import PipelineMetrics
from ingest.settings import PipelineSettings
from ingest.steps import recovery
from ingest.steps.batch import Batch, BatchReader, Context, CutError
from ingest.steps.clean import clean
from ingest.steps.connection import opened
from ingest.steps.decode import decode
from ingest.steps.identify import identify
from ingest.steps.match import match
from ingest.steps.order import order
from ingest.steps.read import read
from ingest.steps.store import store

log = structlog.get_logger()

STEPS = [
    read,
    decode,
    identify,
    order,
    clean,
    match,
    store,
]

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5.0


def wall_clock_ms() -> int:
    """Epoch ms of this machine."""
    return time.time_ns() // 1_000_000


class Pipeline:
    """One reader of the log: batch after batch, each one transaction.

    Args:
        dsn: database; the connection is the pipeline's own and is made again when it breaks.
        reader: of the log; its offsets come from the database.
        settings, metrics: as given.
        partition: which share of the terminals, 0 to settings.partitions - 1.
        now_ms: epoch ms, for the lag.
    """

    def __init__(
        self,
        dsn: str,
        reader: BatchReader,
        settings: PipelineSettings,
        metrics: PipelineMetrics,
        *,
        partition: int = 0,
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self._dsn, self._reader, self._settings, self._metrics = dsn, reader, settings, metrics
        self._partition, self._now_ms = partition, now_ms
        self._live = LiveMatching(dsn, settings) if settings.match else None
        self._counties = Counties(dsn)
        self._context: Context | None = None
        self._stop = threading.Event()
        self._wait_s = _FIRST_WAIT_S
        self._away_ms: int | None = None
        self._trouble = "starting"

    @property
    def ready(self) -> bool:
        """Connected, and reading the log."""
        return self._context is not None and self._away_ms is None

    @property
    def reason(self) -> str:
        """Why it is not ready, and which logs stand still, a line each; "" when all is well."""
        if self._away_ms is None:
            return self._standing() if self.ready else self._trouble
        away_s = max(0, self._now_ms() - self._away_ms) // 1000
        return f"the database does not store for {away_s} s ({self._trouble}); the log keeps what is acknowledged, nothing is lost"

    def without_database(self, error: Exception) -> None:
        """Note that the database does not answer; the next batch that is stored ends it."""
        if self._away_ms is None:
            self._away_ms = self._now_ms()
        self._trouble = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)

    def _standing(self) -> str:
        """Logs that stand still at damage to acknowledged records, and why vehicles go unmatched, a line each."""
        damaged = self._context.damaged if self._context is not None else {}
        lines = [f"log {log_id} stands still at damage, byte {at}: cuntong log verify --repair" for log_id, at in damaged.items()]
        return "\n".join(lines + (self._live.reasons if self._live is not None else []))

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop; the batch under way is finished.

        Raises:
            FencedError: another pipeline of this partition runs.
        """
        self._stop = stop
        try:
            while not stop.is_set():
                self.step_once()
        finally:
            self.close()

    def step_once(self) -> int:
        """One batch; fixes stored by it, 0 when the log had nothing new or the database did not answer (after a pause)."""
        try:
            if self._context is None:
                self._context = opened(self._dsn, self._reader, self._settings, self._metrics, self._partition, self._now_ms)
                self._context.live, self._context.counties = self._live, self._counties
                self._counties.refresh()
            stored = self._take(self._context)
        except StoreError as error:
            if not error.retriable:
                self.close()
                raise
            return self._pause("connection", error)
        except psycopg.Error as error:
            kind = recovery.kind_of(error)
            if kind is None or kind == "data":
                self.close()
                raise
            return self._pause(kind, error)
        self._wait_s = _FIRST_WAIT_S
        self._away_ms = None
        return stored

    def _take(self, context: Context) -> int:
        batch = Batch()
        try:
            self._through(batch)
        except (CutError, psycopg.Error, UnicodeEncodeError) as error:
            kind = recovery.kind_of(error)
            if kind not in recovery.RECOVERED:
                raise
            self._metrics.retries.labels(kind).inc()
            log.warning("batch_cut", kind=kind, records=len(batch.log.start), error=str(error).splitlines()[0])
            return recovery.recover(context, batch.log, error, self._through)
        return batch.stored

    def _through(self, batch: Batch) -> None:
        assert self._context is not None
        for step in STEPS:
            began = time.perf_counter()
            step(batch, self._context)
            self._metrics.batch_seconds.labels(step.__name__).observe(time.perf_counter() - began)
            if batch.empty:
                return

    def _pause(self, kind: str, error: Exception) -> int:
        """Drop the connection, wait; the next batch reads the offset again, for the commit may have happened."""
        self._metrics.retries.labels(kind).inc()
        self.without_database(error)
        log.warning("database_retry", kind=kind, wait_s=self._wait_s, error=self._trouble)
        self.close()
        self._stop.wait(self._wait_s)
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
        return 0

    def close(self) -> None:
        """Give the connection back; what was not committed is read again by the next pipeline."""
        if self._context is not None:
            if self._live is not None:
                self._live.clear()
            self._context.conn.close()
            self._context = None
