"""What one socket still has to send: at most one frame and one text message, whatever the network does."""

from __future__ import annotations

import asyncio
from typing import Protocol

from api.metrics import Metrics


class FrameSource(Protocol):
    """Where a lagging client gets its fresh start."""

    def keyframe(self) -> bytes:
        """The full frame of the current tick."""


class Outbox:
    """One frame in flight at most. A frame that finds the last one unsent is dropped, and the client gets a keyframe when it drains.

    Full-queue policy: drop, mark lagging, start again from a keyframe.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.channel: FrameSource | None = None
        self.lagging = False
        self._metrics = metrics
        self._busy = False
        self._frame: bytes | None = None
        self._message: str | None = None
        self._ready = asyncio.Event()

    def listen(self, channel: FrameSource | None) -> None:
        """Start over on another channel (None: on none)."""
        self.channel = channel
        self._frame = None
        self.restart()

    def restart(self) -> None:
        """The next frame is a keyframe."""
        self._frame = None
        self.lagging = self.channel is not None
        if self.lagging:
            self._ready.set()

    def announce(self, message: str) -> None:
        """Send this text before the next frame."""
        self._message = message
        self._ready.set()

    def offer(self, frame: bytes) -> None:
        """Take a frame, or drop it when the one before has not gone out."""
        if self._busy or self._frame is not None or self.lagging:
            if not self.lagging:
                self._metrics.lagging.inc()
            self.lagging = True
            self._frame = None
        else:
            self._frame = frame
        self._ready.set()

    async def take(self) -> bytes | str:
        """What to send next; call it again only when that has been sent."""
        self._busy = False
        while True:
            item = self._next()
            if item is not None:
                self._busy = True
                return item
            self._ready.clear()
            await self._ready.wait()

    def _next(self) -> bytes | str | None:
        if self._message is not None:
            message, self._message = self._message, None
            return message
        if self.lagging and self.channel is not None:
            self.lagging = False
            return self.channel.keyframe()
        frame, self._frame = self._frame, None
        return frame
