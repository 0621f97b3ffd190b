"""Two platforms joined by a main and a sub link, sans-IO: bytes and `now` go in, events and bytes to send come out.

The subordinate platform dials the main link and logs in; the superior one then dials back. While one of the two is down the
other carries everything, and 0x1007 or 0x9007 tells. No byte of a peer raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import RefusedError
from protocols.anomaly import Code, anomaly
from protocols.definition import DOWN, UP, definition_of
from protocols.fields import V2019
from protocols.jt809.answers import order_keys, positions_in, sub_of
from protocols.jt809.codec import Examined, encode, examine
from protocols.jt809.dispatch import Dispatch
from protocols.jt809.envelope import Subject
from protocols.jt809.events import MAIN, SUB, SUBORDINATE, AnomalyEvent, Channel, Dial, Event, LineDown, LineUp, Role
from protocols.jt809.header import Address
from protocols.jt809.line import Line, LinkLimits, State, Tally
from protocols.jt809.messages.links import (
    CloseBySubordinate,
    CloseBySuperior,
    LinkTest,
    Login,
    LoginAnswer,
    MainLinkBroken,
    PositionCount,
    SubLinkBroken,
    SubLinkTest,
    SubLogin,
)
from protocols.jt809.peer import VERSIONS, Peer

DEFAULT_LIMITS = LinkLimits()
_MOST_ORDERS = 4_096
_BEFORE_LOGIN = frozenset({0x1001, 0x1002, 0x9001, 0x9002})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the subordinate platform logs in with, and where its sub link listens."""

    user_id: int = 0
    password: str = ""
    sub_link_ip: str = ""
    sub_link_port: int = 0


