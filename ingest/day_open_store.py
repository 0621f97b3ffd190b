"""The queue of the day that is under way: marks that live for one round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from domain.units import day_bounds, epoch_ms, instant
from ingest.due_store import Ticket

Connection = psycopg.Connection[Any]

OPEN = "open"
"""Reason of a mark of a day that is not over."""


def last_fixes(conn: Connection, day: date) -> dict[int, int]:
    """Time of the newest fix of every vehicle that has one on the day, epoch ms."""
    begin, end = day_bounds(day)
    rows = conn.execute(
        """
        select vehicle_id, time
          from vehicle_last
         where time >= %(begin)s
           and time < %(end)s
         order by vehicle_id
        """,
        {"begin": instant(begin), "end": instant(end)},
    ).fetchall()
    return {vehicle_id: epoch_ms(time) for vehicle_id, time in rows}


def mark(conn: Connection, day: date, vehicle_ids: Sequence[int]) -> list[Ticket]:
    """Tickets for the day of some vehicles; those that wait for another reason, such as a failure, are left to it."""
    rows = conn.execute(
        """
        insert into due_day (vehicle_id, day, reason)
        select vehicle_id, %(day)s, %(reason)s
          from unnest(%(vehicles)s::int[]) as m(vehicle_id)
         order by vehicle_id
            on conflict (vehicle_id, day) do nothing
        returning day, vehicle_id, last_marked
        """,
        {"day": day, "vehicles": list(vehicle_ids), "reason": OPEN},
    ).fetchall()
    return sorted(Ticket(*row) for row in rows)


def unmark(conn: Connection, day: date) -> set[int]:
    """Remove the marks of a round that nobody came to; of which vehicles."""
    rows = conn.execute(
        "delete from due_day where day = %(day)s and reason = %(reason)s and failures = 0 returning vehicle_id",
        {"day": day, "reason": OPEN},
    ).fetchall()
    return {row[0] for row in rows}
