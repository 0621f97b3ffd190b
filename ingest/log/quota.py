"""How much disk the log of a gateway may take, and when it has to refuse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from ingest.log.files import FileLayer
from ingest.log.segments import segments_of, worker_folders
from ingest.settings import LogSettings

log = structlog.get_logger()

GIB = 1 << 30
ALARM_RATIO, RESUME_RATIO = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Usage:
    """Disk of all workers' segments, and what the file system has left; bytes."""

    used: int
    free: int


def usage_of(root: Path, files: FileLayer) -> Usage:
    """What the log under this root takes; a segment that is trimmed meanwhile counts nothing."""
    used = 0
    for folder in worker_folders(root):
        for segment in segments_of(folder):
            try:
                used += segment.path.stat().st_size
            except FileNotFoundError:
                continue
    return Usage(used, files.free_bytes(root))


class Quota:
    """Says whether records are taken. Refuses at 100 % of the quota or under the free minimum, resumes under 95 % of the quota."""

    def __init__(self, settings: LogSettings) -> None:
        self._limit = int(settings.quota_gib * GIB)
        self._min_free = int(settings.min_free_gib * GIB)
        self._alarmed = False
        self.taking = True
        self.usage = Usage(0, 0)

    @property
    def ratio(self) -> float:
        """Part of the quota that is used, 1.0 = all."""
        return self.usage.used / self._limit if self._limit else 1.0

    def update(self, usage: Usage) -> None:
        """Judge a new measurement."""
        self.usage = usage
        full = usage.free < self._min_free or self.ratio >= (1.0 if self.taking else RESUME_RATIO)
        if full == self.taking:
            self.taking = not full
            event = log.error if full else log.info
            event("log_refuses" if full else "log_resumes", used_bytes=usage.used, free_bytes=usage.free, quota_bytes=self._limit)
        if (self.ratio >= ALARM_RATIO) != self._alarmed:
            self._alarmed = not self._alarmed
            if self._alarmed:
                log.warning("log_half_full", used_bytes=usage.used, quota_bytes=self._limit)
