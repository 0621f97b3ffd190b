"""One TCP connection to another platform: bytes in to its owner, bytes out when what they acknowledge is durable."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Protocol


class Owner(Protocol):
    """Who takes what a connection brings."""

    def wire_data(self, wire: Wire, data: bytes) -> None:
        """Bytes came."""

    def wire_lost(self, wire: Wire) -> None:
        """The connection is gone."""


class Wire(asyncio.Protocol):
    """A connection. Its owner may change, as a stranger becomes a platform; with None its bytes are ignored."""

    def __init__(self, owner: Owner | None) -> None:
        self.owner = owner
        self.transport: asyncio.Transport | None = None
        self.address = ""
        self._held: deque[tuple[int, bytes]] = deque()
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop's call."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        opened: socket.socket = transport.get_extra_info("socket")
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """The loop's call."""
        if self.owner is not None:
            self.owner.wire_data(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The loop's call."""
        owner, self.owner = self.owner, None
        self._held.clear()
        if owner is not None:
            owner.wire_lost(self)

    def write(self, data: bytes, group: int, durable: int) -> None:
        """Write in order, once the log's group `group` is durable; `durable`: the newest that is."""
        if self._held or group > durable:
            self._held.append((group, data))
        elif self.transport is not None:
            self.transport.write(data)

    def release(self, durable: int) -> None:
        """Write what waited for a group that is durable now."""
        while self._held and self._held[0][0] <= durable:
            data = self._held.popleft()[1]
            if self.transport is not None:
                self.transport.write(data)
        if self._closing and not self._held:
            self._end()

    def pause(self, paused: bool) -> None:
        """Stop reading, or go on."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading() if paused else self.transport.resume_reading()

    def close(self) -> None:
        """Write what is on its way, then close; nothing that still comes is heard."""
        self.owner = None
        self._closing = True
        if not self._held:
            self._end()

    def abort(self) -> None:
        """Close at once."""
        self.owner = None
        self._held.clear()
        if self.transport is not None:
            self.transport.abort()

    def _end(self) -> None:
        if self.transport is not None:
            self.transport.close()
