"""One gateway worker: listener, arena, log, roster, timers, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from ingest.flow import Flow, Marks
from ingest.gateway import turn
from ingest.gateway.arena import Arena
from ingest.gateway.desk import Desk
from ingest.gateway.dispatch import Dispatcher
from ingest.gateway.drain_arena import DrainArena
from ingest.gateway.keys import KeyExchange
from ingest.gateway.links import AUTHENTICATED, CONNECTED, REGISTERED, Link, Links
from ingest.gateway.metrics import GatewayMetrics
from ingest.gateway.ports import Ports
from ingest.gateway.registration import Registrar, load_secrets
from ingest.gateway.registry_copy import RegistryCopy
from ingest.gateway.roster import Roster
from ingest.gateway.sessions import FORWARDER, link_event
from ingest.gateway.sockets import raise_file_limit
from ingest.gateway.upkeep import Upkeep
from ingest.log.files import OS_FILES, FileLayer
from ingest.log.record import LINK_EVENT
from ingest.log.spool import SpoolWriter
from ingest.settings import GatewaySettings, LogSettings
from protocols.jt808.limits import Limits
from protocols.jt808.profile import STANDARD, Profile

log = structlog.get_logger()

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Which worker this is: number of all, and the folder of the sockets between them."""

    worker: int
    workers: int
    folder: Path


