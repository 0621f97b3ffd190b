"""Sockets for `simulators.attachment_upload`, and who opens them when files are asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from simulators.attachment_upload import AttachmentUpload
from simulators.equipment import Ordered

if TYPE_CHECKING:
    from simulators.session import Session

_LIMIT_S = 60.0
_READ = 65_536


async def bring(upload: AttachmentUpload, host: str, port: int, *, break_after: int | None = None, limit_s: float = _LIMIT_S) -> bool:
    """Bring the files to the server; whether all were confirmed.

    Args:
        break_after: the link is torn after so many bytes; None: never.
    Raises:
        OSError: the server is away, or the link broke.
    """
    async with asyncio.timeout(limit_s):
        reader, writer = await asyncio.open_connection(host, port)
        sent = 0
        try:
            while not upload.done and not upload.failed:
                for piece in upload.data_to_send():
                    writer.write(piece)
                    sent += len(piece)
                    if break_after is not None and sent >= break_after:
                        await writer.drain()
                        return False
                await writer.drain()
                data = await reader.read(_READ)
                if not data:
                    return False
                upload.receive_data(data)
            return upload.done
        finally:
            writer.transport.abort() if break_after is not None and not upload.done else writer.close()


class Courier:
    """Brings the files that the platform has ordered of one terminal, one order at a time.

    Args:
        session: whose orders.
        counts: what happened is counted here.
        random: of gaps and breaks.
    """

    def __init__(self, session: Session, counts: Counter[str], random: Random) -> None:
        self._session = session
        self._counts = counts
        self._random = random
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begin where orders wait and nothing is under way; call it in the loop."""
        if self._session.equipment.ordered and self._task is None:
            self._task = asyncio.ensure_future(self._work())

    def stop(self) -> None:
        """Drop what is under way."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _work(self) -> None:
        waiting = self._session.equipment.ordered
        while waiting:
            word = "failed"
            try:
                word = "brought" if await self._bring(waiting.popleft()) else "broken"
            except (OSError, TimeoutError):
                word = "unreachable"
            self._counts[f"attachments_{word}"] += 1
        self._task = None

    async def _bring(self, ordered: Ordered) -> bool:
        session, order = self._session, ordered.order
        safety = session.equipment.safety
        files = safety.files(order.identifier, order.alarm_number)
        if not files:
            return False
        settings = session.settings
        upload = AttachmentUpload(session.identity, order, files, safety.profile, settings.attachment_gaps, self._random)
        size = sum(len(file.data) for file in files)
        breaks = self._random.random() < settings.attachment_breaks
        done = await bring(upload, order.server, order.tcp_port, break_after=self._random.randrange(size) if breaks else None)
        self._counts["attachment_bytes_left_out"] += upload.left_out
        return done
