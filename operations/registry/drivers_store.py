"""Who drives what: the table `vehicle_driver`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[Any]


def assigned(conn: Connection, vehicle_id: int) -> list[dict[str, Any]]:
    """Drivers of a vehicle that the asker may see, newest first, at most 1,000."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select a.vehicle_id, a.driver_id, d.name, a.valid_from, a.valid_to
              from vehicle_driver a
              join driver d on d.driver_id = a.driver_id
             where a.vehicle_id = %(vehicle_id)s
             order by a.valid_from desc, a.driver_id
             limit 1000
            """,
            {"vehicle_id": vehicle_id},
        ).fetchall()


def assign(conn: Connection, vehicle_id: int, driver_id: int, at: datetime) -> None:
    """Open a row unless one is open; psycopg.errors.InsufficientPrivilege where the asker sees not both."""
    conn.execute(
        """
        insert into vehicle_driver (vehicle_id, driver_id, valid_from)
        values (%(vehicle_id)s, %(driver_id)s, %(at)s)
            on conflict do nothing
        """,
        {"vehicle_id": vehicle_id, "driver_id": driver_id, "at": at},
    )


def release(conn: Connection, vehicle_id: int, driver_id: int, at: datetime) -> bool:
    """Close the open row; False: there is none that the asker may see."""
    return (
        conn.execute(
            """
            update vehicle_driver
               set valid_to = greatest(%(at)s, valid_from)
             where vehicle_id = %(vehicle_id)s
               and driver_id = %(driver_id)s
               and valid_to is null
            """,
            {"vehicle_id": vehicle_id, "driver_id": driver_id, "at": at},
        ).rowcount
        == 1
    )
