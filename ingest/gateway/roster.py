"""Who is on line in this worker, and takeover of half-open links inside it and across workers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from ingest.gateway.links import Link

log = structlog.get_logger()

_RETRIES, _RETRY_S = 20, 0.05
_LARGEST = 65_536


def socket_path(folder: Path, worker: int) -> Path:
    """Unix datagram socket of a worker."""
    return folder / f"claims-{worker}.sock"


class Roster:
    """Terminals on line in one worker.

    The newest authenticated link of a terminal wins. A worker that holds the terminal with an older claim closes its link;
    of two claims of the same instant the higher worker number wins.

    Args:
        folder: where the workers' sockets stand; worker, workers: number of this one and of all.
        close: closes a link for a reason.
    """

    def __init__(self, folder: Path, worker: int, workers: int, close: Callable[[Link, str], None]) -> None:
        self._folder = folder
        self._worker = worker
        self._others = [n for n in range(workers) if n != worker]
        self._close = close
        self._online: dict[str, tuple[Link, int]] = {}
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._online)

    def online(self) -> list[str]:
        """Ids of the terminals on line here; may be asked from another thread."""
        return list(self._online)

    def link_of(self, terminal: str) -> Link | None:
        """The link of a terminal; None when it is not here."""
        found = self._online.get(terminal)
        return found[0] if found is not None else None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen for the claims of other workers."""
        if not self._others:
            return
        path = socket_path(self._folder, self._worker)
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))
        loop.add_reader(self._socket.fileno(), self._heard)

    def shut(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop listening."""
        if self._socket is not None:
            loop.remove_reader(self._socket.fileno())
            self._socket.close()
            socket_path(self._folder, self._worker).unlink(missing_ok=True)

    def claim(self, terminal: str, link: Link) -> None:
        """The link has authenticated as the terminal: it is the one from now on."""
        now = time.monotonic_ns()
        before = self._online.get(terminal)
        self._online[terminal] = (link, now)
        if before is not None and before[0] is not link:
            self._close(before[0], "takeover")
        if self._socket is None:
            return
        said = json.dumps([terminal, now, self._worker]).encode("ascii")
        for other in self._others:
            task = asyncio.ensure_future(self._tell(other, said))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, other: int, said: bytes) -> None:
        """Send a claim to one worker, again while its buffer is full; a dead worker holds no link."""
        assert self._socket is not None
        for _ in range(_RETRIES):
            try:
                self._socket.sendto(said, str(socket_path(self._folder, other)))
            except BlockingIOError:
                await asyncio.sleep(_RETRY_S)
                continue
            except (FileNotFoundError, ConnectionRefusedError):
                return
            return
        log.warning("claim_not_delivered", worker=other)

    def _heard(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(BlockingIOError):
            while True:
                terminal, when, worker = json.loads(self._socket.recv(_LARGEST))
                mine = self._online.get(terminal)
                if mine is not None and (mine[1], self._worker) < (when, worker):
                    self._close(mine[0], "takeover_elsewhere")

    def forget(self, link: Link) -> None:
        """The link is gone."""
        keys = [link.terminal] if link.terminal else []
        keys += [session.terminal for session in (link.sessions or {}).values()]
        for key in keys:
            mine = self._online.get(key)
            if mine is not None and mine[0] is link:
                del self._online[key]
