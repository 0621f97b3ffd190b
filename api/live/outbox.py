"""What one socket still has to send: at most one frame and a few text messages, whatever the network does."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from api.metrics import Metrics

MESSAGES_MOST = 8


class FrameSource(Protocol):
    """Where a lagging client gets its fresh start."""

    def keyframe(self) -> bytes:
        """The full frame of the current tick."""


class Outbox:
    """One frame in flight at most. A frame that finds the last one unsent is dropped, and the client gets a keyframe when it drains.

    Full-queue policy: drop, mark lagging, start again from a keyframe.
    """

    def __init__(self, metrics: Metrics, session_id: str = "") -> None:
        self.session_id = session_id
        self.closed = False
        self.channel: FrameSource | None = None
        self.lagging = False
        self._metrics = metrics
        self._busy = False
        self._frame: bytes | None = None
        self._messages: deque[str] = deque(maxlen=MESSAGES_MOST)
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

    def close(self) -> None:
        """The login behind it ended: `take` answers None from now on."""
        self.closed = True
        self._ready.set()

    def announce(self, message: str) -> None:
        """Send this text before the next frame; of too many the oldest are dropped."""
        self._messages.append(message)
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

    async def take(self) -> bytes | str | None:
        """What to send next, None when the login ended; call it again only when that has been sent."""
        self._busy = False
        while not self.closed:
            item = self._next()
            if item is not None:
                self._busy = True
                return item
            self._ready.clear()
            await self._ready.wait()
        return None

    def _next(self) -> bytes | str | None:
        if self._messages:
            return self._messages.popleft()
        if self.lagging and self.channel is not None:
            self.lagging = False
            return self.channel.keyframe()
        frame, self._frame = self._frame, None
        return frame
