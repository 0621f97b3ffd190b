"""What the worker measures of the queues that it works off."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import structlog
from prometheus_client import CollectorRegistry, Gauge

from domain.errors import StoreError
from storage import health
from storage.health import Waiting
from storage.pool import connect

log = structlog.get_logger()

QUEUES = ("jobs", "webhooks", "days")


class QueueMetrics:
    """Length and age of each queue, as of the last round.

    Args:
        registry: of the process.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._length = Gauge("queue_length", "Things that wait", ["queue"], registry=registry)
        self._age = Gauge("queue_oldest_seconds", "Age of the oldest thing that waits, 0 when none does", ["queue"], registry=registry)
        for name in QUEUES:
            self._length.labels(name)
            self._age.labels(name)

    def measure(self, dsn: str) -> None:
        """Ask the database; a database that is away leaves the last figures."""
        try:
            with connect(dsn, "owner") as conn:
                found: dict[str, Waiting] = {
                    "jobs": health.open_jobs(conn), "webhooks": health.webhook_queue(conn), "days": health.dirty_days(conn),
                }  # fmt: skip
        except (psycopg.Error, StoreError) as error:
            log.warning("queues_not_measured", reason=str(error).splitlines()[0])
            return
        now = datetime.now(UTC)
        for name, waiting in found.items():
            self._length.labels(name).set(waiting.count)
            self._age.labels(name).set((now - waiting.since).total_seconds() if waiting.since is not None else 0.0)
