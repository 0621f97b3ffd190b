"""Segments of a log: their names, their header, the one that is being written, and what an interrupted write left behind."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np

from ingest.log.base import Bytes
from ingest.log.files import FileLayer
from ingest.log.record import FAR, FILLED, RECORD, after_zeros, find, scan

SEGMENT_HEADER = 64
SUFFIX = ".ctl"
MARK_NAME = "durable"
LOCK_NAME = "lock"

_MAGIC = b"CTSPOOL\0"
_FORMAT = 1
_LAYOUT = struct.Struct("<8sII16sQ20x")
_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """First 64 bytes of a segment: magic, format, worker, log id (made with the folder), base offset, zeros, CRC-32."""

    log_id: str
    worker: int
    base: int

    def pack(self) -> bytes:
        """The 64 bytes."""
        head = _LAYOUT.pack(_MAGIC, _FORMAT, self.worker, UUID(self.log_id).bytes, self.base)
        return head + struct.pack("<I", zlib.crc32(head))

    @classmethod
    def parse(cls, head: bytes) -> SegmentHeader | None:
        """The header; None when the bytes are not one."""
        if len(head) < SEGMENT_HEADER or struct.unpack_from("<I", head, 60)[0] != zlib.crc32(head[:60]):
            return None
        magic, form, worker, log_id, base = _LAYOUT.unpack_from(head)
        if magic != _MAGIC or form != _FORMAT:
            return None
        return cls(str(UUID(bytes=log_id)), worker, base)


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment file; base: offset of its first record, from its name."""

    path: Path
    base: int

    def header(self) -> SegmentHeader | None:
        """Its header; None when it is broken or says another base."""
        with self.path.open("rb") as file:
            header = SegmentHeader.parse(file.read(SEGMENT_HEADER))
        return header if header is not None and header.base == self.base else None

    def load(self) -> Bytes:
        """(n,) uint8, everything behind the header."""
        return np.fromfile(self.path, np.uint8, offset=min(SEGMENT_HEADER, self.path.stat().st_size))


def segment_path(folder: Path, base: int) -> Path:
    """Where the segment with this base offset lives."""
    return folder / f"{base:020d}{SUFFIX}"


def segments_of(folder: Path) -> list[Segment]:
    """Segments of one worker's folder by base offset; empty when there is no such folder."""
    if not folder.is_dir():
        return []
    names = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and len(path.stem) == 20 and path.stem.isdigit())
    return [Segment(path, int(path.stem)) for path in names]


def worker_folders(root: Path) -> list[Path]:
    """Folders of the workers by number; empty when the root does not exist."""
    if not root.is_dir():
        return []
    return sorted((path for path in root.iterdir() if path.name.isdigit() and path.is_dir()), key=lambda path: int(path.name))


@dataclass(frozen=True, slots=True)
class Tail:
    """How the data of a segment ends. Places count from the first byte behind the header.

    end: place behind the last record of the unbroken run; rest: place behind the last byte that is not zero, = end when the segment
    is sound; acknowledged: the bytes at `end` were durable once, so their loss is damage and not a torn tail; records: of the run.
    """

    end: int
    rest: int
    acknowledged: bool
    records: int

    @property
    def torn(self) -> bool:
        """Bytes stand behind the end that nobody ever acknowledged."""
        return not self.acknowledged and self.rest > self.end


def tail_of(data: Bytes, base: int, mark: int) -> Tail:
    """Judge how the last segment ends.

    Args:
        data: (n,) uint8, the segment behind its header.
        base: offset of data[0] in the log.
        mark: durable mark of the log as found; only a lower bound, the page may not have reached the disk.
    """
    rows = np.empty(_ROWS, RECORD)
    end, records, stopped = 0, 0, FILLED
    while stopped == FILLED:
        count, end, stopped = scan(data, end, len(data), rows)
        records += count
    first = after_zeros(data, end, len(data))
    if first == len(data):
        return Tail(end, end, mark > base + end, records)
    rest = end + int(np.flatnonzero(data[end:])[-1]) + 1
    return Tail(end, rest, mark > base + end or proven(data, end), records)


def proven(data: Bytes, end: int) -> bool:
    """True when a good record behind the place was written after the place was durable."""
    row = np.empty(1, RECORD)
    at = find(data, end, len(data))
    while at >= 0:
        _, behind, _ = scan(data, at, len(data), row)
        distance = int(row["since_durable"][0])
        if distance != FAR and at - distance > end:
            return True
        at = find(data, behind, len(data))
    return False


def torn_birth(segment: Segment, mark: int) -> bool:
    """True for a last segment without a good header in which nothing was ever acknowledged."""
    if segment.header() is not None:
        return False
    return mark <= segment.base and not proven(segment.load(), 0)


class OpenSegment:
    """The segment that is being written. Every method may raise `OSError`, after which nothing may be acknowledged any more."""

    def __init__(self, folder: Path, header: SegmentHeader, files: FileLayer, capacity: int) -> None:
        self.header = header
        self.used = 0
        self._folder = folder
        self._files = files
        self._capacity = capacity
        self._fd = -1

    @property
    def end(self) -> int:
        """Offset behind the last record."""
        return self.header.base + self.used

    def create(self, need: int = 0) -> None:
        """Make the file, durable with its name, with room for at least `need` bytes."""
        path = segment_path(self._folder, self.header.base)
        self._fd = self._files.open(path, create=True)
        self._room = max(self._capacity, need)
        self._files.reserve(self._fd, SEGMENT_HEADER + self._room)
        self._files.write(self._fd, memoryview(self.header.pack()), 0)
        self._files.sync(self._fd)
        self._files.sync_folder(self._folder)

    def reopen(self, used: int, clear: bool) -> None:
        """Go on behind `used` bytes; clear: cut what follows them. What stays is durable when it returns."""
        self._fd = self._files.open(segment_path(self._folder, self.header.base))
        self.used = used
        self._room = max(self._capacity, used)
        if clear:
            self._files.truncate(self._fd, SEGMENT_HEADER + used)
        self._files.reserve(self._fd, SEGMENT_HEADER + self._room)
        self._files.sync(self._fd)

    def write(self, records: memoryview) -> None:
        """Append whole records; durable when it returns. Starts a new segment when they do not fit; an empty one takes any size."""
        if self.used and self.used + len(records) > self._room:
            self._rotate(len(records))
        self._files.write(self._fd, records, SEGMENT_HEADER + self.used)
        self._files.sync(self._fd)
        self.used += len(records)

    def _rotate(self, need: int) -> None:
        # All records of the old segment are durable: each write ended with a sync. Its unused space is only given back.
        self._files.truncate(self._fd, SEGMENT_HEADER + self.used)
        self.close()
        self.header = SegmentHeader(self.header.log_id, self.header.worker, self.end)
        self.used = 0
        self.create(need)

    def close(self) -> None:
        """Close the file; nothing happens when it is closed."""
        if self._fd >= 0:
            self._files.close(self._fd)
            self._fd = -1
