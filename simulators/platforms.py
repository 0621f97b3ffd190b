"""Simulated platforms that speak JT/T 809 over real TCP, well or badly: a superior one that is dialled, a subordinate one that dials."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import Any

from protocols.jt809.answers import follow_up_answer, roll_call_answer
from protocols.jt809.codec import encode
from protocols.jt809.envelope import Subject
from protocols.jt809.events import MAIN, SUB, SUBORDINATE, Channel, Dial, Event, LineDown, LoginAsked, MessageIn
from protocols.jt809.header import Address
from protocols.jt809.line import State
from protocols.jt809.link import Credentials, Link
from protocols.jt809.messages.alarms import FollowUpOrder
from protocols.jt809.messages.exchange import Backfill, LivePosition
from protocols.jt809.messages.links import LinkTest
from protocols.jt809.messages.platform import RollCall
from protocols.jt809.positions import Position, Position2011
from simulators.platform_actor import Actor, position

_TICK_S = 0.05
_DONE = 1
GARBAGE = b"\x00\x5b\x5b\x01\x02\x5a\x5d\xff\x5b" + bytes(range(64)) + b"\x5d"


class _Wire(asyncio.Protocol):
    def __init__(self, platform: SimulatedPlatform, channel: Channel) -> None:
        self.platform, self.channel = platform, channel
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.platform.connected(self)

    def data_received(self, data: bytes) -> None:
        self.platform.received(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.platform.lost(self)


class SimulatedPlatform:
    """One platform and its link.

    Attributes:
        port: of its listener, main link's or sub link's.
        counts: messages that came, by class name, and what went wrong.
        hushed: set to True it answers no more, as with `Manners.mute_s`.
        positions: (plate, colour, epoch ms) of every position that came, or left.
    """

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.port = 0
        self.counts: Counter[str] = Counter()
        self.positions: set[tuple[str, int, int]] = set()
        self.hushed = False
        self.link: Link
        self._wires: dict[Channel, _Wire] = {}
        self._dials: set[asyncio.Task[None]] = set()
        self._began_s = time.monotonic()
        self._dropped_s = self._spoiled_s = self._began_s
        self._second = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Live until asked to stop."""
        actor, loop = self.actor, asyncio.get_running_loop()
        listens = SUB if actor.role is SUBORDINATE else MAIN
        host, port = (actor.sub_host, actor.sub_port) if listens is SUB else (actor.host, actor.port)
        server = await loop.create_server(lambda: _Wire(self, listens), host, port)
        self.port = server.sockets[0].getsockname()[1]
        who = Credentials(actor.user_id, actor.password, actor.sub_host, self.port if listens is SUB else 0)
        self.link = Link(actor.role, actor.peer, who, actor.limits)
        self._take(self.link.start(_now_ms()))
        try:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_S):
                        await stop.wait()
                self._tick()
        finally:
            server.close()
            for task in self._dials:
                task.cancel()
            for wire in list(self._wires.values()):
                if wire.transport is not None:
                    wire.transport.abort()
            await asyncio.sleep(0)

    @property
    def mute(self) -> bool:
        """Whether it has stopped to answer."""
        mute_s = self.actor.manners.mute_s
        return self.hushed or (mute_s > 0 and time.monotonic() - self._began_s > mute_s)

    def connected(self, wire: _Wire) -> None:
        """A connection stands."""
        old = self._wires.get(wire.channel)
        self._wires[wire.channel] = wire
        if old is not None and old.transport is not None:
            self._take(self.link.disconnected(wire.channel, _now_ms()))
            old.transport.abort()
        self.counts[f"connections_{wire.channel}"] += 1
        self.link.connected(wire.channel, _now_ms())
        self._write()

    def received(self, wire: _Wire, data: bytes) -> None:
        """Bytes came."""
        if self._wires.get(wire.channel) is wire and not self.mute:
            self._take(self.link.receive_data(wire.channel, data, _now_ms()))

    def lost(self, wire: _Wire) -> None:
        """A connection is gone."""
        if self._wires.get(wire.channel) is wire:
            del self._wires[wire.channel]
            self._take(self.link.disconnected(wire.channel, _now_ms()))

    def say(self, message: Any, subject: Subject | None = None) -> int:
        """Send a message; its serial. RefusedError when no channel is logged in."""
        serial = self.link.send(message, _now_ms(), subject)
        self._write()
        return serial

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Dial):
                task = asyncio.ensure_future(self._dial(event))
                self._dials.add(task)
                task.add_done_callback(self._dials.discard)
            elif isinstance(event, LoginAsked):
                right = event.login.password == self.actor.password and event.login.user_id == self.actor.user_id
                self._take(self.link.admit(0 if right else 4, 4711, _now_ms()))
            elif isinstance(event, LineDown):
                self.counts[f"down: {event.reason}"] += 1
                self._close(event.channel)
            elif isinstance(event, MessageIn):
                self._hear(event)
            else:
                self.counts[type(event).__name__] += 1
        self._write()

    def _hear(self, event: MessageIn) -> None:
        """Count a message, note positions, answer as a person would."""
        message, version = event.message, self.actor.peer.version
        self.counts[type(message).__name__] += 1
        carried: tuple[Position, ...] = ()
        if isinstance(message, (LivePosition, Backfill)):
            carried = message.positions if isinstance(message, Backfill) else (message.position,)
        for one in carried:
            t_ms = one.time_ms if isinstance(one, Position2011) else one.location.time_ms
            if event.subject is not None:
                self.positions.add((event.subject.plate, event.subject.plate_colour, t_ms or 0))
        if isinstance(message, RollCall):
            self.say(roll_call_answer(message, event.header, version, "在岗", "值班员", ""))
        elif isinstance(message, FollowUpOrder):
            self.say(follow_up_answer(message, event.header, version, _DONE), event.subject)

    async def _dial(self, event: Dial) -> None:
        host, port = (self.actor.host, self.actor.port) if event.channel is MAIN else (event.host, event.port)
        try:
            async with asyncio.timeout(5.0):
                await asyncio.get_running_loop().create_connection(lambda: _Wire(self, event.channel), host, port)
        except (OSError, TimeoutError):
            self.counts["unreachable"] += 1
            self._take(self.link.disconnected(event.channel, _now_ms()))

    def _close(self, channel: Channel) -> None:
        self._write()
        wire = self._wires.get(channel)
        if wire is not None and wire.transport is not None:
            wire.transport.close()

    def _write(self) -> None:
        for channel in (MAIN, SUB):
            data = b"".join(self.link.data_to_send(channel))
            wire = self._wires.get(channel)
            if data and wire is not None and wire.transport is not None and not self.mute:
                wire.transport.write(data)

    def _tick(self) -> None:
        self._take(self.link.tick(_now_ms()))
        now_s, manners = time.monotonic(), self.actor.manners
        if manners.drop_s and now_s - self._dropped_s > manners.drop_s:
            self._dropped_s = now_s
            for wire in list(self._wires.values()):
                if wire.transport is not None:
                    wire.transport.abort()
        if manners.garbage_s and now_s - self._spoiled_s > manners.garbage_s:
            self._spoiled_s = now_s
            self._spoil()
        second = int(time.time())
        if self.actor.vehicles and second != self._second and self.link.lines[MAIN].state is State.OPEN:
            self._second = second
            self._report(second)

    def _spoil(self) -> None:
        """Noise, and a frame whose CRC is wrong."""
        frame = bytearray(encode(LinkTest(), Address(0, self.actor.peer.access_code, self.actor.peer.version)))
        frame[-2] ^= 1
        for wire in self._wires.values():
            if wire.transport is not None:
                wire.transport.write(GARBAGE + bytes(frame))

    def _report(self, second: int) -> None:
        """A position of every vehicle, each on a small circle of its own."""
        for number in range(self.actor.vehicles):
            subject = Subject(f"贵P{number:05d}", 2)
            self.say(LivePosition(position(self.actor.peer.version, number, second * 1000)), subject)
            self.positions.add((subject.plate, subject.plate_colour, second * 1000))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
