"""The links to one platform: the sans-IO `Link`, its two connections, and what of it goes to the log and the database."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from functools import partial

import structlog

from domain.errors import RefusedError
from ingest import peer_store
from ingest.peer_store import Account, Outgoing, Status
from ingest.peers.agreed import limits_of, outgoing, peer_of, receipts
from ingest.peers.history import LineHistory
from ingest.peers.site import Site
from ingest.peers.unsure import Unsure
from ingest.peers.wire import Wire
from protocols.jt809 import events as told
from protocols.jt809.answers import positions_in
from protocols.jt809.codec import opened
from protocols.jt809.events import MAIN, SUB, SUBORDINATE, SUPERIOR, Channel, Dial, LineDown, LineUp, MessageIn
from protocols.jt809.line import State
from protocols.jt809.link import Credentials, Link

log = structlog.get_logger()

_DIAL_S = 10.0
_BUSY = 5
_LOGGED_GROUPS = (0x1200, 0x1300, 0x1400, 0x9300, 0x9400)
"""Messages that the pipeline stores or that are kept as they came; the others are between the links themselves."""


class PeerLink:
    """Main and sub link to one platform.

    Attributes:
        epoch: rises whenever the channel that we dial goes down: what was under way on it may be lost. history: of the main link.
    """

    def __init__(self, account: Account, site: Site) -> None:
        self.account, self.site = account, site
        ours = SUBORDINATE if account.role == "superior" else SUPERIOR
        who = Credentials(account.user_id, account.password, account.sub_host, account.sub_port)
        self.link = Link(ours, peer_of(account), who, limits_of(site.settings))
        self.wires: dict[Channel, Wire] = {}
        self.epoch, self.history = 0, LineHistory()
        self.progress = asyncio.Event()
        self.received = self.sent = self.confirmed = 0
        self.counted: told.Counted | None = None
        self.reason = ""
        self._group = -1
        self._unsure = Unsure(site)
        self._dialling: dict[Channel, asyncio.Task[None]] = {}
        self._dropped = [0, 0]

    def up(self, channel: Channel) -> bool:
        """Whether a channel is logged in."""
        return self.link.lines[channel].state is State.OPEN

    @property
    def linked(self) -> bool:
        """Whether anything can be sent."""
        return self.up(MAIN) or self.up(SUB)

    def start(self) -> None:
        """Begin; a superior platform is dialled at once."""
        self.site.note(partial(peer_store.recover, peer_id=self.account.peer_id))
        self._note(self.link.start(self.site.now_ms()))

    async def stop(self) -> None:
        """Tell the other side, close, and dial no more."""
        for task in self._dialling.values():
            task.cancel()
        await asyncio.gather(*self._dialling.values(), return_exceptions=True)
        self.link.close(self.site.now_ms())
        self.pump()
        for wire in self.wires.values():
            wire.close()
        self.wires.clear()

    def attach(self, channel: Channel, wire: Wire, first: bytes) -> None:
        """A connection that came in has shown who it is; an older one of the channel makes room. first: bytes that it sent already."""
        now_ms = self.site.now_ms()
        old = self.wires.pop(channel, None)
        if old is not None:
            old.abort()
            self._note(self.link.disconnected(channel, now_ms, "taken over"))
        wire.owner = self
        self.wires[channel] = wire
        self.link.connected(channel, now_ms)
        self.wire_data(wire, first)

    def wire_data(self, wire: Wire, data: bytes) -> None:
        """Bytes of a connection."""
        for channel in [channel for channel, one in self.wires.items() if one is wire]:
            self._note(self.link.receive_data(channel, data, self.site.now_ms()))
            if self.site.crowded:
                wire.pause(True)

    def wire_lost(self, wire: Wire) -> None:
        """A connection is gone."""
        for channel in [channel for channel, one in self.wires.items() if one is wire]:
            del self.wires[channel]
            self._note(self.link.disconnected(channel, self.site.now_ms()))

    def tick(self) -> None:
        """What time brings."""
        self._note(self.link.tick(self.site.now_ms()))

    def released(self) -> None:
        """A group of the log is durable."""
        for wire in list(self.wires.values()):
            wire.release(self.site.durable)

    def resume(self) -> None:
        """The log has caught up: read on."""
        for wire in self.wires.values():
            wire.pause(False)

    def send(self, one: Outgoing) -> None:
        """Send a question or an answer; what becomes of it is noted."""
        try:
            message, subject = outgoing(one, self.link.peer.version)
            serial = self.link.send(message, self.site.now_ms(), subject)
        except RefusedError as error:
            work = peer_store.again if error.kind == "conflict" else partial(peer_store.failed, reason=str(error))
            self.site.note(partial(work, one=one))
            return
        channel = self.link.dials if self.up(self.link.dials) else SUB if self.link.dials is MAIN else MAIN
        self._unsure.add(channel, serial, one)
        self.site.note(partial(peer_store.sent, one=one, serial=serial))
        self.site.count("orders", one.kind)
        if channel is self.link.dials:
            self.link.test(channel, self.site.now_ms())
        self.pump()

    def status(self) -> Status:
        """How the links stand."""
        theirs, ours = (self.counted.theirs, self.counted.ours) if self.counted is not None else (None, None)
        return Status(
            self.account.peer_id, self.up(MAIN), self.up(SUB), self.reason, self.received, self.sent, self.confirmed, theirs, ours
        )

    def pump(self) -> None:
        """Write what is queued."""
        for channel in (MAIN, SUB):
            data = b"".join(self.link.data_to_send(channel))
            wire = self.wires.get(channel)
            if data and wire is not None:
                wire.write(data, self._group, self.site.durable)

    def _note(self, events: list[told.Event]) -> None:
        """Do what events ask for; then write what is queued."""
        waiting = deque(events)
        while waiting:
            waiting += self._take(waiting.popleft())
        self._unsure.settle(self.link.dials, self.link.lines[self.link.dials].sure_serial)
        self.progress.set()
        self.pump()

    def _take(self, event: told.Event) -> list[told.Event]:
        if isinstance(event, MessageIn):
            return self._message(event)
        if isinstance(event, told.AnomalyEvent):
            return self._anomaly(event)
        if isinstance(event, Dial):
            self._dialling[event.channel] = asyncio.ensure_future(self._dial(event))
        elif isinstance(event, told.LoginAsked):
            busy = not self.site.log.taking
            return self.link.admit(_BUSY if busy else 0, secrets.randbelow(0xFFFFFFFE) + 1, self.site.now_ms())
        elif isinstance(event, (LineUp, LineDown)):
            self._line(event)
        elif isinstance(event, told.Counted):
            self.counted = event
            self.site.count("counts", "equal" if event.theirs == event.ours else "different")
        elif isinstance(event, (told.Gap, told.Repeated)):
            self.site.count("repeats", "asked" if isinstance(event, told.Gap) else "sent")
        return []

    def _line(self, event: LineUp | LineDown) -> None:
        channel, name = event.channel, self.account.name
        self.history.note(event, self.site.now_ms())
        if isinstance(event, LineUp):
            log.info("platform_line_up", platform=name, channel=str(channel))
            self.reason = ""
            if channel is self.link.dials:
                self._unsure.lost(SUB if channel is MAIN else MAIN)
        else:
            log.warning("platform_line_down", platform=name, channel=str(channel), reason=event.reason)
            self.reason = event.reason
            self.site.count("lines_down", str(channel))
            self.pump()
            wire = self.wires.pop(channel, None)
            if wire is not None:
                wire.close()
            self._unsure.lost(channel)
            self.epoch += channel is self.link.dials
            if self.link.lines[channel].state is not State.DOWN:
                self.link.disconnected(channel, self.site.now_ms())
        self.progress.set()
        self.site.wake.set()

    def _message(self, event: MessageIn) -> list[told.Event]:
        now_ms, peer = self.site.now_ms(), self.link.peer
        self.site.count("frames", "taken")
        self.received += positions_in(event.message)
        if event.header.message_id in _LOGGED_GROUPS:
            group = self.site.append(self.account.peer_id, peer.version, opened(event.raw, peer))
            if group is None:
                self.site.count("refused", "log")
                return self.link.disconnected(event.channel, now_ms, "the log takes nothing now")
            self._group = max(self._group, group)
        for message in receipts(event, peer.version, self.history, now_ms):
            self.link.send(message, now_ms, event.subject)
        return []

    def _anomaly(self, event: told.AnomalyEvent) -> list[told.Event]:
        """A frame that is not taken: quarantined, a minute's worth at most, then only counted."""
        fault = next((found for found in event.anomalies if found.drop), None)
        code = str(fault.code) if fault is not None else "unknown_message"
        self.site.count("anomalies", code)
        minute = self.site.now_ms() // 60_000
        if self._dropped[0] != minute:
            self._dropped = [minute, 0]
        self._dropped[1] += 1
        if event.raw and self._dropped[1] <= self.site.settings.dropped_per_minute:
            self.site.append(self.account.peer_id, self.link.peer.version, event.raw, dropped=True)
        return []

    async def _dial(self, event: Dial) -> None:
        ours = self.link.dials is MAIN
        host, port = (self.account.host, self.account.port) if ours or self.account.host else (event.host, event.port)
        wire = Wire(self)
        try:
            async with asyncio.timeout(_DIAL_S):
                await asyncio.get_running_loop().create_connection(lambda: wire, host, port if ours else event.port)
        except (OSError, TimeoutError) as error:
            self.reason = f"{event.channel} link: {host}:{port} does not answer: {error or 'timeout'}"
            self._note(self.link.disconnected(event.channel, self.site.now_ms(), self.reason))
            return
        self.wires[event.channel] = wire
        try:
            self.link.connected(event.channel, self.site.now_ms())
        except RefusedError as error:  # what the account says does not fit a login
            self.reason = str(error)
            log.error("platform_login_impossible", platform=self.account.name, error=str(error), next="mend it: cuntong platform add")
            self._note(self.link.disconnected(event.channel, self.site.now_ms(), self.reason))
        self.pump()
