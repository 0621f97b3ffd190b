"""The socket of one terminal: three callbacks and nothing more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from ingest.gateway.arena import Arena
from ingest.gateway.links import Link
from protocols.jt808.profile import Profile

if TYPE_CHECKING:
    from ingest.gateway.worker import Worker


class TerminalLink(asyncio.BufferedProtocol):
    """Delivers the bytes of one connection into the shared arena. profile: of the port it came in by."""

    __slots__ = ("_arena", "_link", "_profile", "_worker")

    def __init__(self, worker: Worker, profile: Profile) -> None:
        self._worker = worker
        self._arena: Arena = worker.arena
        self._profile = profile
        self._link: Link | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A terminal dialled in."""
        stream = cast(asyncio.Transport, transport)  # uvloop's own class is no subclass of it
        link = self._worker.accept(stream, self._profile)
        if link is None:
            stream.abort()
            return
        self._link = link

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the loop may read to."""
        assert self._link is not None
        return self._arena.slice(self._link)

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes arrived."""
        assert self._link is not None
        self._arena.arrived(self._link, nbytes)

    def eof_received(self) -> bool:
        """The terminal has said all; close."""
        return False

    def pause_writing(self) -> None:
        """The socket takes no more: replies wait in the transport."""
        if self._link is not None:
            self._worker.flow.blocked(self._link)

    def resume_writing(self) -> None:
        """Everything that waited is out."""
        if self._link is not None:
            self._worker.flow.drained(self._link)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._link is not None:
            self._worker.lost(self._link)
            self._link = None
