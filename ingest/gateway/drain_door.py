"""The drain door: a private epoll that the event loop watches; all reads and all replies of a turn are one compiled call each."""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from typing import TYPE_CHECKING, Any

from ingest.gateway import drain
from ingest.gateway.drain_arena import DrainArena
from ingest.gateway.links import Link
from protocols.jt808.profile import Profile

if TYPE_CHECKING:
    from ingest.gateway.worker import Worker

_ACCEPTS = 256


class DrainDoor:
    """Accepts, watches and ends the sockets of one worker. listeners: with the profile of each."""

    def __init__(self, worker: Worker, arena: DrainArena, listeners: list[tuple[socket.socket, Profile]]) -> None:
        self._worker = worker
        self._arena = arena
        self._listeners = listeners
        self.loop = asyncio.get_running_loop()
        self.epoll = select.epoll()
        self._gap_s = (worker.settings.turn_gap_ms or 2.0) / 1000
        self._ending: deque[tuple[int, socket.socket]] = deque()
        self._gap: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Listen."""
        for listener, profile in self._listeners:
            listener.listen(4_096)
            self.loop.add_reader(listener.fileno(), self._accept, listener, profile)
        self.loop.add_reader(self.epoll.fileno(), self._ready)

    def warm_up(self) -> None:
        """Compile the bulk calls before anybody is let in."""
        self._arena.gather(self.epoll.fileno())
        self._arena.warm_up()

    def close(self) -> None:
        """Accept and read no more."""
        for listener, _ in self._listeners:
            self.loop.remove_reader(listener.fileno())
            listener.close()
        self.loop.remove_reader(self.epoll.fileno())
        if self._gap is not None:
            self._gap.cancel()

    def shut(self) -> None:
        """Close what still is open, after the last group."""
        for _, connection in self._ending:
            connection.close()
        self._ending.clear()
        self.epoll.close()

    def _accept(self, listener: socket.socket, profile: Profile) -> None:
        for _ in range(_ACCEPTS):
            try:
                connection, peer = listener.accept()
            except BlockingIOError:
                return
            except OSError:
                self._worker.metrics.count("refused", "accept_failed")
                return
            connection.setblocking(False)
            transport = DrainTransport(self, connection, peer)
            link = self._worker.accept(transport, profile)
            if link is None:
                connection.close()
                continue
            transport.link = link
            self._arena.fds[link.slot] = link.fd
            self._arena.left_sizes[link.slot] = 0
            self._arena.blocked[link.slot] = 0
            self.watch(link.fd, link)

    def watch(self, fd: int, link: Link | None, again: bool = False, *, readable: bool = True) -> None:
        """Read the socket when it is ready; not readable: only notice when it breaks."""
        if link is not None:
            drain.watch(self.epoll.fileno(), fd, link.slot, again, readable=readable)

    def block(self, link: Link, waits: bool) -> None:
        """Older replies of the link wait, or wait no more."""
        self._arena.blocked[link.slot] = waits
        if waits:
            self._worker.flow.blocked(link)
        else:
            self._worker.flow.drained(link)

    def _ready(self) -> None:
        """The first turn after a quiet spell: from here on the clock asks for turns, until one finds nothing.

        Watching a nested epoll costs a check of the whole nest each time it begins, so it begins once a spell and not once a turn.
        """
        self.loop.remove_reader(self.epoll.fileno())
        self._turn()

    def _turn(self) -> None:
        """Read what is ready; the next turn waits a little, so that more arrives for it, and comes even when this one fails."""
        quiet = False
        try:
            quiet = not self._read()
        finally:
            if quiet:
                self._gap = None
                self.loop.add_reader(self.epoll.fileno(), self._ready)
            else:
                self._gap = self.loop.call_later(self._gap_s, self._turn)

    def _read(self) -> int:
        """Take what is ready and look after sockets that gave nothing; how many there were of both."""
        read, troubled = self._arena.gather(self.epoll.fileno())
        for slot in troubled:
            link = self._worker.links.by_slot[slot]
            if link is not None and link.transport is not None:
                self._inspect(link)
        return read + len(troubled)

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
            self._door.watch(self._socket.fileno(), self.link, again=True, readable=False)

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
