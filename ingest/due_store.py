"""The queue of vehicle-days to be computed. A mark is the ticket: who still finds it as he read it may replace the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg

from domain.units import DAY_MS, day_bounds, day_of, instant
from ingest import roll_up_store

Connection = psycopg.Connection[Any]
Array = np.ndarray[Any, Any]

MARGIN_MS = 900_000
"""A day's window has so much before and after it (`DayParameters.margin_s`)."""
QUEUED = "days_queued"
"""Watermark: days that ended before it have been queued once."""
NEW = "new"
"""Reason of a mark of a day that was never computed: its window has settled."""
CHANGED = "day.changed"
"""Topic of the outbox: something besides its fixes that a day depends on."""

_OFFSET_MS = 8 * 3_600_000


@dataclass(frozen=True, slots=True, order=True)
class Ticket:
    """A vehicle-day to be computed, as its mark was read."""

    day: date
    vehicle_id: int
    last_marked: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Days first to last, of some vehicles; None: of all."""

    first: date
    last: date
    vehicle_ids: tuple[int, ...] | None = None


def closed(day: date, sealed_ms: int) -> bool:
    """True when the day's window is over: what is stored into it from now on marks it."""
    return day_bounds(day)[1] + MARGIN_MS <= sealed_ms


def mark_touched(conn: Connection, vehicle_ids: Array, times: Array, reason: str) -> None:
    """Queue exactly the days whose window holds one of the fixes, in the transaction that stores them.

    A day whose window is still open is not queued: `queue_closed` does that when it is over.

    Args:
        vehicle_ids: (n,) int32; times: (n,) int64, epoch ms UTC.
    """
    sealed = roll_up_store.watermark(conn, roll_up_store.SEALED)
    keys: set[tuple[int, int]] = set()
    for shift in (-MARGIN_MS, MARGIN_MS):
        days = (times + shift + _OFFSET_MS) // DAY_MS
        over = (days + 1) * DAY_MS - _OFFSET_MS + MARGIN_MS <= sealed
        keys |= set(zip(vehicle_ids[over].tolist(), days[over].tolist(), strict=True))
    enqueue(conn, [(vehicle, day_of(day * DAY_MS - _OFFSET_MS)) for vehicle, day in sorted(keys)], reason)


def enqueue(conn: Connection, keys: Sequence[tuple[int, date]], reason: str) -> int:
    """Queue vehicle-days; those that wait already are marked again and their failures forgotten; how many."""
    if not keys:
        return 0
    return conn.execute(
        """
        insert into due_day (vehicle_id, day, reason)
        select vehicle_id, day, %(reason)s
          from unnest(%(vehicles)s::int[], %(days)s::date[]) as m(vehicle_id, day)
         order by vehicle_id, day
            on conflict (vehicle_id, day)
            do update set last_marked = clock_timestamp(),
                          reason = excluded.reason,
                          failures = 0,
                          failure = null,
                          not_before = null
        """,
        {"vehicles": [key[0] for key in keys], "days": [key[1] for key in keys], "reason": reason},
    ).rowcount


def queue_closed(conn: Connection) -> int:
    """Queue the days whose window closed since the last call, for every vehicle with a fix on them; how many vehicle-days.

    The first call begins at the oldest fix in the hot table.
    """
    sealed = roll_up_store.watermark(conn, roll_up_store.SEALED)
    at = roll_up_store.watermark(conn, QUEUED)
    queued = 0
    while (first := roll_up_store.next_fix_ms(conn, max(at, 0), sealed)) is not None and closed(day_of(first), sealed):
        day = day_of(first)
        queued += enqueue(conn, [(vehicle, day) for vehicle in vehicles_of(conn, day)], NEW)
        at = day_bounds(day)[1]
        roll_up_store.advance(conn, QUEUED, at)
    return queued


def take_changes(conn: Connection) -> int:
    """Queue the computed days that outbox messages `day.changed` (vehicle, from, to, reason) name, and close the messages; how many of these."""
    rows = conn.execute(
        """
        update outbox
           set done_at = now()
         where id in (select id
                        from outbox
                       where topic = %(topic)s
                         and done_at is null
                       order by id
                       limit 10000
                         for update skip locked)
        returning (payload ->> 'vehicle')::int, (payload ->> 'from')::date, (payload ->> 'to')::date, payload ->> 'reason'
        """,
        {"topic": CHANGED},
    ).fetchall()
    for vehicle_id, first, last, reason in sorted(rows, key=str):
        stored = conn.execute(
            """
            select day
              from vehicle_day
             where vehicle_id = %(vehicle_id)s
               and day between %(first)s and %(last)s
             order by day
            """,
            {"vehicle_id": vehicle_id, "first": first, "last": last},
        ).fetchall()
        enqueue(conn, [(vehicle_id, row[0]) for row in stored], reason or "changed")
    return len(rows)


