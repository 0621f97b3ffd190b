"""Deleting segments whose records are stored."""

from __future__ import annotations

import itertools
from pathlib import Path

import structlog

from ingest.log.committed import least_committed
from ingest.log.files import FileLayer
from ingest.log.quota import GIB, usage_of
from ingest.log.segments import Segment, segments_of, worker_folders
from ingest.settings import LogSettings

log = structlog.get_logger()

_PRESSURE_RATIO = 0.8


def trim(root: Path, settings: LogSettings, files: FileLayer, now_s: float) -> int:
    """Delete segments wholly below the least committed offset of all readers and older than `keep_h`; returns the bytes freed.

    Over 80 % of the quota, or short of free space, stored segments go before their time, oldest first: keeping them may never
    be the reason why new records are refused. A log that some reader has not committed loses nothing, nor does the newest segment.

    Args:
        now_s: epoch seconds; the age of a segment is the time since its last write.
    """
    committed = least_committed(root)
    stored = [
        (segment.path.stat().st_mtime, segment) for folder in worker_folders(root) for segment in _stored(segments_of(folder), committed)
    ]
    stored.sort(key=lambda aged: aged[0])
    usage = usage_of(root, files)
    over = max(usage.used - _PRESSURE_RATIO * settings.quota_gib * GIB, settings.min_free_gib * GIB - usage.free)
    freed = 0
    for written_s, segment in stored:
        if written_s > now_s - settings.keep_h * 3600 and freed >= over:
            continue
        size = segment.path.stat().st_size
        files.remove(segment.path)
        freed += size
        log.info("log_trimmed", segment=str(segment.path.relative_to(root)), bytes=size)
    return freed


def _stored(segments: list[Segment], committed: dict[str, int]) -> list[Segment]:
    """Segments of one log below the committed offset; the last one has no end yet and stays."""
    header = next((header for segment in reversed(segments) if (header := segment.header()) is not None), None)
    if header is None:
        return []
    limit = committed.get(header.log_id, 0)
    return [segment for segment, following in itertools.pairwise(segments) if following.base <= limit]
