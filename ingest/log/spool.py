"""The log as local files: one log a worker, group commit by fdatasync, a durable mark that readers share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import numpy as np
import structlog

from domain.errors import RefusedError, StoreError
from ingest.log.base import Group
from ingest.log.committer import Committer
from ingest.log.files import OS_FILES, FileLayer, FolderLock, Mark
from ingest.log.quota import Quota, Usage, usage_of
from ingest.log.reader import SpoolReader
from ingest.log.record import FAR, HEADER, MAX_PAYLOAD, append
from ingest.log.segments import LOCK_NAME, MARK_NAME, OpenSegment, SegmentHeader, segments_of, tail_of, torn_birth
from ingest.settings import LogSettings

__all__ = ["SpoolReader", "SpoolWriter"]

log = structlog.get_logger()

_MEASURE_S = 1.0


class SpoolWriter:
    """Writer of one worker's log. All calls from the thread of the event loop.

    Args:
        folder: the spool; this worker's log lives in its sub-folder `worker`.
        files: the file operations; tests pass a layer that loses writes.
    """

    def __init__(self, folder: Path, worker: int, settings: LogSettings, files: FileLayer = OS_FILES) -> None:
        self._root = folder
        self._folder = folder / str(worker)
        self._worker = worker
        self._settings = settings
        self._files = files
        self._lock = FolderLock(self._folder / LOCK_NAME)
        self._quota = Quota(settings)
        self._timer: asyncio.TimerHandle | None = None
        self.log_id = ""
        self.read_only = False
        self.torn_bytes = 0

    def open(self) -> None:
        """Find the end of the log: cut a torn tail, make the rest durable, show it to readers.

        Damage to acknowledged records opens the log read-only: `read_only` is True and nothing is ever taken.

        Raises:
            RefusedError: another process writes this worker's log.
            OSError: a file cannot be read or written.
        """
        self._files.make_folder(self._folder)
        if not self._lock.take():
            raise RefusedError(f"{self._folder} is written by another process: stop it or use another worker number", kind="conflict")
        with ExitStack() as undo:
            undo.callback(self._lock.free)
            self._mark: Mark = self._files.map_mark(self._folder / MARK_NAME)
            self._segment = self._recover()
            if not self.read_only:
                self._mark[0] = self._segment.end
            self._quota.update(usage_of(self._root, self._files))
            undo.pop_all()
        self.log_id = self._segment.header.log_id
        self._committer = Committer(self._store, self._settings.commit_interval_ms / 1000, self._segment.end)

    def _recover(self) -> OpenSegment:
        mark = int(self._mark[0])
        segments = segments_of(self._folder)
        while segments and torn_birth(segments[-1], mark):
            log.warning("log_segment_torn_at_birth", segment=segments[-1].path.name)
            self._files.remove(segments.pop().path)
            self._files.sync_folder(self._folder)
        capacity = int(self._settings.segment_mib * (1 << 20))
        if not segments:
            if mark:
                log.warning("log_starts_anew", worker=self._worker, vanished_bytes=mark)
            self._mark[0] = 0
            fresh = OpenSegment(self._folder, SegmentHeader(str(uuid4()), self._worker, 0), self._files, capacity)
            fresh.create()
            return fresh
        last = segments[-1]
        header = last.header()
        tail = tail_of(last.load(), last.base, mark)
        if header is None or header.worker != self._worker or tail.acknowledged:
            self.read_only = True
            log.error("log_damaged", segment=last.path.name, offset=last.base + tail.end, advice="cuntong log verify --repair")
            return OpenSegment(self._folder, header or SegmentHeader(str(uuid4()), self._worker, last.base), self._files, capacity)
        if tail.torn:
            self.torn_bytes += tail.rest - tail.end
            log.warning("log_torn_tail", segment=last.path.name, offset=last.base + tail.end, cut_bytes=tail.rest - tail.end)
        segment = OpenSegment(self._folder, header, self._files, capacity)
        segment.reopen(tail.end, clear=tail.torn)
        return segment

    def start(self, loop: asyncio.AbstractEventLoop, on_durable: Callable[[int], None], on_dead: Callable[[BaseException], None]) -> None:
        """Begin committing; on_durable(group number) and, at most once, on_dead(error) are called in the loop."""
        self._loop = loop
        self._on_dead = on_dead
        self._committer.start(loop, on_durable, self._died)
        self._timer = loop.call_later(_MEASURE_S, self._tick)

    def _died(self, error: BaseException) -> None:
        log.error("log_dead", worker=self._worker, error=str(error))
        self._on_dead(error)

    def _store(self, records: memoryview) -> None:
        """In the committer's thread: durable first, then visible to readers."""
        self._segment.write(records)
        self._mark[0] = self._segment.end

    def _tick(self) -> None:
        self._committer.submit(self._measure)
        self._timer = self._loop.call_later(_MEASURE_S, self._tick)

    def _measure(self) -> None:
        try:
            usage = usage_of(self._root, self._files)
        except OSError as error:
            log.error("log_disk_unreadable", error=str(error))
            usage = Usage(self._quota.usage.used, 0)
        self._loop.call_soon_threadsafe(self._quota.update, usage)

    @property
    def backlog(self) -> int:
        """Bytes appended, not yet durable."""
        return self._committer.backlog

    @property
    def taking(self) -> bool:
        """False while records are refused: quota, free space, damage, or the log is dead."""
        return self._quota.taking and not self.read_only and self._committer.error is None

    @property
    def appended_bytes(self) -> int:
        """Bytes made durable since `open`."""
        return self._committer.appended_bytes

    @property
    def commit_s(self) -> float:
        """Seconds that the last write and fdatasync took."""
        return self._committer.commit_s

    @property
    def quota_ratio(self) -> float:
        """Part of the quota that all workers' segments take, as last measured."""
        return self._quota.ratio

    @property
    def disk_bytes(self) -> int:
        """Bytes of all workers' segments, as last measured."""
        return self._quota.usage.used

    def group(self) -> Group:
        """The group now filling; stays the same until the calling callback of the loop ends."""
        return self._committer.filling

    def room(self) -> int:
        """Free bytes of the group now filling."""
        return len(self._committer.filling.buffer) - self._committer.filling.used

    def since_durable(self) -> int:
        """Distance from the durable mark to the group's next byte, saturating at 2**32 - 1."""
        group = self._committer.filling
        return min(group.base + group.used - int(self._mark[0]), FAR)

    def close_turn(self, used: int) -> None:
        """The group now filling holds `used` bytes; commit it with the next group."""
        if not self.read_only:
            self._committer.close_turn(used)

    def append(self, kind: int, door: int, link: int, payload: bytes, *, received_us: int, profile: int = 0, reason: int = 0) -> int | None:
        """Append one record; the number of its group, None when the log does not take it.

        Raises:
            RefusedError: the payload is empty or longer than `MAX_PAYLOAD`.
        """
        if not 0 < len(payload) <= MAX_PAYLOAD:
            raise RefusedError(f"a record of {len(payload)} bytes: 1 to {MAX_PAYLOAD} are possible", field="payload")
        if not self.taking or self.room() < HEADER + len(payload):
            return None
        group, source = self.group(), np.frombuffer(payload, np.uint8)
        used = append(
            group.buffer, group.used, received_us, link, kind, door, profile, reason, self.since_durable(), source, 0, len(source), 0
        )  # fmt: skip
        self.close_turn(int(used))
        return group.number

    async def aclose(self) -> None:
        """Make everything durable and close. StoreError when the log died with records that were not durable."""
        if self._timer is not None:
            self._timer.cancel()
        await self._committer.drain()
        self._committer.stop()
        self._segment.close()
        self._lock.free()
        if self._committer.error is not None:
            raise StoreError(f"the log died: {self._committer.error}")
