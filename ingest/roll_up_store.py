"""Hourly figures of each vehicle, and how far they have come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from domain.units import epoch_ms, instant
from storage.copy import copy_positions

Connection = psycopg.Connection[Any]
Array = np.ndarray[Any, Any]

HOUR_MS = 3_600_000
LEG_LIMIT_S = 300
"""A longer silence between two fixes counts for nothing."""
MOVING_KMH10 = 50
"""From 5 km/h on a vehicle moves."""

_LOCK = 0x726F6C6C
SEALED = "roll_up_sealed"
ROLLED = "roll_up"


def sealed_ms(conn: Connection) -> int:
    """Instant before which the hours are closed: a fix stored in this transaction with an earlier time must mark its day.

    Holds off `seal` until the end of the transaction. Far in the past when nothing is closed yet.
    """
    conn.execute("select pg_advisory_xact_lock_shared(%(key)s)", {"key": _LOCK})
    return watermark(conn, SEALED)


def seal(conn: Connection, until_ms: int) -> None:
    """Close the hours before the instant, once every batch that saw them open has ended; the caller commits at once."""
    conn.execute("select pg_advisory_xact_lock(%(key)s)", {"key": _LOCK})
    advance(conn, SEALED, until_ms)


def hold_pipelines(conn: Connection) -> None:
    """Wait for the batches under way and let no other begin to store until the end of this transaction."""
    conn.execute("select pg_advisory_xact_lock(%(key)s)", {"key": _LOCK})


def watermark(conn: Connection, task: str) -> int:
    """How far the task has come, epoch ms; -2**62 when it never ran."""
    row = conn.execute("select until from watermark where task = %(task)s", {"task": task}).fetchone()
    return -(2**62) if row is None else epoch_ms(row[0])


def rolled(conn: Connection, until_ms: int) -> None:
    """Note that all closed hours before the instant have their figures."""
    advance(conn, ROLLED, until_ms)


def advance(conn: Connection, task: str, until_ms: int) -> None:
    """Move the task's watermark forward; never back."""
    conn.execute(
        """
        insert into watermark (task, until, updated_at)
        values (%(task)s, %(until)s, now())
            on conflict (task)
            do update set until = greatest(watermark.until, excluded.until),
                          updated_at = now()
        """,
        {"task": task, "until": instant(until_ms)},
    )


def next_fix_ms(conn: Connection, start_ms: int, end_ms: int) -> int | None:
    """Time of the first stored fix in [start, end), epoch ms; None when there is none. One index look-up a vehicle."""
    row = conn.execute(
        """
        select min(p.time)
          from vehicle_last v
         cross join lateral (
               select time
                 from positions
                where vehicle_id = v.vehicle_id
                  and time >= %(start)s
                  and time < %(end)s
                order by time
                limit 1) p
         where v.time >= %(start)s
        """,
        {"start": instant(start_ms), "end": instant(end_ms)},
    ).fetchone()
    return None if row is None or row[0] is None else epoch_ms(row[0])


_COUNT_HOURS = """
insert into vehicle_hour (
    vehicle_id, hour, fixes, first_time, last_time, moving_s, top_speed_kmh10, odometer_first_m, odometer_last_m,
    live_fixes, batch_fixes, blind_fixes, mqtt_fixes, peer_fixes, replay_fixes
)
select f.vehicle_id, f.hour, count(*), min(f.time), max(f.time),
       coalesce(sum(f.leg_s) filter (where f.speed_kmh10 >= %(moving)s and f.leg_s <= %(leg_s)s), 0)::int,
       max(nullif(f.speed_kmh10, -1)),
       (array_agg(f.odometer_m order by f.time) filter (where f.odometer_m is not null))[1],
       (array_agg(f.odometer_m order by f.time desc) filter (where f.odometer_m is not null))[1],
       count(*) filter (where f.source = 1), count(*) filter (where f.source = 2), count(*) filter (where f.source = 3),
       count(*) filter (where f.source = 4), count(*) filter (where f.source = 5), count(*) filter (where f.source = 6)
  from (select v.vehicle_id, p.time, time_bucket(interval '1 hour', p.time) as hour, p.speed_kmh10, p.odometer_m, p.source,
               extract(epoch from lead(p.time) over (
                   partition by v.vehicle_id, time_bucket(interval '1 hour', p.time) order by p.time) - p.time) as leg_s
          from vehicle_last v
         cross join lateral (
               select time, speed_kmh10, odometer_m, source
                 from positions
                where vehicle_id = v.vehicle_id
                  and time >= %(start)s
                  and time < %(end)s
                union all
               select a.time, a.speed_kmh10, a.odometer_m, a.source
                 from archived_fix a
                where a.vehicle_id = v.vehicle_id
                  and a.time >= %(start)s
                  and a.time < %(end)s
                  and not exists (select
                                    from positions h
                                   where h.vehicle_id = a.vehicle_id
                                     and h.time = a.time
                                     and h.time >= %(start)s
                                     and h.time < %(end)s)) p
         where v.time >= %(start)s
           and (%(all)s or v.vehicle_id = any(%(vehicles)s::int[]))) f
 group by f.vehicle_id, f.hour
"""


def replace_hours(
    conn: Connection, start_ms: int, end_ms: int, vehicle_ids: Sequence[int] | None = None, archived: Array | None = None
) -> int:
    """Count the hours in [start, end) anew; number of (vehicle, hour) rows written.

    moving_s: seconds between two fixes of the same hour, at most `LEG_LIMIT_S` apart, the earlier one at `MOVING_KMH10` or more.
    odometer: first and last reading present in the hour. Figures depend on the fixes of the hour alone.

    Args:
        start_ms, end_ms: full hours, epoch ms.
        vehicle_ids: only these vehicles; None: all.
        archived: (n,) `POSITION` that count too, because the hot table may hold them no more; a stored fix of the same key goes first.
    """
    _stage(conn, archived)
    bounds = {
        "start": instant(start_ms),
        "end": instant(end_ms),
        "all": vehicle_ids is None,
        "vehicles": list(vehicle_ids or ()),
        "leg_s": LEG_LIMIT_S,
        "moving": MOVING_KMH10,
    }
    conn.execute(
        """
        delete from vehicle_hour
         where hour >= %(start)s
           and hour < %(end)s
           and (%(all)s or vehicle_id = any(%(vehicles)s::int[]))
        """,
        bounds,
    )
    return conn.execute(_COUNT_HOURS, bounds).rowcount


def _stage(conn: Connection, archived: Array | None) -> None:
    """The archived fixes, and nothing else, in the temporary table that the count looks into."""
    conn.execute("create temporary table if not exists archived_fix (like positions) on commit delete rows")
    conn.execute("delete from archived_fix")
    if archived is not None:
        copy_positions(conn, archived, "archived_fix")
