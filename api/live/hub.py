"""Shares live frames out: one pack a topic and tick, the same bytes for every subscriber, bounded memory for a slow one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from api.live import frames
from api.live.frames import Kind
from api.live.outbox import Outbox
from api.live.state import LiveState
from api.live.topics import Topic
from api.metrics import Metrics
from api.settings import LiveSettings
from domain.errors import StoreError

log = structlog.get_logger()

Refresh = Callable[[LiveState], Awaitable[float]]
"""Advances the state by one tick from storage and returns the tick's time, epoch ms; StoreError when storage does not answer."""


class Channel:
    """One topic at one detail ("points" or "counts") and its subscribers."""

    def __init__(self, topic: Topic, detail: str, state: LiveState, metrics: Metrics) -> None:
        self.topic = topic
        self.detail = detail
        self.seq = 0
        self.outboxes: set[Outbox] = set()
        self._state = state
        self._metrics = metrics
        self._keyframe: bytes | None = None
        self._keyframe_t_ms = state.t_ms

    def keyframe(self) -> bytes:
        """The full frame of the current tick, packed at most once a tick."""
        if self._keyframe is None:
            self._keyframe = self._pack(Kind.KEYFRAME)
        return self._keyframe

    def tick(self, keyframe_s: float) -> None:
        """Pack the new tick and offer it to every subscriber."""
        self.seq += 1
        self._keyframe = None
        if self._state.t_ms - self._keyframe_t_ms >= keyframe_s * 1000:
            self._keyframe_t_ms = self._state.t_ms
            frame = self.keyframe()
        else:
            frame = self.keyframe() if self.detail == "counts" else self._pack(Kind.DELTA)
        for outbox in self.outboxes:
            outbox.offer(frame)

    def _pack(self, kind: Kind) -> bytes:
        self._metrics.packs.labels(self.detail).inc()
        if self.detail == "counts":
            return frames.pack(self._state.counts(self.topic), Kind.COUNTS, self.seq, self._state.t_ms)
        since = None if kind == Kind.KEYFRAME else self._state.tick
        return frames.pack(self._state.vehicles(self.topic, since), kind, self.seq, self._state.t_ms)


class Hub:
    """The live state and who listens to it.

    Args:
        refresh: brings the state one tick forward.
        settings: tick and keyframe intervals.
        metrics: counters of this door.
    """

    def __init__(self, refresh: Refresh, settings: LiveSettings, metrics: Metrics) -> None:
        self.state = LiveState(settings)
        self._refresh = refresh
        self._settings = settings
        self._metrics = metrics
        self._channels: dict[tuple[Topic, str], Channel] = {}

    def join(self, outbox: Outbox, topic: Topic, detail: str) -> None:
        """Subscribe an outbox, replacing what it listened to; its next frame is a keyframe."""
        self.leave(outbox)
        channel = self._channels.get((topic, detail))
        if channel is None:
            channel = self._channels[topic, detail] = Channel(topic, detail, self.state, self._metrics)
        channel.outboxes.add(outbox)
        outbox.listen(channel)

    def leave(self, outbox: Outbox) -> None:
        """End an outbox's subscription; a topic without subscribers is forgotten."""
        channel = outbox.channel
        if isinstance(channel, Channel):
            channel.outboxes.discard(outbox)
            if not channel.outboxes:
                self._channels.pop((channel.topic, channel.detail), None)
        outbox.listen(None)

    def vehicles_in(self, topic: Topic) -> int:
        """Located vehicles of a topic."""
        return len(self.state.rows(topic))

    def close_session(self, session_id: str) -> None:
        """The login ended: its sockets close."""
        for channel in self._channels.values():
            for outbox in channel.outboxes:
                if outbox.session_id == session_id:
                    outbox.close()

    def announce(self, message: str) -> None:
        """Put one text message before everybody's next frame; a newer one replaces one not yet sent."""
        for channel in self._channels.values():
            for outbox in channel.outboxes:
                outbox.announce(message)

    async def tick(self) -> None:
        """One tick. When storage does not answer no frame goes out, so that clients see the picture grow old."""
        try:
            await self._refresh(self.state)
        except StoreError as error:
            self._metrics.failed_ticks.inc()
            log.warning("live_tick_failed", reason=str(error))
            return
        self._metrics.vehicles.set(self.state.size)
        started = time.process_time()
        for channel in list(self._channels.values()):
            channel.tick(self._settings.keyframe_s)
        self._metrics.pack_seconds.observe(time.process_time() - started)

    async def run(self) -> None:
        """Tick until cancelled; a tick that takes too long delays the next one and never piles up."""
        while True:
            started = time.monotonic()
            await self.tick()
            await asyncio.sleep(max(0.05, self._settings.tick_s - (time.monotonic() - started)))
