"""The way that each vehicle drove as the live matcher committed it, provisional until the worker has computed the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.units import DAY_MS, day_bounds, day_of, instant
from storage.copy import Column, copy_rows

Connection = psycopg.Connection[Any]
Array = NDArray[Any]

KEPT_DAYS = 3
"""Whole days before today whose provisional ways are kept at most: the worker has computed them, or cannot."""
OFF_ROAD = 0
"""edge_key of a part off the road; null in the table."""
_NO_MM = -1

PART = np.dtype(
    [
        ("t_ms", "<i8"), ("edge_key", "<i8"), ("vehicle_id", "<i4"), ("number", "<i4"), ("part", "<i4"), ("from_mm", "<i4"),
        ("to_mm", "<i4"), ("leg_mm", "<i4"), ("reason", "<i2"),
    ]
)  # fmt: skip
"""A part of the way to a committed fix; see table `provisional_path`. from_mm, to_mm -1 off the road."""

_COLUMNS = (
    Column("t_ms", "timestamptz"), Column("edge_key", "int8", OFF_ROAD), Column("vehicle_id", "int4"), Column("number", "int4"),
    Column("part", "int4"), Column("from_mm", "int4", _NO_MM), Column("to_mm", "int4", _NO_MM), Column("leg_mm", "int4"),
    Column("reason", "int2"),
)  # fmt: skip


def prepare(conn: Connection) -> None:
    """Make the temporary table of this connection; it is emptied at each commit."""
    conn.execute("create temporary table if not exists staging_path (like provisional_path) on commit delete rows")


def put(conn: Connection, parts: Array) -> None:
    """Store parts; what stands there already stays, and a day that is over and has its own match takes no more.

    Args:
        parts: (n,) `PART`.
    """
    if not len(parts):
        return
    copy_rows(
        conn,
        """
        copy staging_path (time, edge_key, vehicle_id, number, part, from_mm, to_mm, leg_mm, reason) from stdin (format binary)
        """,
        parts,
        _COLUMNS,
    )
    conn.execute(
        """
        insert into provisional_path (time, edge_key, vehicle_id, number, part, from_mm, to_mm, leg_mm, reason)
        select time, edge_key, vehicle_id, number, part, from_mm, to_mm, leg_mm, reason
          from staging_path s
         where s.time >= (now() at time zone 'Asia/Shanghai')::date::timestamp at time zone 'Asia/Shanghai'
            or not exists (select
                             from vehicle_day d
                            where d.vehicle_id = s.vehicle_id
                              and d.day = (s.time at time zone 'Asia/Shanghai')::date)
            on conflict (vehicle_id, number, part, time) do nothing
        """
    )


def give_way(conn: Connection, vehicle_ids: Sequence[int], days: Sequence[date]) -> None:
    """Delete the ways of vehicle-days whose own match is stored in this transaction. A day under way keeps its: it goes on."""
    if not days:
        return
    conn.execute(
        """
        delete from provisional_path p
         using unnest(%(vehicles)s::int[], %(days)s::date[]) as m(vehicle_id, day)
         where p.vehicle_id = m.vehicle_id
           and p.time >= m.day::timestamp at time zone 'Asia/Shanghai'
           and p.time < (m.day + 1)::timestamp at time zone 'Asia/Shanghai'
           and p.time >= %(first)s
           and p.time < %(last)s
           and now() >= (m.day + 1)::timestamp at time zone 'Asia/Shanghai'
        """,
        {
            "vehicles": list(vehicle_ids),
            "days": list(days),
            "first": instant(day_bounds(min(days))[0]),
            "last": instant(day_bounds(max(days))[1]),
        },
    )


def drop_old(conn: Connection, now_ms: int) -> None:
    """Drop the ways of days that nobody asks for any more. Needs the owner; the caller commits."""
    border = day_bounds(day_of(now_ms - KEPT_DAYS * DAY_MS))[0] // DAY_MS * DAY_MS
    conn.execute("select drop_chunks('provisional_path'::regclass, %(older_than)s::timestamptz)", {"older_than": instant(border)})
