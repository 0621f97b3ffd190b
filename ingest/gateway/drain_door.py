"""The drain door: a private epoll that the event loop watches; all reads and all replies of a turn are one compiled call each."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.gateway import drain, turn
from ingest.gateway.arena import SLICE, TURN_BYTES, Arena
from ingest.gateway.links import Link

if TYPE_CHECKING:
    from ingest.gateway.worker import Worker

READY = 512
"""Sockets that one turn reads at most."""

_ACCEPTS = 256
_HELD = 65_536


class DrainTransport(asyncio.Transport):
    """What the gateway needs of a transport, over a socket that the door reads itself."""

    def __init__(self, door: DrainDoor, connection: socket.socket, peer: Any) -> None:
        super().__init__({"socket": connection, "peername": peer})
        self._door = door
        self._socket = connection
        self._waiting = bytearray()
        self.link: Link | None = None
        self._ended = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The door knows one limit only: nothing waits, or something does."""

    def get_write_buffer_size(self) -> int:
        """Bytes not yet taken by the socket."""
        return len(self._waiting)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Queue bytes behind those that wait."""
        if self._ended or self.link is None:
            return
        if not self._waiting:
            self._door.block(self.link, True)
            self._door.loop.add_writer(self._socket.fileno(), self._flush)
        self._waiting += data

    def _flush(self) -> None:
        try:
            sent = self._socket.send(self._waiting)
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        del self._waiting[:sent]
        if not self._waiting and self.link is not None:
            self._door.loop.remove_writer(self._socket.fileno())
            self._door.block(self.link, False)

    def pause_reading(self) -> None:
        """Leave the socket out of the epoll."""
        if not self._ended:
            self._door.epoll.modify(self._socket.fileno(), 0)

    def resume_reading(self) -> None:
        """Take it in again."""
        if not self._ended:
            self._door.watch(self._socket.fileno(), self.link, again=True)

    def is_closing(self) -> bool:
        """True once the end has begun."""
        return self._ended

    def abort(self) -> None:
        """End the connection; the descriptor is closed when no group names it any more."""
        if self._ended:
            return
        self._ended = True
        self._door.loop.remove_writer(self._socket.fileno())
        self._door.end(self._socket, self.link)

    close = abort


class DrainArena(Arena):
    """The arena, fed and emptied by compiled calls."""

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
        drain.release(self._reply_arenas[0], self._rows[0], 0, self.blocked, self._short)

    def gather(self, epoll: int) -> list[int]:
        """Read all ready sockets and decide what came; slots whose read failed or ended."""
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
        return troubled

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
            short = drain.release(self._reply_arenas[place], rows, count, self.blocked, self._short)
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


class DrainDoor:
    """Accepts, watches and ends the sockets of one worker."""

    def __init__(self, worker: Worker, arena: DrainArena, listener: socket.socket) -> None:
        self._worker = worker
        self._arena = arena
        self._listener = listener
        self.loop = asyncio.get_running_loop()
        self.epoll = select.epoll()
        self._gap_s = (worker.settings.turn_gap_ms or 2.0) / 1000
        self._ending: deque[tuple[int, socket.socket]] = deque()
        self._gap: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Listen."""
        self._listener.listen(4_096)
        self.loop.add_reader(self._listener.fileno(), self._accept)
        self.loop.add_reader(self.epoll.fileno(), self._ready)

    def warm_up(self) -> None:
        """Compile the bulk calls before anybody is let in."""
        self._arena.gather(self.epoll.fileno())
        self._arena.warm_up()

    def close(self) -> None:
        """Accept and read no more."""
        self.loop.remove_reader(self._listener.fileno())
        self.loop.remove_reader(self.epoll.fileno())
        if self._gap is not None:
            self._gap.cancel()
        self._listener.close()

    def shut(self) -> None:
        """Close what still is open, after the last group."""
        for _, connection in self._ending:
            connection.close()
        self._ending.clear()
        self.epoll.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS):
            try:
                connection, peer = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:
                self._worker.metrics.count("refused", "accept_failed")
                return
            connection.setblocking(False)
            transport = DrainTransport(self, connection, peer)
            link = self._worker.accept(transport)
            if link is None:
                connection.close()
                continue
            transport.link = link
            self._arena.fds[link.slot] = link.fd
            self._arena.left_sizes[link.slot] = 0
            self._arena.blocked[link.slot] = 0
            self.watch(link.fd, link)

    def watch(self, fd: int, link: Link | None, again: bool = False) -> None:
        """Read the socket when it is ready."""
        if link is not None:
            drain.watch(self.epoll.fileno(), fd, link.slot, again)

    def block(self, link: Link, waits: bool) -> None:
        """Older replies of the link wait, or wait no more."""
        self._arena.blocked[link.slot] = waits
        if waits:
            self._worker.flow.blocked(link)
        else:
            self._worker.flow.drained(link)

    def _ready(self) -> None:
        """A turn; the next one waits a little, so that more arrives for it."""
        troubled = self._arena.gather(self.epoll.fileno())
        for slot in troubled:
            link = self._worker.links.by_slot[slot]
            if link is not None and link.transport is not None:
                self._inspect(link)
        if self._gap_s:
            self.loop.remove_reader(self.epoll.fileno())
            self._gap = self.loop.call_later(self._gap_s, self._again)

    def _again(self) -> None:
        self._gap = None
        self.loop.add_reader(self.epoll.fileno(), self._ready)

    def _inspect(self, link: Link) -> None:
        """A read gave nothing: the end of the connection, or a false alarm."""
        assert link.transport is not None
        connection: socket.socket = link.transport.get_extra_info("socket")
        try:
            if connection.recv(1, socket.MSG_PEEK):
                return
        except BlockingIOError:
            return
        except OSError:
            self._worker.metrics.count("reads", "failed")
        link.transport.abort()

    def end(self, connection: socket.socket, link: Link | None) -> None:
        """Take the socket out and shut it down; its descriptor lives until every group that names it is durable."""
        self.epoll.unregister(connection.fileno())
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            self._worker.metrics.count("reads", "already_gone")
        group = self._worker.log.group()
        if self._worker.log.backlog:
            self._ending.append((group.number if group.used else group.number - 1, connection))
        else:
            connection.close()
        if link is not None:
            self.loop.call_soon(self._worker.lost, link)

    def durable(self, number: int) -> None:
        """Close the sockets that no later group names."""
        while self._ending and self._ending[0][0] <= number:
            self._ending.popleft()[1].close()
