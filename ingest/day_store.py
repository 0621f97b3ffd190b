"""Vehicle-days that late rows have touched: marked by the pipeline, taken and cleared by the worker.

Marks of two kinds: `dirty_day`, for hourly figures and the archive, holds the day of each fix; `due_day` (see `due_store`), for the
vehicle-day, holds every day whose window has the fix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg

from domain.units import DAY_MS, day_of, instant
from ingest import due_store

Connection = psycopg.Connection[Any]
Array = np.ndarray[Any, Any]

CORRECTED = "corrected"
"""Reason of a mark whose stored rows replace the archived ones."""

_OFFSET_MS = 8 * 3_600_000


@dataclass(frozen=True, slots=True)
class DirtyDay:
    """One mark; last_marked is what `clear` compares."""

    vehicle_id: int
    day: date
    last_marked: datetime
    reason: str


def mark_dirty(conn: Connection, vehicle_ids: Array, times: Array, rows: Array | None = None, reason: str = "late") -> int:
    """Mark the Asia/Shanghai days of stored fixes, and queue the vehicle-days to be computed again; number of days marked.

    Args:
        vehicle_ids: (n,) int32; times: (n,) int64, epoch ms UTC; rows: (n,) int64, fixes that each entry stands for, None: 1.
        reason: "late" or `CORRECTED`; a corrected mark stays corrected.
    """
    if not len(vehicle_ids):
        return 0
    days = (times + _OFFSET_MS) // DAY_MS
    keys, place = np.unique(np.stack([vehicle_ids.astype(np.int64), days], axis=1), axis=0, return_inverse=True)
    weights = np.ones(len(times), np.int64) if rows is None else rows
    counts = np.bincount(place.ravel(), weights=weights).astype(np.int64)
    conn.execute(
        """
        insert into dirty_day (vehicle_id, day, first_marked, last_marked, late_rows, reason)
        select vehicle_id, day, clock_timestamp(), clock_timestamp(), late_rows, %(reason)s
          from unnest(%(vehicles)s::int[], %(days)s::date[], %(rows)s::int[]) as m(vehicle_id, day, late_rows)
         order by vehicle_id, day
            on conflict (vehicle_id, day)
            do update set last_marked = excluded.last_marked,
                          late_rows = dirty_day.late_rows + excluded.late_rows,
                          reason = case when dirty_day.reason = %(corrected)s then dirty_day.reason else excluded.reason end
        """,
        {
            "vehicles": keys[:, 0].tolist(),
            "days": [day_of(day * DAY_MS - _OFFSET_MS) for day in keys[:, 1].tolist()],
            "rows": counts.tolist(),
            "reason": reason,
            "corrected": CORRECTED,
        },
    )
    due_store.mark_touched(conn, vehicle_ids, times, reason)
    return len(keys)


def settled(conn: Connection, now_ms: int, settle_min: int, limit: int = 10_000) -> list[DirtyDay]:
    """Marks without further marks for `settle_min`, oldest day first, then by vehicle."""
    rows = conn.execute(
        """
        select vehicle_id, day, last_marked, reason
          from dirty_day
         where last_marked <= %(before)s
         order by day, vehicle_id
         limit %(limit)s
        """,
        {"before": instant(now_ms - settle_min * 60_000), "limit": limit},
    ).fetchall()
    return [DirtyDay(*row) for row in rows]


def clear(conn: Connection, marks: Sequence[DirtyDay]) -> int:
    """Remove the marks that have not moved since they were read; how many."""
    if not marks:
        return 0
    return conn.execute(
        """
        delete from dirty_day d
         using unnest(%(vehicles)s::int[], %(days)s::date[], %(seen)s::timestamptz[]) as m(vehicle_id, day, seen)
         where d.vehicle_id = m.vehicle_id
           and d.day = m.day
           and d.last_marked = m.seen
        """,
        {
            "vehicles": [mark.vehicle_id for mark in marks],
            "days": [mark.day for mark in marks],
            "seen": [mark.last_marked for mark in marks],
        },
    ).rowcount


def waiting(conn: Connection) -> int:
    """Number of vehicle-days marked dirty."""
    row = conn.execute("select count(*) from dirty_day").fetchone()
    return int(row[0]) if row else 0


def dirty_before(conn: Connection, day: date) -> list[date]:
    """Days before the given one that are marked dirty, in order."""
    rows = conn.execute("select distinct day from dirty_day where day < %(day)s order by day", {"day": day}).fetchall()
    return [row[0] for row in rows]
