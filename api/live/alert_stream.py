"""Alerts as they happen, for many listeners: one reading a scope and tick, its events packed once and given to all who share the scope."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import psycopg
import structlog
from fastapi.sse import format_sse_event
from psycopg_pool import PoolTimeout

from api.live.source import Pool
from api.login import Doorkeeper
from api.metrics import Metrics
from domain.errors import RefusedError
from operations.identity import Principal
from storage import alert_events
from storage.alert_events import AlertEvent
from storage.scope import Scope, scoped, service

log = structlog.get_logger()

HEARTBEAT_S = 15.0
SLOW_S = 10.0
"""A listener that takes no byte for so long is dropped."""
QUEUE = 512
"""Events that may wait for one listener; with one more it is dropped."""
REPLAY_MOST = 2_000
READ_MOST = 1_000
OVERLAP_S = 10.0
"""Events of transactions that stayed open so long still come, after those with higher numbers."""

Packed = tuple[int, bytes]
HEARTBEAT = b": alive\n\n"
GAP = format_sse_event(event="gap", data_str='{"reason":"more happened than is told again: read /api/v1/alerts"}')


def packed(event: AlertEvent) -> Packed:
    """Number and wire form of an event: its kind as event, its number as id."""
    data = json.dumps({"event_id": event.event_id, "at": event.at.isoformat(), **event.payload}, ensure_ascii=False, separators=(",", ":"))
    return event.event_id, format_sse_event(event=event.kind, id=str(event.event_id), data_str=data)


def key_of(principal: Principal) -> Scope:
    """What decides which alerts a person sees: persons with the same share one reading."""
    said = principal.scope()
    return Scope(said.role, said.region_code, None, said.operator_id, said.person_id)


class Listener:
    """One open stream. replayed: numbers of events that were told from the past."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.key = key_of(principal)
        self.replayed: frozenset[int] = frozenset()
        self.ended = ""
        self._waiting: deque[Packed] = deque()
        self._wake = asyncio.Event()

    def give(self, events: list[Packed]) -> bool:
        """Hand events over; False when too many wait, and the stream ends."""
        if len(self._waiting) + len(events) > QUEUE:
            self.end("slow")
            return False
        self._waiting.extend(events)
        self._wake.set()
        return True

    def end(self, why: str) -> None:
        """End the stream; what waits is let go."""
        self.ended = self.ended or why
        self._waiting.clear()
        self._wake.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What to send, a heartbeat when there is nothing, until the stream is ended."""
        while not self.ended:
            if self._waiting:
                taken = [body for number, body in self._waiting if number not in self.replayed]
                self._waiting.clear()
                self._wake.clear()
                if taken:
                    yield b"".join(taken)
                continue
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._wake.wait()
            except TimeoutError:
                yield HEARTBEAT
            self._wake.clear()


@dataclass(slots=True)
class _Group:
    """Listeners of one scope, and the numbers that they were given lately."""

    listeners: set[Listener] = field(default_factory=set)
    told: set[int] = field(default_factory=set)


class AlertStream:
    """Reads what is new and gives it out.

    Args:
        pool: of role "app"; doorkeeper: tells whether logins still stand.
        tick_s: seconds between two looks; recheck_s: between two checks of the logins; per_user: streams of one person.
    """

    def __init__(self, pool: Pool, doorkeeper: Doorkeeper, metrics: Metrics, tick_s: float, recheck_s: float, per_user: int) -> None:
        self._pool, self._doorkeeper, self._metrics = pool, doorkeeper, metrics
        self._tick_s, self._recheck_s, self._per_user = min(tick_s, 1.0), recheck_s, per_user
        self._groups: dict[Scope, _Group] = {}
        self._mark = (-1, -1)
        self._floors: deque[tuple[float, int]] = deque()
        self._floor = 0
        self._checked_s = time.monotonic()

    async def join(self, principal: Principal) -> Listener:
        """A new stream.

        Raises:
            RefusedError: kind "locked": the person has too many.
        """
        own = sum(one.principal.user_id == principal.user_id for group in self._groups.values() for one in group.listeners)
        if own >= self._per_user:
            raise RefusedError(f"you have {own} alert streams open: close one", kind="locked")
        listener = Listener(principal)
        if listener.key not in self._groups:
            told = await asyncio.to_thread(self._lately, listener.key)
            self._groups.setdefault(listener.key, _Group(told=told))
        self._groups[listener.key].listeners.add(listener)
        self._metrics.streams.inc()
        return listener

    def _lately(self, key: Scope) -> set[int]:
        """Numbers of the last seconds' events: they are the past for who comes now."""
        with scoped(self._pool, key) as conn:
            return {event.event_id for event in alert_events.events_after(conn, self._floor, READ_MOST)}

    def leave(self, listener: Listener) -> None:
        """The stream is closed."""
        group = self._groups.get(listener.key)
        if group is not None and listener in group.listeners:
            group.listeners.discard(listener)
            self._metrics.streams.dec()
            if listener.ended == "slow":
                self._metrics.dropped_streams.inc()
            if not group.listeners:
                del self._groups[listener.key]

    async def replay(self, listener: Listener, last: int) -> list[bytes]:
        """What happened after an event, up to an hour ago; the listener is not told it twice."""
        found = await asyncio.to_thread(self._past, listener.key, last)
        events = [packed(event) for event in found[:REPLAY_MOST]]
        listener.replayed = frozenset(number for number, _ in events)
        return [*([GAP] if len(found) > REPLAY_MOST else []), *(body for _, body in events)]

    def _past(self, key: Scope, last: int) -> list[AlertEvent]:
        with scoped(self._pool, key) as conn:
            return alert_events.events_since(conn, last, OVERLAP_S, REPLAY_MOST + 1)

    def close(self) -> None:
        """End all streams."""
        for group in self._groups.values():
            for listener in group.listeners:
                listener.end("stop")

    async def run(self) -> None:
        """Tick for ever."""
        while True:
            try:
                await self._tick()
            except (psycopg.OperationalError, PoolTimeout) as error:
                log.warning("alert_stream_waits", reason=(str(error) or type(error).__name__).splitlines()[0])
            await asyncio.sleep(self._tick_s)

    async def _tick(self) -> None:
        keys = list(self._groups)
        found = await asyncio.to_thread(self._read, keys)
        for key, events in found.items():
            group = self._groups.get(key)
            if group is None:
                continue
            fresh = [packed(event) for event in events if event.event_id not in group.told]
            group.told = {event.event_id for event in events}
            if fresh:
                for listener in group.listeners:
                    listener.give(fresh)
        if time.monotonic() - self._checked_s >= self._recheck_s:
            self._checked_s = time.monotonic()
            await self._recheck()

    def _read(self, keys: list[Scope]) -> dict[Scope, list[AlertEvent]]:
        """Events of each scope, those of the last seconds again; nothing when nothing was added."""
        now_s = time.monotonic()
        with scoped(self._pool, service("alerts")) as conn:
            mark = alert_events.event_mark(conn, self._floor)
        if not self._floors:  # the first look: what is there is the past
            self._floor, mark = mark[1], (0, mark[1])
        found = {}
        if mark != self._mark:
            for key in keys:
                with scoped(self._pool, key) as conn:
                    found[key] = alert_events.events_after(conn, self._floor, READ_MOST)
        self._mark = mark
        self._floors.append((now_s, mark[1]))
        while self._floors[0][0] < now_s - OVERLAP_S:
            self._floor = self._floors.popleft()[1]
        return found

    async def _recheck(self) -> None:
        for group in list(self._groups.values()):
            for listener in list(group.listeners):
                if not await self._doorkeeper.alive(listener.principal.session_id, listener.principal):
                    listener.end("login")
