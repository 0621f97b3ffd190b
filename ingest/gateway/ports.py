"""The ports of one worker: the terminals' own, and extra ones whose terminals speak a profile unless the registry or their maker say otherwise."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.errors import RefusedError
from ingest.gateway.door import TerminalLink
from ingest.gateway.drain_arena import DrainArena
from ingest.gateway.drain_door import DrainDoor
from ingest.gateway.sockets import listening_socket
from ingest.settings import GatewaySettings
from protocols.jt808.profile import PROFILES, STANDARD, Profile

if TYPE_CHECKING:
    from ingest.gateway.worker import Worker

_BACKLOG = 4_096
Port = tuple[socket.socket, Profile]


def bound(settings: GatewaySettings, *, shared: bool) -> list[Port]:
    """A bound socket for every port of the settings, the terminals' own first.

    Args:
        shared: several workers listen on the same ports.
    Raises:
        RefusedError: an extra port names a profile that nobody knows. OSError: a port is taken.
    """
    asked = [(*settings.address, STANDARD.name), *settings.extra_addresses]
    for _, port, name in asked:
        if name not in PROFILES:
            known = ", ".join(sorted(PROFILES))
            raise RefusedError(f"gateway.listeners: port {port} names profile {name!r}, there are {known}", field="gateway.listeners")
    with ExitStack() as undo:
        ports = []
        for host, port, name in asked:
            ports.append((undo.enter_context(listening_socket(host, port, shared=shared)), PROFILES[name]))
        undo.pop_all()
    return ports


def held(settings: GatewaySettings) -> tuple[list[socket.socket], GatewaySettings]:
    """Sockets that hold the ports for several workers, and the settings with the numbers of those asked for as 0."""
    ports = bound(settings, shared=True)
    places = ["{}:{}".format(*one.getsockname()[:2]) for one, _ in ports]
    extra = tuple(f"{place} {profile.name}" for place, (_, profile) in zip(places[1:], ports[1:], strict=True))
    return [one for one, _ in ports], replace(settings, listen=places[0], listeners=extra)


class Ports:
    """Lets terminals in, by the door of the settings.

    Attributes:
        addresses: (host, port) of every port, in the order of the settings.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._servers: list[asyncio.Server] = []
        self._drain: DrainDoor | None = None
        self.addresses: list[tuple[str, int]] = []

    async def open(self) -> None:
        """Listen; what `bound` raises."""
        worker = self._worker
        ports = bound(worker.settings, shared=worker.place.workers > 1)
        self.addresses = [one.getsockname()[:2] for one, _ in ports]
        if isinstance(worker.arena, DrainArena):
            self._drain = DrainDoor(worker, worker.arena, ports)
            self._drain.warm_up()
            self._drain.open()
            return
        for listener, profile in ports:
            self._servers.append(await self._serve(listener, profile))

    async def _serve(self, listener: socket.socket, profile: Profile) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: TerminalLink(self._worker, profile), sock=listener, backlog=_BACKLOG)

    def close(self) -> None:
        """Accept nobody any more."""
        for server in self._servers:
            server.close()
        if self._drain is not None:
            self._drain.close()

    def shut(self) -> None:
        """Close what still is open, after the last group."""
        if self._drain is not None:
            self._drain.shut()

    def durable(self, number: int) -> None:
        """A group of the log is durable."""
        if self._drain is not None:
            self._drain.durable(number)
