"""Group commit: one group of records is made durable by a thread while the other one fills."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

import numpy as np

from domain.errors import StoreError
from ingest.log.base import Group

GROUP_BYTES = 12 << 20
"""Capacity of a group; untouched pages of it cost nothing."""


class Committer:
    """Two group buffers and one thread.

    The first turn after a quiet spell is committed at once; the next group starts at the earliest `interval_s` after the start of the
    last one and never before the last one is durable. An error of `store` is final: nothing is ever reported durable after it.
    Everything but `store` and submitted jobs runs in the thread of the loop.

    Args:
        store: makes the bytes durable, in the committer's thread; raises OSError.
        interval_s: seconds between two starts.
        base: offset in the log of the first byte.
    """

    def __init__(self, store: Callable[[memoryview], None], interval_s: float, base: int, capacity: int = GROUP_BYTES) -> None:
        self._store = store
        self._interval_s = interval_s
        self.filling = Group(np.empty(capacity, np.uint8), base=base)
        self._spare = Group(np.empty(capacity, np.uint8))
        self._writing: Group | None = None
        self._due: asyncio.Handle | None = None
        self._last_start = float("-inf")
        self._waiters: list[asyncio.Future[None]] = []
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="log-commit", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.error: BaseException | None = None
        self.appended_bytes = 0
        self.commit_s = 0.0

    def start(self, loop: asyncio.AbstractEventLoop, on_durable: Callable[[int], None], on_dead: Callable[[BaseException], None]) -> None:
        """Begin; on_durable gets the number of each group, on_dead the first error, both in the loop."""
        self._loop = loop
        self._on_durable = on_durable
        self._on_dead = on_dead
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Bytes in both groups."""
        return self.filling.used + (self._writing.used if self._writing is not None else 0)

    def close_turn(self, used: int) -> None:
        """The filling group holds `used` bytes: commit it when its time has come."""
        self.filling.used = used
        if self.error is None:
            self._schedule()

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job in the committer's thread, between two groups."""
        self._jobs.put(job)

    def _schedule(self) -> None:
        if self._writing is not None or self._due is not None or self._loop is None:
            return
        wait_s = self._last_start + self._interval_s - self._loop.time()
        # Never inside the caller's turn: the group it was given stays the filling one until its callback ends.
        self._due = self._loop.call_later(wait_s, self._begin) if wait_s > 0 else self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        group = self.filling
        if self._writing is not None or not group.used or self._loop is None:
            return
        self._last_start = self._loop.time()
        self._writing = group
        self.filling = self._spare
        self.filling.number, self.filling.used, self.filling.base = group.number + 1, 0, group.base + group.used
        self._jobs.put(lambda: self._commit(group))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _commit(self, group: Group) -> None:
        error: BaseException | None = StoreError("the log's commit ended unexpectedly")
        start = time.perf_counter()
        try:
            self._store(group.buffer[: group.used].data)
            error = None
        except OSError as caught:
            error = caught
        finally:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._finished, group, time.perf_counter() - start, error)

    def _finished(self, group: Group, commit_s: float, error: BaseException | None) -> None:
        if error is None:
            self._writing, self._spare = None, group
            self.appended_bytes += group.used
            self.commit_s = commit_s
            number = group.number
            if self.filling.used:
                self._schedule()
            self._on_durable(number)
        else:
            self.error = error
            self._on_dead(error)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def drain(self) -> None:
        """Commit what is left, without waiting for the interval; returns early when the log is dead."""
        while self.error is None and self.backlog and self._loop is not None:
            if self._writing is None:
                self._begin()
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def stop(self) -> None:
        """End the thread after the jobs it has."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()
