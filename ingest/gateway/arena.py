"""One shared arena for everything that arrives, and the switch between deciding at once and deciding once a loop turn."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from ingest.gateway import turn
from ingest.gateway.diversion import divert
from ingest.gateway.links import Link, Links
from ingest.gateway.metrics import GatewayMetrics
from ingest.log.base import LogWriter
from protocols.jt808.kernels.rows import FRAME

SLICE = 8_192
"""Bytes that one read may deliver."""

TURN_BYTES = 1 << 20
"""Input of one turn at most."""

RECORD_ROOM = 4 << 20
"""Room in the log group that a full turn can need: the shortest frame that is appended, 43 bytes, makes 77."""

_ARENA = 4 << 20
_SEGMENTS = 8_192
_ASKS = TURN_BYTES // 13 + _SEGMENTS
_BURST, _BURST_NS, _QUIET_TICKS = 4, 1_000_000, 8
_REPLY_ARENAS = 3


class Decider(Protocol):
    """Who decides the frames that the kernel leaves to Python, and which links are closed for junk."""

    def ask(self, link: Link, run: bytes, received_us: int) -> None:
        """Read one candidate run."""

    def stream(self, link: Link, data: bytes, received_us: int) -> None:
        """Read the next bytes of a link whose frames do not stand between 0x7e."""

    def settled(self, links: list[Link]) -> None:
        """The bytes of these links are decided, there was junk or the log is behind: judge both."""


class Arena:
    """Collects segments of links, decides them in one compiled call, and releases replies when the log is durable."""

    def __init__(self, links: Links, log: LogWriter, metrics: GatewayMetrics, max_frame: int, high_water: int) -> None:
        self._links = links
        self._log = log
        self._metrics = metrics
        self._high_water = high_water
        self._junk = 0
        self.paused = False
        self.desk: Decider | None = None
        self.unsent: Callable[[Link], None] = lambda _: None
        self.slots = links.slots
        self.serials = links.serials
        self.loop: asyncio.AbstractEventLoop | None = None
        self.bytes = np.empty(_ARENA, np.uint8)
        self._view = self.bytes.data
        self._aside = False
        self._aside_view = memoryview(bytearray(SLICE))
        self._segments = np.zeros(_SEGMENTS, turn.SEGMENT)
        self._waiting: list[Link] = []
        self._used = 0
        self._count = 0
        self._asks = np.empty((_ASKS, 3), np.int64)
        self.frames = np.zeros(1, FRAME)
        self._scratch = np.empty(8_192, np.uint8)
        self._state = np.zeros(10, np.int64)
        self._state[turn.MAX_FRAME] = max_frame
        self._state[turn.DOOR] = 1
        self._urgent = np.empty(_ARENA, np.uint8)
        self._urgent_view = self._urgent.data
        self._reply_arenas = [np.empty(RECORD_ROOM * 4, np.uint8) for _ in range(_REPLY_ARENAS)]
        self._reply_views = [arena.data for arena in self._reply_arenas]
        self._reply_used = [0] * _REPLY_ARENAS
        self._held: dict[int, list[tuple[Link, memoryview | bytes, int]]] = {}
        self.tick_mode = False
        self._tick_due = False
        self._burst_start = 0
        self._burst = 0
        self._quiet = 0

    def slice(self, link: Link) -> memoryview:
        """Where the next bytes of the link go: behind its left-over bytes.

        Nothing is decided here, for that may pause or close the link, and uvloop crashes when a link stops reading while it asks for room:
        when the link's earlier bytes or the whole turn must be decided first, the bytes go aside until they have arrived.
        """
        left = link.left
        self._aside = link.pending or self._used + SLICE + len(left) > TURN_BYTES or self._count == _SEGMENTS
        if self._aside:
            return self._aside_view
        at = self._used
        if left:
            self._view[at : at + len(left)] = left
            at += len(left)
        return self._view[at : at + SLICE]

    def _brought_in(self, link: Link, size: int) -> None:
        """Decide what had to go first, then take in the bytes that went aside."""
        self._aside = False
        self.run()
        left = link.left
        self._view[: len(left)] = left
        self._view[len(left) : len(left) + size] = self._aside_view[:size]

    def arrived(self, link: Link, size: int) -> None:
        """Note bytes that were read into the slice of the link, and decide them now or with the next tick."""
        if self._aside:
            self._brought_in(link, size)
        start = self._used
        end = start + len(link.left) + size
        link.left = b""
        link.pending = True
        row = self._segments[self._count]
        row["start"], row["end"], row["slot"] = start, end, link.slot
        self._waiting.append(link)
        self._count += 1
        self._used = end
        if not self.tick_mode:
            self._note_burst()
            self.run()
        elif not self._tick_due:
            self._tick_due = True
            assert self.loop is not None
            self.loop.call_soon(self._tick)

    def _note_burst(self) -> None:
        now = time.monotonic_ns()
        if now - self._burst_start > _BURST_NS:
            self._burst_start, self._burst = now, 0
        self._burst += 1
        if self._burst >= _BURST:
            self.tick_mode, self._burst, self._quiet = True, 0, 0

    def _tick(self) -> None:
        self._tick_due = False
        self._quiet = self._quiet + 1 if self._count <= 1 else 0
        if self._quiet >= _QUIET_TICKS:
            self.tick_mode = False
        self.run()

    def run(self) -> None:
        """Decide everything that waits."""
        count = self._count
        if not count:
            return
        log, state = self._log, self._state
        group = log.group()
        number = group.number % _REPLY_ARENAS
        now_ns = time.time_ns()
        state[: turn.URGENT_AT + 1] = (
            group.used, log.since_durable() - group.used, now_ns // 1000, time.monotonic_ns() // 1_000_000,
            1 if log.taking and log.room() >= RECORD_ROOM else 0, self._reply_used[number], 0,
        )  # fmt: skip
        used = group.used
        aside = divert(self, waiting := self._waiting, self._segments[:count])
        outs = (group.buffer, self._reply_arenas[number], self._urgent)
        turn.take(
            self.bytes, self._segments, count, self._links.slots, self._links.serials, state, outs, self._asks, self.frames,
            self._scratch, self._metrics.counters,
        )  # fmt: skip
        self._reply_used[number] = int(state[turn.REPLY_AT])
        self._waiting, self._count = [], 0
        self._keep(waiting, count, group.number)
        if int(state[turn.USED]) != used:
            log.close_turn(int(state[turn.USED]))
        self._metrics.turn_segments(count, self.tick_mode)
        if asks := int(state[turn.ASKS]):
            self._ask(waiting, self._asks[:asks].tolist(), now_ns // 1000)
        self._used = 0
        assert self.desk is not None
        for link, data in aside:
            self.desk.stream(link, data, now_ns // 1000)
        if self._log.backlog > self._high_water or self._junk_seen() or self.paused:
            self.desk.settled(waiting)

    def _junk_seen(self) -> bool:
        counters = self._metrics.counters
        junk = int(counters[turn.JUNK_BYTES] + counters[turn.OVERSIZE] + counters[turn.SHORT] + counters[turn.ASKED])
        seen, self._junk = junk != self._junk, junk
        return seen

    def _keep(self, waiting: list[Link], count: int, number: int) -> None:
        """Left-over bytes back to their links, urgent replies out, the others behind their group."""
        held = self._held.setdefault(number, [])
        replies = self._reply_views[number % _REPLY_ARENAS]
        received_us = int(self._state[turn.RECEIVED_US])
        rows = self._segments[:count].tolist()
        for link, (_, end, _, left, reply_start, reply_end, urgent_start, urgent_end) in zip(waiting, rows, strict=True):
            link.pending = False
            if left < end:
                link.left = bytes(self._view[left:end])
            if reply_end > reply_start:
                held.append((link, replies[reply_start:reply_end], received_us))
            if urgent_end > urgent_start:
                self.send(link, self._urgent_view[urgent_start:urgent_end])

    def _ask(self, waiting: list[Link], asks: list[list[int]], received_us: int) -> None:
        assert self.desk is not None
        for start, end, segment in asks:
            link = waiting[segment]
            if not link.closing:
                self.desk.ask(link, bytes(self._view[start:end]), received_us)

    def hold(self, link: Link, reply: bytes, received_us: int) -> None:
        """Keep a reply until the group that is now filling is durable."""
        self._held.setdefault(self._log.group().number, []).append((link, reply, received_us))

    def on_durable(self, number: int) -> None:
        """The log made a group durable: its replies go out."""
        held = self._held.pop(number, None)
        if held is None:
            return
        now_us = time.time_ns() // 1000
        for link, reply, received_us in held:
            if not link.closing:
                self.send(link, reply)
            self._metrics.acknowledged(now_us - received_us)
        self._reply_used[number % _REPLY_ARENAS] = 0

    def send(self, link: Link, data: memoryview | bytes) -> None:
        """Write to the link: straight to the socket while nothing waits, the rest through the transport."""
        transport = link.transport
        if transport is None or link.closing:
            return
        if not link.blocked and link.fd >= 0:
            try:
                sent = os.write(link.fd, data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # the transport notices the broken connection itself
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(bytes(data))
        self.unsent(link)

    @property
    def oldest_held_us(self) -> int:
        """Arrival of the reply that has waited longest, epoch µs; 0 when none waits."""
        return min((rows[0][2] for rows in self._held.values() if rows), default=0)
