"""Keeps a gateway's copy of the registry fresh: on notice and every half minute. With the database away the old copy stays."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import structlog

from domain.plate import Plate
from ingest.gateway.registry_copy import KnownTerminal, RegistryCopy
from storage import registry

log = structlog.get_logger()

_RETRY_S = 5.0
_CHANNEL = "cuntong_roster"


def _known(row: registry.RosterRow) -> KnownTerminal:
    return KnownTerminal(row.vehicle_id, row.state, row.generation, row.given_code, row.profile, row.maker or "", row.model or "")


class RegistryRefresher(threading.Thread):
    """A thread with a connection of its own.

    Args:
        dsn: database; copy: what is refreshed; period_s: longest time between two readings.
    """

    def __init__(self, dsn: str, copy: RegistryCopy, period_s: float) -> None:
        super().__init__(name="registry-refresh", daemon=True)
        self._dsn = dsn
        self._copy = copy
        self._period_s = period_s
        self._stopping = threading.Event()

    def run(self) -> None:
        """Refresh until `stop`."""
        while not self._stopping.is_set():
            try:
                self._follow()
            except (psycopg.Error, OSError) as error:
                log.warning("registry_not_read", reason=type(error).__name__, age_s=round(self._copy.age_s(time.time_ns() // 1_000_000)))
                self._stopping.wait(_RETRY_S)

    def _follow(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as conn:
            conn.execute(f"listen {_CHANNEL}")
            while not self._stopping.is_set():
                self._read(conn)
                for _ in conn.notifies(timeout=self._period_s, stop_after=1):
                    pass

    def _read(self, conn: psycopg.Connection[Any]) -> None:
        terminals = [(row.terminal_id, _known(row)) for row in registry.roster(conn)]
        vehicles = [
            (Plate(row.plate, row.plate_colour), row.vehicle_id)
            for row in registry.vehicles(conn)
            if row.plate is not None and row.plate_colour is not None
        ]
        self._copy.replace(terminals, vehicles, time.time_ns() // 1_000_000)
        self._copy.save()

    def stop(self) -> None:
        """End the thread; it wakes within the period and is a daemon, so nobody waits for it."""
        self._stopping.set()
