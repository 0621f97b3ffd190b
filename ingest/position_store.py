"""Positions: staged by a binary COPY, inserted once by key, in the pipeline's transaction. Nobody else writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from domain.position import POSITION
from domain.units import instant
from ingest.extras import Extras, copy_body
from storage.copy import POSITION_COLUMNS, Column, copy_rows

Connection = psycopg.Connection[Any]
Array = np.ndarray[Any, Any]

_STAGED = np.dtype([*POSITION.descr, ("late", "<i2"), ("corrected", "<i2")])
_STAGED_COLUMNS = (*POSITION_COLUMNS, Column("late", "int2"), Column("corrected", "int2"))


@dataclass(frozen=True, slots=True)
class Touched:
    """Fixes that were stored or replaced, by vehicle and by the days whose window holds them: three arrays of one length.

    vehicle_id int32; t_ms int64, the first of those fixes; rows int64, how many. A day's window has 15 minutes before and after it.
    """

    vehicle_id: Array
    t_ms: Array
    rows: Array

    @property
    def total(self) -> int:
        return int(self.rows.sum())


def prepare(conn: Connection) -> None:
    """Make the temporary tables of this connection; they are emptied at each commit."""
    conn.execute(
        """
        create temporary table if not exists staging_position (
            like positions,
            late smallint not null,
            corrected smallint not null
        ) on commit delete rows
        """
    )
    conn.execute("create temporary table if not exists staging_extra (like position_extra) on commit delete rows")


def stage(conn: Connection, positions: Array, late: Array, corrected: Array) -> None:
    """COPY rows into the staging table.

    Args:
        positions: (n,) `POSITION`; late, corrected: (n,) bool. A corrected row comes behind the plain row of its key.
    """
    rows = np.empty(len(positions), _STAGED)
    for name in POSITION.names or ():
        rows[name] = positions[name]
    rows["late"] = late
    rows["corrected"] = corrected
    copy_rows(
        conn,
        """
        copy staging_position (
            time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, odometer_m, speed_kmh10, heading_deg,
            altitude_m, recorder_kmh10, fuel_l10, satellites, source, flags, late, corrected
        ) from stdin (format binary)
        """,
        rows,
        _STAGED_COLUMNS,
    )


def stage_extras(conn: Connection, positions: Array, extras: Extras) -> None:
    """COPY the additional items of those rows that have some beyond the columns."""
    body = copy_body(positions, extras)
    if body:
        with conn.cursor() as cursor, cursor.copy("copy staging_extra (time, vehicle_id, extras) from stdin (format binary)") as copy:
            copy.write(body)


def insert_new(conn: Connection) -> int:
    """Insert the staged rows that are not late; how many keys were new. Without extras (see `insert_with_extras`)."""
    return conn.execute(
        """
        insert into positions (
            time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, odometer_m, speed_kmh10, heading_deg,
            altitude_m, recorder_kmh10, fuel_l10, satellites, source, flags
        )
        select time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, odometer_m, speed_kmh10, heading_deg,
               altitude_m, recorder_kmh10, fuel_l10, satellites, source, flags
          from staging_position
         where late = 0
            on conflict (vehicle_id, time) do nothing
        """
    ).rowcount


def insert_late(conn: Connection) -> Touched:
    """Insert the staged rows that are late; the vehicle-days of those whose keys were new."""
    rows = conn.execute(
        """
        with stored as (
            insert into positions (
                time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, odometer_m, speed_kmh10, heading_deg,
                altitude_m, recorder_kmh10, fuel_l10, satellites, source, flags
            )
            select time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, odometer_m, speed_kmh10, heading_deg,
                   altitude_m, recorder_kmh10, fuel_l10, satellites, source, flags
              from staging_position
             where late = 1
                on conflict (vehicle_id, time) do nothing
            returning vehicle_id, time
        )
        select vehicle_id, (extract(epoch from min(time)) * 1000)::bigint, count(*)
          from stored
         group by vehicle_id, (time at time zone 'Asia/Shanghai')::date,
                  (time at time zone 'Asia/Shanghai' - interval '15 minutes')::date,
                  (time at time zone 'Asia/Shanghai' + interval '15 minutes')::date
        """
    ).fetchall()
    return _touched(rows)


def insert_extras(conn: Connection, first: int, last: int) -> None:
    """Store the staged items of the rows that stand in `positions` as they were staged: the first report of a key wins.

    Args:
        first, last: epoch ms, the least and greatest time staged.
    """
    conn.execute(
        """
        insert into position_extra (time, vehicle_id, extras)
        select e.time, e.vehicle_id, e.extras
          from staging_extra e
          join staging_position s on s.vehicle_id = e.vehicle_id and s.time = e.time
          join positions p on p.vehicle_id = e.vehicle_id and p.time = e.time and p.received = s.received
         where p.time >= %(first)s
           and p.time <= %(last)s
            on conflict (vehicle_id, time) do nothing
        """,
        {"first": instant(first), "last": instant(last)},
    )


def insert_all_extras(conn: Connection) -> None:
    """Store all staged items: right when every staged position was new."""
    conn.execute(
        """
        insert into position_extra (time, vehicle_id, extras)
        select time, vehicle_id, extras
          from staging_extra
            on conflict (vehicle_id, time) do nothing
        """
    )


def conflicts(conn: Connection, first: int, last: int) -> int:
    """Staged rows that say something else than the stored row of their key; how it reached us and its flags do not count.

    Args:
        first, last: epoch ms, the least and greatest time staged.
    """
    row = conn.execute(
        """
        select count(*)
          from staging_position s
          join positions p on p.vehicle_id = s.vehicle_id and p.time = s.time
         where p.time >= %(first)s
           and p.time <= %(last)s
           and s.corrected = 0
           and (p.lon_e6, p.lat_e6, p.alarm_bits, p.status_bits, p.odometer_m, p.speed_kmh10, p.heading_deg, p.altitude_m,
                p.recorder_kmh10, p.fuel_l10, p.satellites)
               is distinct from
               (s.lon_e6, s.lat_e6, s.alarm_bits, s.status_bits, s.odometer_m, s.speed_kmh10, s.heading_deg, s.altitude_m,
                s.recorder_kmh10, s.fuel_l10, s.satellites)
        """,
        {"first": instant(first), "last": instant(last)},
    ).fetchone()
    return int(row[0]) if row else 0


def correct(conn: Connection, first: int, last: int) -> Touched:
    """Replace stored rows by staged corrected rows of the same frame (same gateway time) that read otherwise.

    The only update of `positions`. The live row of the vehicle follows when it shows the replaced fix.
    """
    rows = conn.execute(
        """
        with changed as (
            update positions p
               set lon_e6 = s.lon_e6, lat_e6 = s.lat_e6, alarm_bits = s.alarm_bits, status_bits = s.status_bits,
                   odometer_m = s.odometer_m, speed_kmh10 = s.speed_kmh10, heading_deg = s.heading_deg,
                   altitude_m = s.altitude_m, recorder_kmh10 = s.recorder_kmh10, fuel_l10 = s.fuel_l10,
                   satellites = s.satellites, flags = s.flags
              from staging_position s
             where s.corrected = 1
               and p.vehicle_id = s.vehicle_id
               and p.time = s.time
               and p.received = s.received
               and p.time >= %(first)s
               and p.time <= %(last)s
               and (p.lon_e6, p.lat_e6, p.alarm_bits, p.status_bits, p.odometer_m, p.speed_kmh10, p.heading_deg, p.altitude_m,
                    p.recorder_kmh10, p.fuel_l10, p.satellites, p.flags)
                   is distinct from
                   (s.lon_e6, s.lat_e6, s.alarm_bits, s.status_bits, s.odometer_m, s.speed_kmh10, s.heading_deg, s.altitude_m,
                    s.recorder_kmh10, s.fuel_l10, s.satellites, s.flags)
            returning p.vehicle_id, p.time
        )
        select vehicle_id, (extract(epoch from min(time)) * 1000)::bigint, count(*)
          from changed
         group by vehicle_id, (time at time zone 'Asia/Shanghai')::date,
                  (time at time zone 'Asia/Shanghai' - interval '15 minutes')::date,
                  (time at time zone 'Asia/Shanghai' + interval '15 minutes')::date
        """,
        {"first": instant(first), "last": instant(last)},
    ).fetchall()
    return _touched(rows)


def _touched(rows: list[tuple[Any, ...]]) -> Touched:
    columns = np.array(rows, np.int64).reshape(len(rows), 3)
    return Touched(columns[:, 0].astype(np.int32), columns[:, 1], columns[:, 2])
