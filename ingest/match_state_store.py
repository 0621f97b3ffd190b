"""Where the live matcher stands with each vehicle, and the fixes that it has to see again to come back to where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from domain.position import POSITION
from domain.units import instant
from storage.columns import EPOCH_2000_MS
from storage.positions import fixes_of

Connection = psycopg.Connection[Any]
Array = NDArray[Any]

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"


@dataclass(frozen=True, slots=True)
class SavedState:
    """A record as it was saved. fed_ms: epoch ms of the last fix that it has seen; day_start_m: what it had counted when the day of
    that fix began; state b"": nothing is known, begin behind that fix."""

    vehicle_id: int
    map_version: str
    match_version: str
    fed_ms: int
    day_start_m: float
    state: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """Records of vehicles to be saved, written by one matcher: vehicle_id (n,) int32, fed_ms (n,) int64, day_start_m (n,) float64, states
    of one length; see `SavedState`."""

    map_version: str
    match_version: str
    vehicle_id: Array
    fed_ms: Array
    day_start_m: Array
    states: list[bytes]

    def __len__(self) -> int:
        return len(self.states)


@dataclass(frozen=True, slots=True)
class Left:
    """What a vehicle whose record is lost has left in other tables: the last number of its way; metres of the day of its newest fix."""

    number: int = 0
    today_m: int = 0


def load(conn: Connection, vehicle_ids: Array) -> dict[int, SavedState]:
    """Saved states by vehicle."""
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            """
            select vehicle_id, map_version, match_version, (extract(epoch from fed_at) * 1000)::bigint, day_start_m, state
              from match_state
             where vehicle_id = any(%(vehicles)s::int[])
            """,
            {"vehicles": vehicle_ids.tolist()},
        ).fetchall()
    return {row[0]: SavedState(*row) for row in rows}


def prepare(conn: Connection) -> None:
    """Make the temporary table of this connection; it is emptied at each commit."""
    conn.execute(
        """
        create temporary table if not exists staging_match_state (
            vehicle_id int not null,
            written int not null,
            fed_at timestamptz not null,
            day_start_m double precision not null,
            state bytea not null
        ) on commit delete rows
        """
    )
    conn.execute("alter table staging_match_state alter column state set storage plain")


def save(conn: Connection, sealed: Sequence[Sealed]) -> None:
    """Write states; one that another pipeline has taken further stays.

    Args:
        sealed: each vehicle once.
    """
    if not sealed:
        return
    with (
        conn.cursor() as cursor,
        cursor.copy("copy staging_match_state (vehicle_id, written, fed_at, day_start_m, state) from stdin (format binary)") as copy,
    ):
        copy.write(_SIGNATURE)
        for number, one in enumerate(sealed, 1):
            copy.write(_tuples(number, one))
        copy.write(_TRAILER)
    conn.execute(
        """
        insert into match_state as m (vehicle_id, map_version, match_version, fed_at, day_start_m, state)
        select s.vehicle_id, w.map_version, w.match_version, s.fed_at, s.day_start_m, s.state
          from staging_match_state s
          join unnest(%(maps)s::text[], %(versions)s::text[]) with ordinality as w(map_version, match_version, written)
            on w.written = s.written
         order by s.vehicle_id
            on conflict (vehicle_id)
            do update set map_version = excluded.map_version,
                          match_version = excluded.match_version,
                          fed_at = excluded.fed_at,
                          day_start_m = excluded.day_start_m,
                          state = excluded.state,
                          changed_at = now()
            where excluded.fed_at >= m.fed_at
        """,
        {"maps": [one.map_version for one in sealed], "versions": [one.match_version for one in sealed]},
    )


def _tuples(number: int, sealed: Sealed) -> memoryview:
    """Tuples of a binary COPY; all records of one matcher have one size (PostgreSQL manual, COPY, "Binary Format")."""
    size = len(sealed.states[0]) if sealed.states else 0
    fields: list[Any] = [("columns", ">i2")]
    for name, kind in (("vehicle", ">i4"), ("written", ">i4"), ("fed", ">i8"), ("start", ">f8")):
        fields += [(f"{name} length", ">i4"), (name, kind)]
    rows = np.empty(len(sealed.vehicle_id), [*fields, ("state length", ">i4"), *([("state", f"V{size}")] if size else [])])
    rows["columns"], rows["vehicle length"], rows["written length"], rows["fed length"], rows["start length"] = 5, 4, 4, 8, 8
    rows["vehicle"], rows["written"], rows["start"] = sealed.vehicle_id, number, sealed.day_start_m
    rows["fed"] = (sealed.fed_ms - EPOCH_2000_MS) * 1000
    rows["state length"] = size
    if size:
        rows["state"] = np.frombuffer(b"".join(sealed.states), f"V{size}")
    return rows.view(np.uint8).data


_BEHIND = sql.SQL(
    """
      from unnest(%(vehicles)s::int[], %(after)s::timestamptz[], %(until)s::timestamptz[]) as asked(vehicle_id, after, until)
      join lateral (
           select time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, odometer_m, speed_kmh10, heading_deg,
                  altitude_m, recorder_kmh10, fuel_l10, satellites, source, flags
             from positions
            where vehicle_id = asked.vehicle_id
              and time > asked.after
              and time <= asked.until
              and time > %(first)s
              and time <= %(last)s) p on true
    """
)


def fixes_behind(conn: Connection, vehicle_id: Sequence[int], after_ms: Sequence[int], until_ms: Sequence[int]) -> Array:
    """Stored fixes of vehicles in (after, until], `POSITION` in (vehicle, time) order."""
    if not vehicle_id:
        return np.empty(0, POSITION)
    bounds = {
        "vehicles": list(vehicle_id),
        "after": [instant(at) for at in after_ms],
        "until": [instant(at) for at in until_ms],
        "first": instant(min(after_ms)),
        "last": instant(max(until_ms)),
    }
    return fixes_of(conn, _BEHIND, bounds)


def left(conn: Connection, vehicle_ids: Sequence[int]) -> dict[int, Left]:
    """What vehicles whose records are lost have left."""
    rows = conn.execute(
        """
        select asked.vehicle_id, coalesce(p.number, 0), coalesce(l.today_m, 0)
          from unnest(%(vehicles)s::int[]) as asked(vehicle_id)
          left join vehicle_last l on l.vehicle_id = asked.vehicle_id
          left join lateral (
               select number
                 from provisional_path
                where vehicle_id = asked.vehicle_id
                order by number desc
                limit 1) p on true
        """,
        {"vehicles": list(vehicle_ids)},
    ).fetchall()
    return {row[0]: Left(row[1], row[2]) for row in rows}
