"""Reading the spool: all workers' logs merged by arrival, below their durable marks, while they are being written."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import structlog

from ingest.log.base import Records
from ingest.log.committed import committed_path, write_committed
from ingest.log.files import OS_FILES, FileLayer
from ingest.log.follow import Follower, LogDamage, Piece
from ingest.log.merge import merge
from ingest.log.segments import segments_of, worker_folders
from ingest.log.trim import trim
from ingest.settings import LogSettings

log = structlog.get_logger()

_POLL_S = 0.01
_LOOK_S = 1.0
_USUAL_RECORD = 101


class SpoolReader:
    """Reads every worker's log of one spool, also those that appear later. Blocking; one thread.

    Args:
        folder: the spool.
        committed_file: name of this reader; its offsets live in `<folder>/<name>.offsets`.
    """

    def __init__(self, folder: Path, committed_file: str, settings: LogSettings | None = None, files: FileLayer = OS_FILES) -> None:
        committed_path(folder, committed_file)
        self._root = folder
        self._reader = committed_file
        self._settings = settings if settings is not None else LogSettings(path=folder)
        self._files = files
        self._logs: list[str] = []
        self._followers: dict[str, Follower] = {}
        self._looked_s = float("-inf")
        self._record_bytes = float(_USUAL_RECORD)
        self._gaps: set[tuple[str, int]] = set()
        self.damaged: dict[str, int] = {}

    def logs(self) -> list[str]:
        """Ids of the logs known by now; the list only grows."""
        self._look(time.monotonic())
        return list(self._logs)

    def read(self, after: dict[str, int], limit_rows: int, limit_ms: int) -> Records:
        """Records behind the offsets; a log without an offset is read from its oldest record.

        Returns when about limit_rows records wait, or after limit_ms with what there is. A log in which a record below the durable mark is
        damaged stands still there, is noted in `damaged`, and is tried again every second; the others go on.

        Raises:
            OSError: a segment cannot be read.
        """
        deadline_s = time.monotonic() + limit_ms / 1000
        offsets = dict(after)
        while True:
            now_s = time.monotonic()
            self._look(now_s)
            waiting = self._waiting(offsets)
            if waiting >= limit_rows * self._record_bytes or now_s >= deadline_s:
                records = self._gather(offsets, limit_rows)
                if len(records) or now_s >= deadline_s:
                    return records
                offsets = records.next
            time.sleep(max(0.0, min(_POLL_S, deadline_s - now_s)))

    def backlog(self, after: dict[str, int]) -> int:
        """Durable bytes behind the offsets, over all logs."""
        self._look(time.monotonic())
        return self._waiting(after)

    def _waiting(self, after: dict[str, int]) -> int:
        healthy = (follower for log_id, follower in self._followers.items() if log_id not in self.damaged)
        return sum(max(0, follower.durable - after.get(follower.log_id, follower.first)) for follower in healthy)

    def _look(self, now_s: float) -> None:
        """Once a second: new workers, new logs, damage that was repaired."""
        if now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        self.damaged.clear()
        for folder in worker_folders(self._root):
            headers = (segment.header() for segment in reversed(segments_of(folder)))
            header = next((header for header in headers if header is not None), None)
            if header is not None and header.log_id not in self._logs:
                self._forget_former(folder)
                self._followers[header.log_id] = Follower(folder, header.log_id, self._files)
                self._logs.append(header.log_id)

    def _forget_former(self, folder: Path) -> None:
        """A folder whose files were taken away begins a new log: the former one has no more records."""
        for log_id, follower in list(self._followers.items()):
            if follower.folder == folder:
                follower.close()
                del self._followers[log_id]

    def _gather(self, after: dict[str, int], limit_rows: int) -> Records:
        pieces: list[tuple[int, Piece]] = []
        behind = dict(after)
        for number, log_id in enumerate(self._logs):
            follower = self._followers.get(log_id)
            if follower is None or log_id in self.damaged:
                continue
            at = self._start(follower, after)
            try:
                found, end = follower.read(at, limit_rows)
            except LogDamage as damage:
                self.damaged[log_id] = damage.offset
                log.error("log_damaged", log=log_id, offset=damage.offset, advice="cuntong log verify --repair")
                continue
            pieces += [(number, piece) for piece in found]
            if end != at or log_id in after:
                behind[log_id] = end
        records, cut = merge(pieces, limit_rows, tuple(self._logs))
        if len(records):
            mean = float((records.end - records.start).mean()) + 32
            self._record_bytes += (mean - self._record_bytes) / 4
        return dataclasses.replace(records, next={**behind, **cut})

    def _start(self, follower: Follower, after: dict[str, int]) -> int:
        at = after.get(follower.log_id, follower.first)
        if at < follower.first:
            follower.refresh()
            if (follower.log_id, at) not in self._gaps:
                self._gaps.add((follower.log_id, at))
                log.error("log_gap", log=follower.log_id, offset=at, first=follower.first)
            return follower.first
        return at

    def commit(self, offsets: dict[str, int]) -> None:
        """Note what is safely stored in the database; trimming never passes it."""
        write_committed(self._root, self._reader, offsets)

    def trim(self) -> int:
        """Delete segments that every reader has stored and nobody keeps; returns the bytes freed."""
        return trim(self._root, self._settings, self._files, time.time())

    def close(self) -> None:
        """Close the segments."""
        for follower in self._followers.values():
            follower.close()
