"""Following one worker's log: records behind an offset and below the durable mark, over all its segments."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.log.base import Bytes
from ingest.log.files import FileLayer, Mark
from ingest.log.record import CUT, HEADER, LOST, MAX_PAYLOAD, RECORD, scan
from ingest.log.segments import MARK_NAME, SEGMENT_HEADER, Segment, segments_of

_PIECE, _USUAL_RECORD = 1 << 16, 160
_READ_LIMIT = 32 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Records of one read of one segment. rows: `RECORD`, start and end within `data`; base: offset in the log of data[0]."""

    data: Bytes
    rows: npt.NDArray[np.void]
    base: int


class LogDamage(Exception):
    """Bytes below the durable mark are no record; `offset` is where they begin."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Follower:
    """Reads one worker's log. Never touches bytes at or behind the durable mark."""

    def __init__(self, folder: Path, log_id: str, files: FileLayer) -> None:
        self.log_id = log_id
        self.folder = folder
        self._mark: Mark = files.map_mark(folder / MARK_NAME)
        self._segments: list[Segment] = segments_of(folder)
        self._open: Segment | None = None
        self._fd = -1

    @property
    def durable(self) -> int:
        """Offset below which everything may be read."""
        return int(self._mark[0])

    @property
    def first(self) -> int:
        """Offset of the oldest record that is still there."""
        return self._segments[0].base if self._segments else 0

    def refresh(self) -> None:
        """Look for segments born or trimmed, and open the current one anew."""
        self._segments = segments_of(self.folder)
        self.close()

    def read(self, after: int, limit_rows: int) -> tuple[list[Piece], int]:
        """Records from the offset on; and the offset behind them.

        Raises:
            LogDamage: the first thing at the offset is no record. Good records before damage are returned first.
            OSError: a segment cannot be read.
        """
        pieces: list[Piece] = []
        at, rows, size, end = after, 0, 0, self.durable
        while at < end and rows < limit_rows and size < _READ_LIMIT:
            piece, behind = self._piece(at, end, limit_rows - rows)
            if behind == at:
                if pieces:
                    break
                raise LogDamage(at)
            at = behind
            size += len(piece.data)
            rows += len(piece.rows)
            if len(piece.rows):
                pieces.append(piece)
        return pieces, at

    def _piece(self, at: int, end: int, limit_rows: int) -> tuple[Piece, int]:
        """One read; behind == at when there is no record at the offset, even after another look at the folder."""
        for look_again in (False, True):
            if look_again:
                self.refresh()
            holding = self._holding(at, end)
            if holding is None:
                continue
            segment, stop = holding
            for size in (max(_PIECE, limit_rows * _USUAL_RECORD), HEADER + MAX_PAYLOAD):
                data = self._bytes(segment, at, min(stop - at, size))
                rows = np.empty(limit_rows, RECORD)
                count, behind, stopped = scan(data, 0, len(data), rows)
                if behind or stopped != CUT:
                    break
            if behind:
                found = rows[:count]
                return Piece(data[:behind], found[found["kind"] != LOST], at), at + int(behind)
        return Piece(np.empty(0, np.uint8), np.empty(0, RECORD), at), at

    def _holding(self, at: int, end: int) -> tuple[Segment, int] | None:
        following = [segment.base for segment in self._segments if segment.base > at]
        holding = [segment for segment in self._segments if segment.base <= at]
        return (holding[-1], min([end, *following])) if holding else None

    def _bytes(self, segment: Segment, at: int, size: int) -> Bytes:
        if self._open != segment:
            self.close()
            try:
                self._fd = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # trimmed since the last look at the folder
                return np.empty(0, np.uint8)
            self._open = segment
        data = np.empty(size, np.uint8)
        got = os.preadv(self._fd, [data.data], SEGMENT_HEADER + at - segment.base)
        return data[:got]

    def close(self) -> None:
        """Close the open segment."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._open = -1, None
