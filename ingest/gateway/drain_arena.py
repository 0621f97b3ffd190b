"""The arena of the drain door, fed and emptied by compiled calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ingest.gateway import drain, turn
from ingest.gateway.arena import SLICE, TURN_BYTES, Arena
from ingest.gateway.links import Link

if TYPE_CHECKING:
    from ingest.gateway.worker import Worker

READY = 2_048
"""Sockets that one turn reads at most."""

_HELD = 65_536


class DrainArena(Arena):
    """The arena of one worker behind a private epoll."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(
            worker.links, worker.log, worker.metrics, worker.settings.max_frame, int(worker.log_settings.high_water_mib * (1 << 20))
        )
        capacity = len(worker.links.slots)
        self.fds = np.full(capacity, -1, np.int32)
        self.lefts = np.zeros((capacity, worker.settings.max_frame), np.uint8)
        self.left_sizes = np.zeros(capacity, np.int32)
        self.blocked = np.zeros(capacity, np.uint8)
        self._events = np.zeros(READY, drain.EVENT)
        self._troubled = np.zeros(READY, np.int32)
        self._rows = [np.zeros((_HELD, 4), np.int64) for _ in self._reply_arenas]
        self._row_counts = [0] * len(self._rows)
        self._turns: dict[int, list[tuple[int, int]]] = {}
        self._short = np.zeros((_HELD, 2), np.int64)

    def warm_up(self) -> None:
        """Compile the calls that keep and release."""
        drain.keep(self.bytes, self._segments, 0, self.lefts, self.left_sizes, self.fds, self._rows[0], 0)
        drain.release(self._reply_arenas[0], self._rows[0], 0, self.fds, self.blocked, self._short)

    def gather(self, epoll: int) -> tuple[int, list[int]]:
        """Read all ready sockets and decide what came: (sockets read, slots whose read failed or ended)."""
        limits = (SLICE, TURN_BYTES)
        count, bad = drain.gather(
            epoll, self._events, self.bytes, self._segments, limits, self.fds, self.lefts, self.left_sizes, self._troubled
        )  # fmt: skip
        if count:
            by_slot = self._links.by_slot
            self._waiting = [by_slot[slot] for slot in self._segments["slot"][:count].tolist()]
            self._count = count
            self.run()
        troubled: list[int] = self._troubled[:bad].tolist()
        return count, troubled

    def _keep(self, waiting: list[Link], count: int, number: int) -> None:
        place = number % len(self._rows)
        before = self._row_counts[place]
        self._row_counts[place] = drain.keep(
            self.bytes, self._segments, count, self.lefts, self.left_sizes, self.fds, self._rows[place], before
        )  # fmt: skip
        replies = self._row_counts[place] - before
        if replies:
            self._turns.setdefault(number, []).append((replies, int(self._state[turn.RECEIVED_US])))
        if int(self._state[turn.URGENT_AT]):
            for link, row in zip(waiting, self._segments[:count], strict=True):
                if row["urgent_end"] > row["urgent_start"]:
                    self.send(link, self._urgent_view[row["urgent_start"] : row["urgent_end"]])

    def on_durable(self, number: int) -> None:
        """Send every reply of the group."""
        place = number % len(self._rows)
        rows, count = self._rows[place], self._row_counts[place]
        if count and number in self._turns:
            short = drain.release(self._reply_arenas[place], rows, count, self.fds, self.blocked, self._short)
            for row, sent in self._short[:short].tolist():
                fd, start, end, slot = rows[row].tolist()
                link = self._links.by_slot[slot]
                if link is not None and link.fd == fd and link.transport is not None and not link.closing:
                    link.transport.write(self._reply_views[place][start + sent : end])
                    self.unsent(link)
            now_us = time.time_ns() // 1000
            for replies, received_us in self._turns.pop(number):
                self._metrics.acknowledged(now_us - received_us, replies)
            self._row_counts[place] = 0
            self._reply_used[place] = 0
        super().on_durable(number)

    @property
    def oldest_held_us(self) -> int:
        """Arrival of the reply that has waited longest, epoch µs; 0 when none waits."""
        oldest = [turns[0][1] for turns in self._turns.values()]
        others = super().oldest_held_us
        return min([*oldest, *([others] if others else [])], default=0)