def vehicles_of(conn: Connection, day: date, vehicle_ids: Sequence[int] | None = None) -> list[int]:
    """Vehicles with a fix on the day, stored or archived (as the hourly figures tell), in order."""
    start, end = day_bounds(day)
    rows = conn.execute(
        """
        select v.vehicle_id
          from vehicle v
         where (%(all)s or v.vehicle_id = any(%(vehicles)s::int[]))
           and (exists (select
                          from positions p
                         where p.vehicle_id = v.vehicle_id
                           and p.time >= %(start)s
                           and p.time < %(end)s)
                or exists (select
                             from vehicle_hour h
                            where h.vehicle_id = v.vehicle_id
                              and h.hour >= %(start)s
                              and h.hour < %(end)s))
         order by v.vehicle_id
        """,
        {"start": instant(start), "end": instant(end), "all": vehicle_ids is None, "vehicles": list(vehicle_ids or ())},
    ).fetchall()
    return [row[0] for row in rows]


def tickets(conn: Connection, now_ms: int, settle_min: int, span: Span | None = None, limit: int = 100_000) -> list[Ticket]:
    """Marks without further marks for `settle_min`, and days just closed; oldest day first, then by vehicle; failed ones when their pause is over.

    Args:
        span: only these days and vehicles; None: all.
    """
    chosen = span or Span(date.min, date.max)
    rows = conn.execute(
        """
        select day, vehicle_id, last_marked
          from due_day
         where (last_marked <= %(before)s or reason = %(new)s)
           and (not_before is null or not_before <= %(now)s)
           and day between %(first)s and %(last)s
           and (%(all)s or vehicle_id = any(%(vehicles)s::int[]))
         order by day, vehicle_id
         limit %(limit)s
        """,
        {
            "before": instant(now_ms - settle_min * 60_000),
            "new": NEW,
            "now": instant(now_ms),
            "first": chosen.first,
            "last": chosen.last,
            "all": chosen.vehicle_ids is None,
            "vehicles": list(chosen.vehicle_ids or ()),
            "limit": limit,
        },
    ).fetchall()
    return [Ticket(*row) for row in rows]


def take(conn: Connection, wanted: Sequence[Ticket]) -> set[tuple[int, date]]:
    """Remove the marks that nobody has moved or is moving; (vehicle, day) of those: the caller may replace these days and no others."""
    rows = conn.execute(
        """
        with held as (
            select d.vehicle_id, d.day
              from due_day d
              join unnest(%(vehicles)s::int[], %(days)s::date[], %(seen)s::timestamptz[]) as m(vehicle_id, day, seen)
                on m.vehicle_id = d.vehicle_id
               and m.day = d.day
               and m.seen = d.last_marked
             order by d.vehicle_id, d.day
               for update of d skip locked
        )
        delete from due_day d
         using held h
         where d.vehicle_id = h.vehicle_id
           and d.day = h.day
        returning d.vehicle_id, d.day
        """,
        {
            "vehicles": [ticket.vehicle_id for ticket in wanted],
            "days": [ticket.day for ticket in wanted],
            "seen": [ticket.last_marked for ticket in wanted],
        },
    ).fetchall()
    return {(row[0], row[1]) for row in rows}


def put_off(conn: Connection, ticket: Ticket, reason: str, now_ms: int) -> None:
    """Note why the day could not be computed; it is tried again after an hour, then after two, four, at most 24."""
    conn.execute(
        """
        update due_day
           set failures = failures + 1,
               failure = %(reason)s,
               not_before = %(now)s + least(interval '1 hour' * 2 ^ failures, interval '24 hours')
         where vehicle_id = %(vehicle_id)s
           and day = %(day)s
           and last_marked = %(seen)s
        """,
        {"vehicle_id": ticket.vehicle_id, "day": ticket.day, "seen": ticket.last_marked, "reason": reason[:2_000], "now": instant(now_ms)},
    )


def waiting(conn: Connection) -> tuple[int, int]:
    """(vehicle-days waiting, those of them that have failed)."""
    row = conn.execute("select count(*), count(*) filter (where failures > 0) from due_day").fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
