"""Writing spools for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ingest.log.base import Records
from ingest.log.files import OS_FILES, FileLayer
from ingest.log.record import FRAME
from ingest.log.spool import SpoolReader, SpoolWriter
from ingest.settings import LogSettings

KIB = 1 / 1024


def settings_of(folder: Path, **changes: float) -> LogSettings:
    """Settings without a commit interval and without a claim on free space."""
    return LogSettings(**{"path": folder, "commit_interval_ms": 0, "segment_mib": 1, "min_free_gib": 0, **changes})


def open_writer(settings: LogSettings, worker: int = 0, files: FileLayer = OS_FILES) -> SpoolWriter:
    """A writer that has recovered and is not committing yet."""
    writer = SpoolWriter(settings.path, worker, settings, files)
    writer.open()
    return writer


def write_groups(settings: LogSettings, groups: Sequence[Sequence[bytes]], worker: int = 0, files: FileLayer = OS_FILES) -> list[int]:
    """Write each sequence of payloads as one group that is durable before the next begins; the numbers reported durable."""

    async def run() -> list[int]:
        durable: list[int] = []
        dead: list[BaseException] = []
        again = asyncio.Event()
        writer = open_writer(settings, worker, files)
        writer.start(
            asyncio.get_running_loop(),
            lambda number: (durable.append(number), again.set()),
            lambda error: (dead.append(error), again.set()),
        )
        at_us = 0
        for payloads in groups:
            for payload in payloads:
                assert writer.append(FRAME, 1, 7, payload, received_us=at_us) is not None
                at_us += 1
            await again.wait()
            again.clear()
        await writer.aclose()
        assert not dead
        return durable

    return asyncio.run(run())


def read_all(settings: LogSettings, after: dict[str, int] | None = None, limit_rows: int = 1_000) -> tuple[list[bytes], dict[str, int]]:
    """All payloads that a reader sees, and the offsets behind them."""
    reader = SpoolReader(settings.path, "test", settings)
    payloads, offsets = [], dict(after or {})
    while len(records := reader.read(offsets, limit_rows, 0)):
        payloads += payloads_of(records)
        offsets = records.next
    reader.close()
    return payloads, offsets


def payloads_of(records: Records) -> list[bytes]:
    """Payloads in order."""
    return [records.payload(row) for row in range(len(records))]


def last_segment(settings: LogSettings, worker: int = 0) -> Path:
    """The newest segment file of a worker."""
    return sorted((settings.path / str(worker)).glob("*.ctl"))[-1]
