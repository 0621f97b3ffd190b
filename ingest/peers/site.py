"""What all links of one process share: log, clock, database thread, counters."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import structlog

from domain.errors import RefusedError, StoreError
from ingest.log.record import DOOR_PEER, DROPPED, PEER
from ingest.log.spool import SpoolWriter
from ingest.settings import LogSettings, PlatformSettings
from protocols.jt809.peer import VERSIONS
from storage.pool import connect

log = structlog.get_logger()

T = TypeVar("T")
Note = Callable[[psycopg.Connection[Any]], None]

PLATFORM_WORKER = 64_000
"""Number of this process's own log in the spool."""
_MIB = 1 << 20


class Database:
    """One connection used by one thread, made again when it breaks.

    Args:
        dsn: database.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="platforms-db")
        self._conn: psycopg.Connection[Any] | None = None

    async def call(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Run work in a transaction of its own.

        Raises:
            StoreError: the database does not answer; nothing of it is stored, or its answer was lost.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        try:
            if self._conn is None or self._conn.closed:
                self._conn = connect(self._dsn, "ingest")
            with self._conn.transaction():
                return work(self._conn)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._drop()
            raise StoreError(f"database does not answer: {error}", retriable=True) from error

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def close(self) -> None:
        """End the thread and the connection."""
        self._thread.submit(self._drop)
        self._thread.shutdown()


class Site:
    """Shared by the links; lives in one event loop.

    durable: number of the newest durable group of the log. notes: what is to be written to the database, in order; kept while it is away.
    """

    def __init__(self, settings: PlatformSettings, log_settings: LogSettings, dsn: str) -> None:
        self.settings = settings
        self.dsn = dsn
        self.log = SpoolWriter(log_settings.path, PLATFORM_WORKER, log_settings)
        self.database = Database(dsn)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.durable = -1
        self.notes: deque[Note] = deque()
        self.wake = asyncio.Event()
        self._high, self._low = int(log_settings.high_water_mib * _MIB), int(log_settings.low_water_mib * _MIB)
        self.crowded = False

    def now_ms(self) -> int:
        """Epoch ms UTC."""
        return time.time_ns() // 1_000_000

    def count(self, name: str, label: str, by: int = 1) -> None:
        """Add to a counter."""
        self.counts[name, label] += by

    def note(self, work: Note) -> None:
        """Write something to the database, soon."""
        self.notes.append(work)
        self.wake.set()

    def append(self, peer_id: int, version: str, payload: bytes, *, dropped: bool = False) -> int | None:
        """Append a frame of a platform to the log; number of its group, None when the log does not take it now."""
        link = self.settings.gateway_id << 48 | PLATFORM_WORKER << 32 | peer_id
        try:
            group = self.log.append(
                DROPPED if dropped else PEER, DOOR_PEER, link, payload, received_us=time.time_ns() // 1_000,
                profile=VERSIONS.index(version) + 1,
            )  # fmt: skip
        except RefusedError:  # longer than a record may be
            self.count("frames", "oversize")
            return self.durable
        self.crowded = self.crowded or self.log.backlog > self._high
        return group

    def relieved(self) -> bool:
        """True once when the log has caught up."""
        if self.crowded and self.log.backlog <= self._low:
            self.crowded = False
            return True
        return False
