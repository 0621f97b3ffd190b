"""Brings the live state one tick forward from the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from api.live.fleet import Fleet
from api.live.state import LiveState
from domain.errors import StoreError
from storage.live import Changes, changed_since
from storage.scope import scoped, service

Pool = ConnectionPool[psycopg.Connection[Any]]
Rows = tuple[Changes, Any]


class LiveSource:
    """Newest fixes every tick, the registry every `registry_s` seconds.

    Args:
        pool: of role "app".
        fleet: the registry's image that is kept up to date.
        registry_s: seconds between readings of the registry.
    """

    def __init__(self, pool: Pool, fleet: Fleet, registry_s: float) -> None:
        self._pool = pool
        self._fleet = fleet
        self._registry_s = registry_s
        self._cursor: int | None = None
        self._registry_at = float("-inf")
        self.on_registry: Callable[[], None] = lambda: None

    async def refresh(self, state: LiveState) -> float:
        """One tick; its time, epoch ms. The database is read in a thread, the state written in the loop.

        Raises:
            StoreError: the database does not answer; the state is unchanged.
        """
        due = time.monotonic() - self._registry_at >= self._registry_s
        try:
            changes, registry = await asyncio.to_thread(self._read, due)
        except (psycopg.Error, PoolTimeout) as error:
            raise StoreError(f"live positions: {error}", retriable=True) from error
        if registry is not None:
            self._registry_at = time.monotonic()
            before = self._fleet.etag
            members = self._fleet.take(registry)
            state.enrol(members.vehicle_id, members.region, members.operator)
            if self._fleet.etag != before:
                self.on_registry()
        self._cursor = changes.cursor
        state.advance(changes.rows, time.time() * 1000)
        return state.t_ms

    def _read(self, with_registry: bool) -> Rows:
        with scoped(self._pool, service("live")) as conn:
            registry = self._fleet.read(conn) if with_registry else None
            return changed_since(conn, self._cursor), registry
