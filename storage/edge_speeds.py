"""Read side of measured speeds: sums of all vehicles per edge and hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from domain.units import instant
from storage.columns import rows_of

BINS = 16

EDGE_HOUR = np.dtype(
    [("edge_key", "<u8"), ("hour_ms", "<i8"), ("count", "<i4"), ("travel_mm", "<i8"), ("travel_ms", "<i8"), ("histogram", "<i4", (BINS,))]
)
"""One edge in one hour, as `tracking.edge_speeds.EDGE_SPEED`: stable key, epoch ms, traversals, millimetres and milliseconds moving
over all of them, traversals by speed."""

_SUMS = np.dtype([("edge_key", "<i8"), ("hour_ms", "<i8"), ("count", "<i4"), ("travel_mm", "<i8"), ("travel_ms", "<i8")])
_ARRAY = np.dtype([("head", ">i4", (5,)), ("bins", [("length", ">i4"), ("value", ">i4")], (BINS,))])
"""An int[] as `array_send` writes it: dimensions, nulls, type, size, lower bound; before each number its length."""


def edge_hours(conn: psycopg.Connection[Any], start_ms: int, end_ms: int) -> NDArray[Any]:
    """(n,) `EDGE_HOUR` of the hours in [start_ms, end_ms), by edge and hour."""
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(
            """
            select string_agg(int8send(edge_key), '' order by edge_key, hour),
                   string_agg(timestamptz_send(hour), '' order by edge_key, hour),
                   string_agg(int4send(count), '' order by edge_key, hour),
                   string_agg(int8send(travel_mm), '' order by edge_key, hour),
                   string_agg(int8send(travel_ms), '' order by edge_key, hour),
                   string_agg(array_send(histogram), '' order by edge_key, hour)
              from edge_speed_hour
             where hour >= %(start)s
               and hour < %(end)s
            """,
            {"start": instant(start_ms), "end": instant(end_ms)},
        ).fetchone()
    assert row is not None
    sums = rows_of(row[:5], _SUMS, frozenset(("hour_ms",)))
    rows = np.zeros(len(sums), EDGE_HOUR)
    rows["edge_key"] = sums["edge_key"].astype(np.uint64)
    for name in ("hour_ms", "count", "travel_mm", "travel_ms"):
        rows[name] = sums[name]
    if row[5] is not None:
        rows["histogram"] = np.frombuffer(row[5], _ARRAY)["bins"]["value"]
    return rows


_TOTAL = np.dtype([("edge_key", "<i8"), ("count", "<i4"), ("travel_mm", "<i8"), ("travel_ms", "<i8")])


def edge_sums(conn: psycopg.Connection[Any], start_ms: int, end_ms: int, edge_keys: NDArray[np.uint64]) -> NDArray[Any]:
    """(n,) `EDGE_HOUR` of the edges named, each edge's hours in [start_ms, end_ms) added up; hour_ms is 0, the histogram is not read."""
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(
            """
            with sums as (
                 select edge_key, sum(count)::int as count, sum(travel_mm)::bigint as travel_mm, sum(travel_ms)::bigint as travel_ms
                   from edge_speed_hour
                  where hour >= %(start)s
                    and hour < %(end)s
                    and edge_key = any(%(keys)s::bigint[])
                  group by edge_key)
            select string_agg(int8send(edge_key), '' order by edge_key), string_agg(int4send(count), '' order by edge_key),
                   string_agg(int8send(travel_mm), '' order by edge_key), string_agg(int8send(travel_ms), '' order by edge_key)
              from sums
            """,
            {"start": instant(start_ms), "end": instant(end_ms), "keys": edge_keys.view(np.int64).tolist()},
        ).fetchone()
    assert row is not None
    sums = rows_of(row, _TOTAL, frozenset())
    rows = np.zeros(len(sums), EDGE_HOUR)
    rows["edge_key"] = sums["edge_key"].astype(np.uint64)
    for name in ("count", "travel_mm", "travel_ms"):
        rows[name] = sums[name]
    return rows


@dataclass(frozen=True, slots=True)
class MeasuredHour:
    """An hour with measured speeds: on how many edges, from how many traversals."""

    hour: datetime
    edges: int
    traversals: int


def measured_hours(conn: psycopg.Connection[Any], start_ms: int, end_ms: int) -> list[MeasuredHour]:
    """Hours in [start_ms, end_ms) that have measured speeds, in order."""
    with conn.cursor(row_factory=class_row(MeasuredHour)) as cursor:
        return cursor.execute(
            """
            select hour, count(*)::int as edges, sum(count)::int as traversals
              from edge_speed_hour
             where hour >= %(start)s
               and hour < %(end)s
             group by hour
             order by hour
            """,
            {"start": instant(start_ms), "end": instant(end_ms)},
        ).fetchall()


def newest_hour(conn: psycopg.Connection[Any]) -> datetime | None:
    """The last hour with measured speeds; None when there are none."""
    row = conn.execute("select max(hour) from edge_speed_hour").fetchone()
    return row[0] if row else None