class Link:
    """Protocol state between two platforms.

    Args:
        role: which of the two we are.
        peer: edition ("2011" or "2019"), access code, keys.
        credentials: the subordinate platform's.
        limits: parameters.

    `now_ms` is epoch ms UTC and never decreases. `verify_code` is that of 0x1002; `exchanged` the vehicles whose positions the
    superior platform asked for with 0x9205.
    """

    def __init__(self, role: Role, peer: Peer, credentials: Credentials | None = None, limits: LinkLimits = DEFAULT_LIMITS) -> None:
        if peer.version not in VERSIONS:
            raise RefusedError(f"a link needs an edition, one of {', '.join(VERSIONS)}", field="version")
        self.role, self.peer, self.limits = role, peer, limits
        self.credentials = credentials or Credentials()
        self.lines: dict[Channel, Line] = {MAIN: Line(limits), SUB: Line(limits)}
        self.tally = Tally()
        self.exchanged: set[Subject] = set()
        self.orders: dict[tuple[int, str, int], int] = {}
        self.verify_code: int | None = None
        self.sub_address: tuple[str, int] | None = None
        self.stopped = True
        self._dispatch = Dispatch(self)
        self._their_way = DOWN if role is SUBORDINATE else UP

    @property
    def dials(self) -> Channel:
        """The channel that we dial."""
        return MAIN if self.role is SUBORDINATE else SUB

    def start(self, now_ms: int) -> list[Event]:
        """Begin: the subordinate platform dials at once."""
        self.stopped = False
        if self.role is SUBORDINATE and self.lines[MAIN].state is State.DOWN:
            self.lines[MAIN].dial_ms = now_ms
        return self.tick(now_ms)

    def connected(self, channel: Channel, now_ms: int) -> None:
        """A connection stands: one that we dialled, or one that came in."""
        line = self.lines[channel]
        line.connect(now_ms)
        if channel is not self.dials:
            return
        who = self.credentials
        if self.role is SUBORDINATE:
            code = self.peer.access_code if self.peer.version == V2019 else None
            self.say(channel, Login(who.user_id, who.password, code, who.sub_link_ip, who.sub_link_port), now_ms)
        else:
            self.say(channel, SubLogin(self.verify_code or 0), now_ms)

    def disconnected(self, channel: Channel, now_ms: int, reason: str = "disconnected") -> list[Event]:
        """A connection is gone, or could not be made: the other channel tells, and it is dialled again after a wait."""
        line = self.lines[channel]
        was, sure_ms = line.state, line.sure_ms
        line.fall()
        if channel is self.dials and not self.stopped and (channel is MAIN or self.sub_address is not None):
            line.redial(now_ms)
            other = SUB if channel is MAIN else MAIN
            if self.lines[other].state is State.OPEN:
                self.say(other, MainLinkBroken(0) if channel is MAIN else SubLinkBroken(0), now_ms)
        return [] if was is State.DOWN else [LineDown(channel, reason, sure_ms)]

    def receive_data(self, channel: Channel, data: bytes, now_ms: int) -> list[Event]:
        """Events of the next bytes of a channel."""
        line, events = self.lines[channel], list[Event]()
        for framed, run in line.splitter.feed(data):
            if line.state is State.DOWN:
                break
            if not framed:
                events.append(AnomalyEvent(channel, None, (anomaly(Code.JUNK, 0, detail=f"{len(run)} bytes"),), run))
                continue
            examined = examine(run, self.peer)
            events += self._take(channel, line, examined, now_ms)
        return events

    def _take(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        header = examined.header
        if header is None or examined.unreadable is not None or examined.message is None:
            return [AnomalyEvent(channel, header, examined.anomalies, examined.raw)]
        if line.state is not State.OPEN and header.message_id not in _BEFORE_LOGIN:
            found = anomaly(Code.NOT_AUTHENTICATED, 8, field="message_id", detail=f"0x{header.message_id:04X} before login")
            return [AnomalyEvent(channel, header, (*examined.anomalies, found), examined.raw)]
        if definition_of(examined.message).way is not self._their_way and not isinstance(examined.message, PositionCount):
            found = anomaly(Code.BAD_VALUE, 8, field="message_id", detail=f"0x{sub_of(examined.message):04X} goes the other way")
            return [AnomalyEvent(channel, header, (*examined.anomalies, found), examined.raw)]
        line.heard_ms = now_ms
        return self._dispatch.take(channel, line, examined, now_ms)

    def admit(self, result: int, verify_code: int, now_ms: int) -> list[Event]:
        """Answer to `LoginAsked`: 0 lets the subordinate platform in, and the sub link is dialled."""
        line = self.lines[MAIN]
        if line.state is State.DOWN:
            return []
        self.say(MAIN, LoginAnswer(result, verify_code if result == 0 else 0), now_ms)
        if result:
            return [LineDown(MAIN, f"login refused: {result}")]
        self.verify_code = verify_code
        return [*self.opened(MAIN, now_ms), *self.tick(now_ms)]

    def opened(self, channel: Channel, now_ms: int) -> list[Event]:
        """A channel is logged in."""
        line = self.lines[channel]
        line.open(now_ms)
        if self.role is not SUBORDINATE and channel is MAIN and self.lines[SUB].state is State.DOWN and self.sub_address:
            self.lines[SUB].dial_ms = now_ms
        self._dispatch.tell_serials(channel, now_ms)
        return [LineUp(channel)]

    def send(self, message: Any, now_ms: int, subject: Subject | None = None) -> int:
        """Send a message on its channel, or on the other while that is down; its serial.

        Raises:
            RefusedError: no channel is logged in, or a value does not fit.
        """
        own = MAIN if self.role is SUBORDINATE else SUB
        for channel in (own, SUB if own is MAIN else MAIN):
            if self.lines[channel].state is State.OPEN:
                serial = self.say(channel, message, now_ms, subject)
                for key in order_keys(message, serial):
                    self.orders[key] = serial
                while len(self.orders) > _MOST_ORDERS:
                    del self.orders[next(iter(self.orders))]
                self._count(message, now_ms)
                return serial
        raise RefusedError("neither main nor sub link is logged in", field="channel", kind="conflict")

    def _count(self, message: Any, now_ms: int) -> None:
        if self.role is SUBORDINATE:
            self.tally.add(positions_in(message), now_ms)
            if self.peer.version == V2019:
                self.tell_count(now_ms)

    def tell_count(self, now_ms: int) -> None:
        """Tell the number of positions when there are enough of them."""
        if self.tally.uncounted >= self.limits.count_every:
            told = PositionCount(self.tally.uncounted, self.tally.counted_from_ms, now_ms // 1000 * 1000)
            self.tally.uncounted = 0
            self.send(told, now_ms)

    def say(self, channel: Channel, message: Any, now_ms: int, subject: Subject | None = None) -> int:
        """Queue a message on one channel; its serial. RefusedError when a value does not fit."""
        line, peer = self.lines[channel], self.peer
        serial = line.serial
        address = Address(
            serial, peer.access_code, peer.version, peer.version_flag, int(peer.encrypt), serial + 1 & 0xFFFFFFFF if peer.encrypt else 0,
            now_ms // 1000,
        )  # fmt: skip
        frame = encode(message, address, subject=subject, peer=peer)
        line.serial = serial + 1 & 0xFFFFFFFF
        line.out.append(frame)
        if sub_of(message) & 0xFF00 not in (0x1000, 0x9000):
            line.kept.add(serial, sub_of(message), now_ms, frame)
        return serial

    def data_to_send(self, channel: Channel) -> list[bytes]:
        """Frames queued since the last call, to be written in this order."""
        line = self.lines[channel]
        queued, line.out = line.out, []
        return queued

    def tick(self, now_ms: int) -> list[Event]:
        """What time brings: link tests, silent lines, dialling again."""
        events: list[Event] = []
        for channel, line in self.lines.items():
            reason = line.overdue(now_ms)
            if reason:
                events += self.disconnected(channel, now_ms, reason)
            elif line.state is State.OPEN and now_ms - line.tested_ms >= self.limits.keep_alive_ms:
                self.test(channel, now_ms)
            elif line.state is State.DOWN and line.dial_ms is not None and now_ms >= line.dial_ms and not self.stopped:
                line.dial_ms = None
                host, port = self.sub_address or ("", 0)
                events.append(Dial(channel, host, port) if channel is SUB else Dial(channel))
        return events

    def test(self, channel: Channel, now_ms: int) -> None:
        """Send a link test on the channel that we dial: its answer makes sure what left before it (`Line.sure_serial`)."""
        line = self.lines[channel]
        line.tested_ms = now_ms
        if channel is self.dials:
            line.tests.append((self.say(channel, LinkTest() if channel is MAIN else SubLinkTest(), now_ms), now_ms))

    def next_timer(self) -> int | None:
        """When `tick` is due, epoch ms; None for never."""
        return min((line.due_ms for line in self.lines.values() if line.due_ms is not None), default=None)

    def close(self, now_ms: int, code: int = 0) -> None:
        """Tell that both links end; the door writes what is queued, closes, and calls `disconnected`. Nothing is dialled again."""
        self.stopped = True
        for line in self.lines.values():
            line.dial_ms = None
        if any(line.state is State.OPEN for line in self.lines.values()):
            self.send(CloseBySubordinate(code) if self.role is SUBORDINATE else CloseBySuperior(code), now_ms)
