"""Checking a spool: CRCs, offsets, tails. Reads only; `repair` mends what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.errors import RefusedError
from ingest.log.base import Bytes
from ingest.log.files import FolderLock
from ingest.log.record import FILLED, HEADER, LOST, RECORD, after_zeros, find, scan
from ingest.log.segments import (
    LOCK_NAME,
    MARK_NAME,
    SUFFIX,
    Segment,
    SegmentHeader,
    proven,
    segments_of,
    torn_birth,
    worker_folders,
)

SOUND, TORN, DAMAGED = range(3)
"""Exit codes of `cuntong log verify`."""

PLAUSIBLE = 1 << 30
"""A durable mark that lies further behind the data than this is itself broken."""

_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong. state: `TORN` or `DAMAGED`; start, end: offsets in the log of the bytes concerned, equal for a header."""

    segment: Segment
    state: int
    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. records: good ones; lost: records that an earlier repair filled in; bytes: of good records."""

    segments: int
    records: int
    lost: int
    bytes: int
    faults: tuple[Fault, ...]

    @property
    def state(self) -> int:
        """The worst: `SOUND`, `TORN` or `DAMAGED`."""
        return max((fault.state for fault in self.faults), default=SOUND)


@dataclass(slots=True)
class _Tally:
    records: int = 0
    lost: int = 0
    size: int = 0


def folders_at(path: Path) -> list[Path]:
    """Workers' folders that the path names: a spool, one worker's folder, or a segment's.

    Raises:
        RefusedError: there is no log.
    """
    if path.is_file() and path.suffix == SUFFIX:
        return [path.parent]
    if segments_of(path):
        return [path]
    folders = worker_folders(path)
    if not folders:
        raise RefusedError(f"{path} holds no log: give a spool, a worker's folder or a segment ({SUFFIX})", field="path", kind="missing")
    return folders


def verify(path: Path) -> Verdict:
    """Check everything under the path; of a log that is being written only what is below its durable mark.

    Raises:
        RefusedError: there is no log. OSError: a file cannot be read.
    """
    tally, faults, segments = _Tally(), [], 0
    for folder in folders_at(path):
        for found in _check_folder(folder, tally, path if path.is_file() else None):
            segments += 1
            faults += found
    return Verdict(segments, tally.records, tally.lost, tally.size, tuple(faults))


def durable_mark(folder: Path) -> int:
    """The durable mark as it stands in the file; 0 when there is none."""
    path = folder / MARK_NAME
    raw = path.read_bytes()[:8] if path.exists() else b""
    return int.from_bytes(raw, "little") if len(raw) == 8 else 0


def being_written(folder: Path) -> bool:
    """True while a process writes this worker's log."""
    if not (folder / LOCK_NAME).exists():
        return False
    lock = FolderLock(folder / LOCK_NAME)
    if not lock.take():
        return True
    lock.free()
    return False


def _check_folder(folder: Path, tally: _Tally, only: Path | None) -> Iterator[list[Fault]]:
    """Faults of each segment of the folder, or of the only one that is asked for."""
    writing, mark = being_written(folder), durable_mark(folder)
    segments = segments_of(folder)
    known = next((header for segment in segments if (header := segment.header()) is not None), None)
    for number, segment in enumerate(segments):
        if only is not None and segment.path != only:
            continue
        last = number == len(segments) - 1
        if last and not writing and torn_birth(segment, mark):
            yield [Fault(segment, TORN, segment.base, segment.base, "segment cut off at its birth")]
            continue
        faults = _header_faults(segment, known)
        data = segment.load()
        if not last:
            faults += _damage(segment, data, segments[number + 1].base - segment.base, tally)
        elif writing:
            faults += _damage(segment, data, max(0, mark - segment.base), tally)
        else:
            faults += _tail_faults(segment, data, mark, tally)
        yield faults


def _header_faults(segment: Segment, known: SegmentHeader | None) -> list[Fault]:
    header = segment.header()
    if header is None:
        return [Fault(segment, DAMAGED, segment.base, segment.base, "broken segment header")]
    if known is not None and (header.log_id, header.worker) != (known.log_id, known.worker):
        return [Fault(segment, DAMAGED, segment.base, segment.base, f"segment of another log ({header.log_id}, worker {header.worker})")]
    return []


def _run(data: Bytes, at: int, end: int, tally: _Tally) -> int:
    """Place behind the unbroken run of records at data[at:end]."""
    rows = np.empty(_ROWS, RECORD)
    stopped = FILLED
    while stopped == FILLED:
        start = at
        count, at, stopped = scan(data, at, end, rows)
        lost = int(np.count_nonzero(rows["kind"][:count] == LOST))
        tally.records += count - lost
        tally.lost += lost
        tally.size += at - start
    return at


def _damage(segment: Segment, data: Bytes, stop: int, tally: _Tally) -> list[Fault]:
    """Faults of data[:stop], all of which was acknowledged; bytes that are missing count as damaged."""
    faults = []
    end, at = min(stop, len(data)), 0
    while (at := _run(data, at, end, tally)) < stop:
        following = find(data, at + 1, end)
        start, at = at, following if following >= 0 else stop
        faults.append(Fault(segment, DAMAGED, segment.base + start, segment.base + at, "acknowledged records damaged"))
    return faults


def _tail_faults(segment: Segment, data: Bytes, mark: int, tally: _Tally) -> list[Fault]:
    """Faults of the last segment of a log that nobody writes."""
    faults = []
    durable, at = mark - segment.base, 0
    if durable > len(data) + PLAUSIBLE:
        faults.append(Fault(segment, DAMAGED, mark, mark, "durable mark far behind the data"))
        durable = 0
    while True:
        at = _run(data, at, len(data), tally)
        if at >= durable and not proven(data, at):
            break
        following = find(data, at + 1, len(data))
        start, at = at, following if following >= 0 else max(durable, at + HEADER + 1)
        faults.append(Fault(segment, DAMAGED, segment.base + start, segment.base + at, "acknowledged records damaged"))
        if following < 0:
            break
    if at < len(data) and after_zeros(data, at, len(data)) < len(data):
        rest = at + int(np.flatnonzero(data[at:])[-1]) + 1
        faults.append(Fault(segment, TORN, segment.base + at, segment.base + rest, "torn tail, never acknowledged"))
    return faults
