"""Appending what is replayed or made rather than received: one record after the other, waiting where the log has no room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import StoreError
from ingest.log.spool import SpoolWriter
from ingest.settings import LogSettings

_FULL_WAIT_S = 0.01
_NOT_TAKING_S = 10.0


class Appender:
    """A log that takes every record in the end, or says why not."""

    def __init__(self, writer: SpoolWriter) -> None:
        self._writer = writer
        self.failed: list[BaseException] = []

    async def append(
        self, kind: int, door: int, payload: bytes, *, received_us: int, link: int = 0, profile: int = 0, reason: int = 0
    ) -> None:
        """Append one record; see `SpoolWriter.append`.

        Raises:
            StoreError: the log takes no more.
        """
        waited_s = 0.0
        while self._writer.append(kind, door, link, payload, received_us=received_us, profile=profile, reason=reason) is None:
            if self.failed:
                raise StoreError(f"the log died: {self.failed[0]}")
            if not self._writer.taking and waited_s >= _NOT_TAKING_S:
                raise StoreError("the log takes no more records: its quota is used up or it is damaged", retriable=True)
            await asyncio.sleep(_FULL_WAIT_S)
            waited_s += _FULL_WAIT_S


@asynccontextmanager
async def appending(settings: LogSettings, worker: int) -> AsyncIterator[Appender]:
    """The log of a worker number, open for the block; all that was appended is durable behind it."""
    writer = SpoolWriter(settings.path, worker, settings)
    writer.open()
    appender = Appender(writer)
    writer.start(asyncio.get_running_loop(), lambda number: None, appender.failed.append)
    try:
        yield appender
    finally:
        await writer.aclose()
