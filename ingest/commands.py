"""Follows the commands that are asked for, and reports what became of them. With the database away nothing is sent, nothing else suffers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import psycopg
import structlog

from ingest import command_store
from ingest.command_store import BUSY, Claimed, Outcome
from storage.pool import connect
from storage.terminal_commands import CHANNEL

log = structlog.get_logger()

_RETRY_S = 5.0
_TICK_S = 0.25
_LOOK_S = 2.0
_WANTED_S = 4.0
_SWEEP_S = 30.0


class Deliveries(Protocol):
    """The worker's side: a `Dispatcher`."""

    @property
    def newcomers(self) -> Any:
        """Terminals that came on line, to be taken from the left."""

    @property
    def outcomes(self) -> Any:
        """Ends of commands, to be taken from the left."""


class CommandFollower(threading.Thread):
    """A thread with a connection of its own; several workers and machines may follow one database.

    Args:
        dsn: database; gateway: name of this worker.
        deliveries: where newcomers and outcomes stand.
        online: ids of the terminals on line here.
        deliver: hands commands to the worker; called in this thread.
    """

    def __init__(
        self, dsn: str, gateway: str, deliveries: Deliveries, online: Callable[[], list[str]], deliver: Callable[[list[Claimed]], None]
    ) -> None:
        super().__init__(name="commands", daemon=True)
        self._dsn = dsn
        self._gateway = gateway
        self._deliveries = deliveries
        self._online = online
        self._deliver = deliver
        self._wanted: dict[str, float] = {}
        self._unwritten: list[Outcome] = []
        self._stopping = threading.Event()

    def run(self) -> None:
        """Follow until `stop`."""
        while not self._stopping.is_set():
            try:
                self._follow()
            except (psycopg.Error, OSError) as error:
                log.warning("commands_wait", reason=type(error).__name__, next="nothing is sent down until the database is back")
                self._stopping.wait(_RETRY_S)

    def stop(self) -> None:
        """End the thread and wait until the last outcomes are written, or the database is found away."""
        self._stopping.set()
        self.join(2 * _TICK_S + 5.0)

    def _follow(self) -> None:
        with connect(self._dsn, "ingest") as conn:
            conn.autocommit = True
            conn.execute(f"listen {CHANNEL}")
            looked = swept = 0.0
            while not self._stopping.is_set():
                self._write(conn)
                now = time.monotonic()
                if now - swept > _SWEEP_S:
                    swept = now
                    with conn.transaction():
                        self._want(command_store.sweep(conn))
                    self._want(self._online(), 0.0)
                told = {notice.payload for notice in conn.notifies(timeout=_TICK_S, stop_after=1)}
                newcomers = set(_taken(self._deliveries.newcomers))
                if told or now - looked > _LOOK_S:
                    looked = now
                    with conn.transaction():
                        self._want(command_store.admit(conn))
                self._want(told | newcomers)
                self._send(conn)
            self._write(conn)

    def _send(self, conn: psycopg.Connection[Any]) -> None:
        """Claim what waits for terminals that are here, and hand it over."""
        here = self._wanted.keys() & set(self._online()) if self._wanted else set()
        now = time.monotonic()
        self._wanted = {terminal: until for terminal, until in self._wanted.items() if until > now}
        if not here:
            return
        with conn.transaction():
            claimed = command_store.claim(conn, sorted(here), self._gateway)
        if claimed:
            self._deliver(claimed)

    def _write(self, conn: psycopg.Connection[Any]) -> None:
        """Report ends; what cannot be written now is written when the database is back."""
        self._unwritten += _taken(self._deliveries.outcomes)
        if not self._unwritten:
            return
        with conn.transaction():
            command_store.record(conn, self._unwritten)
        self._want({one.terminal_id for one in self._unwritten if one.end != BUSY})
        self._unwritten = []

    def _want(self, terminals: Iterable[str], for_s: float = _WANTED_S) -> None:
        """Look for commands of these terminals, at once and for a while: another worker may be admitting one right now."""
        until = time.monotonic() + for_s
        self._wanted.update(dict.fromkeys(terminals, until))


def _taken(queue: Any) -> Iterable[Any]:
    """What stands in a queue by now, taken out of it."""
    return [queue.popleft() for _ in range(len(queue))]
