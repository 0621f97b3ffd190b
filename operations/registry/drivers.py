"""Who drives what. A driver's account sees the vehicles that the driver is assigned to at the moment, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg

from domain.errors import RefusedError
from operations.registry import drivers_store as store
from operations.registry import masters
from operations.registry.entities import DRIVERS, VEHICLES

Connection = psycopg.Connection[Any]


def assigned(conn: Connection, vehicle_id: int) -> list[dict[str, Any]]:
    """Drivers of a vehicle, newest first: vehicle_id, driver_id, name, valid_from, valid_to (None: still).

    Raises:
        RefusedError: "missing": the asker sees no such vehicle.
    """
    masters.one(conn, VEHICLES, vehicle_id)
    return store.assigned(conn, vehicle_id)


def assign(conn: Connection, vehicle_id: int, driver_id: int, at: datetime | None = None) -> None:
    """Let a driver drive a vehicle from `at` (now) on; who is assigned already stays so.

    Raises:
        RefusedError: "missing": the asker sees no such vehicle or driver; "forbidden": the role writes nothing.
    """
    masters.one(conn, VEHICLES, vehicle_id)
    masters.one(conn, DRIVERS, driver_id)
    with _allowed():
        store.assign(conn, vehicle_id, driver_id, at or datetime.now(UTC))


def release(conn: Connection, vehicle_id: int, driver_id: int, at: datetime | None = None) -> None:
    """A driver drives a vehicle no longer; the row stays as history.

    Raises:
        RefusedError: "missing": not assigned, or not to be seen; "forbidden": the role writes nothing.
    """
    with _allowed():
        done = store.release(conn, vehicle_id, driver_id, at or datetime.now(UTC))
    if not done:
        raise RefusedError(f"driver {driver_id} is not assigned to vehicle {vehicle_id}", field="driver_id", kind="missing")


@contextmanager
def _allowed() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError("this role assigns no drivers: ask the operator's staff", field="driver_id", kind="forbidden") from error