class Worker:
    """Everything of one worker; lives in one event loop. files: the log's file operations; tests pass slow ones."""

    def __init__(self, settings: GatewaySettings, log_settings: LogSettings, place: Place, files: FileLayer = OS_FILES) -> None:
        self.settings = settings
        self.log_settings = log_settings
        self.place = place
        self.metrics = GatewayMetrics()
        self.limits = Limits(max_frame=settings.max_frame)
        self.links = Links(settings.max_links, settings.gateway_id, place.worker)
        self.log = SpoolWriter(log_settings.path, place.worker, log_settings, files)
        self.registry = RegistryCopy(settings.roster_file)
        self.registrar = Registrar(settings.registration, load_secrets(settings.secret_file), self.registry, settings.stale_roster_s)
        self.roster = Roster(place.folder, place.worker, place.workers, self.close)
        marks = Marks(
            int(log_settings.high_water_mib * _MIB), int(log_settings.low_water_mib * _MIB), settings.reply_pause, settings.reply_limit
        )
        self.flow = Flow(self.log, marks, self.close)
        self.arena = DrainArena(self) if settings.drains else Arena(self.links, self.log, self.metrics, settings.max_frame, marks.high)
        self.arena.unsent = self.flow.waiting
        self.ports = Ports(self)
        self.desk = Desk(self)
        self.commands = Dispatcher(self)
        self.keys = KeyExchange(self)
        self.arena.desk = self.desk
        self._forwarders = [ipaddress.ip_network(network) for network in settings.forwarders]
        self._accepts = [0, 0]
        self._stop = asyncio.Event()
        self.address: tuple[str, int] = ("", 0)
        self.name = f"{settings.gateway_id}/{place.worker}"

    def now_ms(self) -> int:
        """Monotonic ms."""
        return time.monotonic_ns() // 1_000_000

    def now_us(self) -> int:
        """Epoch µs UTC."""
        return time.time_ns() // 1_000

    def wall_ms(self) -> int:
        """Epoch ms UTC."""
        return time.time_ns() // 1_000_000

    async def run(self, ready: asyncio.Future[tuple[str, int]] | None = None) -> None:
        """Serve until `stop`; then stop accepting, make the log durable, release the last replies."""
        loop = asyncio.get_running_loop()
        raise_file_limit()
        self.registry.load()
        self.keys.open()
        self.log.open()
        self.arena.loop = loop
        self.log.start(loop, self._durable, self._dead)
        self.roster.open(loop)
        warm_up(self.arena)
        await self.ports.open()
        self.address = self.ports.addresses[0]
        gc.collect()
        gc.freeze()
        for host, port in self.ports.addresses:
            log.info("gateway_listening", address=f"{host}:{port}", worker=self.place.worker)
        if ready is not None:
            ready.set_result(self.address)
        sweeper = asyncio.ensure_future(Upkeep(self).run())
        try:
            await self._stop.wait()
        finally:
            self.ports.close()
            sweeper.cancel()
            await self._drain(loop)

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stop.set()

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        self.arena.run()
        await self.log.aclose()
        for link in self.links.live():
            self.close(link, "stopping")
        await asyncio.sleep(0)
        self.ports.shut()
        self.roster.shut(loop)

    def _durable(self, number: int) -> None:
        self.arena.on_durable(number)
        self.ports.durable(number)
        self.flow.relieve()
        self.arena.paused = self.flow.crowded

    def _dead(self, error: BaseException) -> None:
        """The log failed: nothing is acknowledged any more, and the process ends."""
        log.error("log_dead", error=str(error), next="check the disk, then start the gateway again: it scans the log first")
        self.failure = error
        self._stop.set()

    failure: BaseException | None = None

    def accept(self, transport: asyncio.Transport, profile: Profile = STANDARD) -> Link | None:
        """A new connection, in the profile of its port; None when a limit refuses it."""
        second = int(time.monotonic())
        if self._accepts[0] != second:
            self._accepts = [second, 0]
        self._accepts[1] += 1
        if self._accepts[1] > self.settings.accepts_per_s:
            self.metrics.count("refused", "accept_rate")
            return None
        if self.links.count(CONNECTED) + self.links.count(REGISTERED) >= self.settings.max_unauthenticated:
            self._close_oldest_stranger()
        peer = transport.get_extra_info("peername")
        link = self.links.open(str(peer[0]) if peer else "", self.now_ms(), profile)
        if link is None:
            self.metrics.count("refused", "links")
            return None
        link.transport = transport
        opened: socket.socket = transport.get_extra_info("socket")
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.fd = opened.fileno()
        transport.set_write_buffer_limits(high=0)
        if self._forwarders and peer and any(ipaddress.ip_address(peer[0]) in network for network in self._forwarders):
            link.door = FORWARDER
        return link

    def _close_oldest_stranger(self) -> None:
        state = self.links.slots["state"]
        strangers = np.flatnonzero((state == CONNECTED) | (state == REGISTERED))
        oldest = self.links.by_slot[int(strangers[np.argmin(self.links.slots["opened_ms"][strangers])])]
        if oldest is not None:
            self.close(oldest, "strangers")

    def close(self, link: Link, reason: str) -> None:
        """Close a link; its bytes that still arrive are ignored, its slot comes back when the socket is gone."""
        if link.closing:
            return
        link.closing = reason
        self.links.slots[link.slot]["state"] = CONNECTED
        self.links.slots[link.slot]["id_lo"] = self.links.slots[link.slot]["id_hi"] = 0
        self.metrics.count("links_closed", reason)
        if reason.startswith("takeover"):
            self.metrics.count("takeovers", "worker" if reason == "takeover" else "machine")
        if link.transport is not None:
            link.transport.abort()

    def lost(self, link: Link) -> None:
        """The socket is gone."""
        if not link.closing:
            self.metrics.count("links_closed", "peer")
            link.closing = "peer"
        self.arena.run()
        self.note(link, "closed", link.closing)
        link.transport = None
        link.fd = -1
        self.commands.lost(link)
        self.roster.forget(link)
        self.flow.forget(link)
        self.links.release(link)

    def note(self, link: Link, event: str, reason: str) -> None:
        """Append a link event of an authenticated terminal to the log."""
        terminal = link.terminal or (reason if event == "authenticated" else "")
        if not terminal or not self.log.taking:
            return
        payload = link_event(event, terminal, "" if event == "authenticated" else reason, self.name, link.peer)
        self.log.append(LINK_EVENT, 1, self.links.identity(link), payload, received_us=self.now_us())

    def check_junk(self, link: Link) -> None:
        """Close a link that sent more junk than it may."""
        row = self.links.slots[link.slot]
        limit = self.settings.junk_per_minute if row["state"] == AUTHENTICATED else self.settings.junk_before_auth
        if row["junk"] > limit:
            self.close(link, "junk")


def warm_up(arena: Arena) -> None:
    """Compile the turn before anybody is let in."""
    started = time.monotonic()
    outs = tuple(np.zeros(64, np.uint8) for _ in range(3))
    turn.take(
        arena.bytes, np.zeros(1, turn.SEGMENT), 0, arena.slots, arena.serials, np.zeros(10, np.int64), outs,
        np.zeros((1, 3), np.int64), arena.frames, np.zeros(8_192, np.uint8), np.zeros(8, np.int64),
    )  # fmt: skip
    log.info("kernels_ready", seconds=round(time.monotonic() - started, 2))
