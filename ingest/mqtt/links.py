"""JT/T 808 over MQTT: the links of the gateway's rules without a socket, one a device, named by its topic."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ingest.flow import Flow, Marks
from ingest.gateway.desk import Desk
from ingest.gateway.dispatch import Dispatcher
from ingest.gateway.keys import KeyExchange
from ingest.gateway.links import AUTHENTICATED, CONNECTED, Link, Links
from ingest.gateway.metrics import GatewayMetrics
from ingest.gateway.registration import Registrar
from ingest.gateway.roster import Roster
from ingest.gateway.sessions import Session, link_event
from ingest.log.record import DOORS, LINK_EVENT
from ingest.log.spool import SpoolWriter
from ingest.settings import GatewaySettings, LogSettings
from protocols.jt808.connection import Connection
from protocols.jt808.gate import Role
from protocols.jt808.limits import Limits

DOOR = DOORS.index("mqtt")
_MIB = 1 << 20

Send = Callable[[str, bytes], None]
"""Gets a device and a frame for it."""


class DownTopics:
    """Frames to devices: now, or held until durable.

    Args:
        send: publishes now; hold: publishes when what has been appended by now is durable.
    """

    def __init__(self, send: Send, hold: Send) -> None:
        self._send = send
        self._hold = hold
        self.paused = False
        self.oldest_held_us = 0

    def send(self, link: Link, data: memoryview | bytes) -> None:
        """Publish a frame."""
        if not link.closing:
            self._send(link.peer, bytes(data))

    def hold(self, link: Link, reply: bytes, received_us: int) -> None:
        """Publish a frame once it is true."""
        self._hold(link.peer, reply)


class FrameLinks:
    """A `Host` of the gateway's desk. Everything in one event loop.

    Args:
        settings: of the gateway, whose rules these are; log_settings, log, registrar: of the door; worker: its number in the log;
            folder: for the roster; down: where frames go.
    """

    def __init__(
        self, settings: GatewaySettings, log_settings: LogSettings, log: SpoolWriter, registrar: Registrar, worker: int, down: DownTopics
    ) -> None:
        self.settings, self.log_settings = settings, log_settings
        self.limits = Limits(max_frame=settings.max_frame)
        self.metrics = GatewayMetrics()
        self.links = Links(settings.max_links, settings.gateway_id, worker)
        self.log = log
        self.registrar = registrar
        self.roster = Roster(Path(), 0, 1, self.close)
        marks = Marks(int(log_settings.high_water_mib * _MIB), int(log_settings.low_water_mib * _MIB), 0, 0)
        self.flow = Flow(log, marks, self.close)
        self.arena = down
        self.desk = Desk(self)
        self.commands = Dispatcher(self)
        self.keys = KeyExchange(self)
        self.name = f"{settings.gateway_id}/mqtt"
        self._by_device: dict[str, Link] = {}

    def now_ms(self) -> int:
        """Monotonic ms."""
        return time.monotonic_ns() // 1_000_000

    def now_us(self) -> int:
        """Epoch µs UTC."""
        return time.time_ns() // 1_000

    def wall_ms(self) -> int:
        """Epoch ms UTC."""
        return time.time_ns() // 1_000_000

    def take(self, device: str, payload: bytes, received_us: int) -> bool:
        """Decide the whole frames of one publish; False when there is no room for another link."""
        link = self._by_device.get(device) or self._open(device)
        if link is None:
            self.metrics.count("refused", "links")
            return False
        before, *runs = payload.split(b"\x7e")
        behind = runs.pop() if runs else b""
        long = [run for run in runs if len(run) > self.settings.max_frame]
        for run in runs:
            if run and len(run) <= self.settings.max_frame and not link.closing:
                self.desk.ask(link, run, received_us)
        junk = len(before) + len(behind) + sum(map(len, long))
        if junk and not link.closing:
            self.metrics.count("anomalies", "junk")
            self.links.slots[link.slot]["junk"] += junk
            self.check_junk(link)
        return True

    def _open(self, device: str) -> Link | None:
        link = self.links.open(device, self.now_ms())
        if link is None:
            return None
        link.record_door = DOOR
        connection = Connection(
            Role.PLATFORM, limits=self.limits, serials=self.links.serials, slot=link.slot, epoch_ms=self.wall_ms() - self.now_ms()
        )
        connection.terminal_id = device  # the topic is the identity: frames of another terminal are foreign, before authentication too
        link.sessions = {"": Session(connection)}
        self._by_device[device] = link
        return link

    def close(self, link: Link, reason: str) -> None:
        """Forget a link; what the device says next begins a new one."""
        if link.closing:
            return
        link.closing = reason
        self.metrics.count("links_closed", reason)
        self.note(link, "closed", reason)
        self._by_device.pop(link.peer, None)
        self.commands.lost(link)
        self.roster.forget(link)
        self.flow.forget(link)
        self.links.slots[link.slot]["state"] = CONNECTED
        self.links.release(link)

    def close_all(self, reason: str) -> None:
        """Forget every link."""
        for link in list(self._by_device.values()):
            self.close(link, reason)

    def note(self, link: Link, event: str, reason: str) -> None:
        """Append a link event of an authenticated terminal to the log."""
        terminal = link.terminal or (reason if event == "authenticated" else "")
        if not terminal or not self.log.taking:
            return
        payload = link_event(event, terminal, "" if event == "authenticated" else reason, self.name, "mqtt")
        self.log.append(LINK_EVENT, DOOR, self.links.identity(link), payload, received_us=self.now_us())

    def check_junk(self, link: Link) -> None:
        """Forget a link whose device sent more junk than it may."""
        row = self.links.slots[link.slot]
        limit = self.settings.junk_per_minute if row["state"] == AUTHENTICATED else self.settings.junk_before_auth
        if row["junk"] > limit:
            self.close(link, "junk")
