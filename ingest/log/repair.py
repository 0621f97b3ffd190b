"""Mending a spool that nobody writes: good records keep their offsets, lost ones leave a filler of the same length."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from uuid import uuid4

import numpy as np

from domain.errors import RefusedError
from ingest.log.base import Bytes
from ingest.log.files import FileLayer
from ingest.log.record import FAR, HEADER, LOST, MAX_PAYLOAD, append
from ingest.log.segments import MARK_NAME, SEGMENT_HEADER, OpenSegment, Segment, SegmentHeader, segments_of, tail_of
from ingest.log.verify import DAMAGED, TORN, Fault, being_written, durable_mark, folders_at, verify

_SHORTEST = HEADER + 1


def repair(path: Path, files: FileLayer) -> tuple[Fault, ...]:
    """Mend what `verify` finds under the path; returns the faults that were mended.

    A torn tail is cut. A damaged segment is written anew beside the old one, which stays as `<name>.ctl.damaged`: committed offsets
    stay valid, and readers skip the fillers.

    Raises:
        RefusedError: a process writes one of these logs. OSError: a file cannot be written.
    """
    for folder in folders_at(path):
        if being_written(folder):
            raise RefusedError(f"{folder} is being written: stop the gateway first", field="path", kind="conflict")
    faults = verify(path).faults
    for segment, found in groupby(faults, key=lambda fault: fault.segment):
        _mend(segment, list(found), files)
    return faults


def _mend(segment: Segment, faults: Sequence[Fault], files: FileLayer) -> None:
    torn = next((fault for fault in faults if fault.state == TORN), None)
    damaged = [fault for fault in faults if fault.state == DAMAGED]
    if damaged:
        _rewrite(segment, damaged, torn, files)
    elif torn is not None and torn.start == torn.end:
        files.remove(segment.path)
        files.sync_folder(segment.path.parent)
    elif torn is not None:
        header = segment.header()
        assert header is not None  # else it would be damaged or torn at birth
        mended = OpenSegment(segment.path.parent, header, files, 0)
        mended.reopen(torn.start - segment.base, clear=True)
        mended.close()


def _rewrite(segment: Segment, damaged: Sequence[Fault], torn: Fault | None, files: FileLayer) -> None:
    folder, mended = segment.path.parent, _mended(segment, damaged, torn)
    shutil.copyfile(segment.path, segment.path.with_name(segment.path.name + ".damaged"))
    fresh = segment.path.with_suffix(".repair")
    fresh.unlink(missing_ok=True)
    fd = files.open(fresh, create=True)
    try:
        files.write(fd, memoryview(_header(segment).pack()), 0)
        files.write(fd, mended.data, SEGMENT_HEADER)
        files.sync(fd)
    finally:
        files.close(fd)
    files.rename(fresh, segment.path)
    files.sync_folder(folder)
    end = segment.base + len(mended)
    if segment == segments_of(folder)[-1] and durable_mark(folder) > end:
        files.map_mark(folder / MARK_NAME)[0] = end


def _mended(segment: Segment, damaged: Sequence[Fault], torn: Fault | None) -> Bytes:
    """The segment's records with fillers where some are lost, up to the last good one."""
    data = segment.load()
    lost = [(fault.start - segment.base, fault.end - segment.base) for fault in damaged if fault.end > fault.start]
    mended = np.zeros(max([len(data), *(end for _, end in lost)]), np.uint8)
    mended[: len(data)] = data
    if torn is not None:
        mended[torn.start - segment.base :] = 0
    for start, end in lost:
        fill(mended, start, end)
    return mended[: tail_of(mended, segment.base, 0).end]


def _header(segment: Segment) -> SegmentHeader:
    """Header for the segment, of the log that the other segments of the folder belong to."""
    headers = [header for other in segments_of(segment.path.parent) if (header := other.header()) is not None]
    known = segment.header() if len(headers) <= 1 else headers[0]
    if known is None and headers:
        known = headers[0]
    log_id = known.log_id if known is not None else str(uuid4())
    return SegmentHeader(log_id, int(segment.path.parent.name), segment.base)


def fill(data: Bytes, start: int, end: int) -> None:
    """Put filler records over data[start:end], which is at least 33 bytes long."""
    source = np.zeros(MAX_PAYLOAD, np.uint8)
    while start < end:
        size = min(end - start, HEADER + MAX_PAYLOAD)
        if 0 < end - start - size < _SHORTEST:
            size -= _SHORTEST
        start = append(data, start, 0, 0, LOST, 0, 0, 0, FAR, source, 0, size - HEADER, 0)
