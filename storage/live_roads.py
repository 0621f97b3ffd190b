"""Read side of live matching: where each vehicle is on the roads, and the way it drove, provisional until its day is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from domain.units import day_bounds, instant
from storage.columns import rows_of

Connection = psycopg.Connection[Any]

WAY_PART = np.dtype(
    [
        ("t_ms", "<i8"), ("edge_key", "<i8"), ("number", "<i4"), ("part", "<i4"), ("from_mm", "<i4"), ("to_mm", "<i4"), ("leg_mm", "<i4"),
        ("reason", "<i2"),
    ]
)  # fmt: skip
"""A part of an edge that was driven to reach the committed fix number, or that fix off the road: edge_key 0, from_mm and to_mm -1.
leg_mm: from the committed fix before, in the first part of a fix alone; reason as in `tracking.matched`, 0 when the way goes on."""


@dataclass(frozen=True, slots=True)
class OnRoad:
    """Where a vehicle was at its newest fix, as far as it was matched; None: unknown.

    road_state and road_class as numbered in `tracking.matched` and `tracking.network.model`; road, ref: name and number, None off the
    road and where it has none; along_m from the edge's start; limit_kmh the higher one in doubt; confidence in per cent; today_m driven
    since midnight of the fix's Asia/Shanghai day, the part that may still change included.
    """

    vehicle_id: int
    at: datetime
    road_state: int | None
    road_class: int | None
    road: str | None
    ref: str | None
    edge_id: int | None
    along_m: int | None
    limit_kmh: int | None
    confidence: int | None
    today_m: int | None


def on_roads(conn: Connection, vehicle_ids: Sequence[int] | None = None) -> list[OnRoad]:
    """Vehicles that the asker may see, by number; vehicle_ids None: all of them."""
    with conn.cursor(row_factory=class_row(OnRoad)) as cursor:
        return cursor.execute(
            """
            select l.vehicle_id, l.time as at, l.road_state, l.road_class, nullif(r.name, '') as road, nullif(r.ref, '') as ref, l.edge_id,
                   l.along_m, l.limit_kmh, l.confidence, l.today_m
              from vehicle_last_seen l
              left join road r on r.road_id = l.road_id
             where %(all)s
                or l.vehicle_id = any(%(vehicles)s::int[])
             order by l.vehicle_id
            """,
            {"all": vehicle_ids is None, "vehicles": list(vehicle_ids or ())},
        ).fetchall()


def provisional_way(conn: Connection, vehicle_id: int, day: date) -> NDArray[Any]:
    """(n,) `WAY_PART` of an Asia/Shanghai day, in the order of driving; what the day's own match says counts more."""
    begin, end = day_bounds(day)
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(
            """
            select string_agg(timestamptz_send(time), '' order by number, part),
                   string_agg(int8send(coalesce(edge_key, 0)), '' order by number, part),
                   string_agg(int4send(number), '' order by number, part),
                   string_agg(int4send(part), '' order by number, part),
                   string_agg(int4send(coalesce(from_mm, -1)), '' order by number, part),
                   string_agg(int4send(coalesce(to_mm, -1)), '' order by number, part),
                   string_agg(int4send(leg_mm), '' order by number, part),
                   string_agg(int2send(reason), '' order by number, part)
              from provisional_path_seen
             where vehicle_id = %(vehicle_id)s
               and time >= %(begin)s
               and time < %(end)s
            """,
            {"vehicle_id": vehicle_id, "begin": instant(begin), "end": instant(end)},
        ).fetchone()
    assert row is not None
    return rows_of(row, WAY_PART, frozenset(("t_ms",)))
