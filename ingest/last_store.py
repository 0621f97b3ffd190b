"""The newest fix of each vehicle, as the live map reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg

from domain.units import instant
from ingest.live_told import ON_ROAD, UNKNOWN
from storage.copy import Column, copy_rows

Connection = psycopg.Connection[Any]
Array = np.ndarray[Any, Any]

_NO_TIME = -(2**62)
_NO_PLACE = -(2**31)

_LAST = np.dtype(
    [
        ("vehicle_id", "<i4"), ("t_ms", "<i8"), ("received_ms", "<i8"), ("located_ms", "<i8"), ("lon_e6", "<i4"), ("lat_e6", "<i4"),
        ("speed_kmh10", "<i2"), ("heading_deg", "<i2"), ("status_bits", "<i4"), ("alarm_bits", "<i4"), ("odometer_m", "<i4"),
        *ON_ROAD.descr,
    ]
)  # fmt: skip
_COLUMNS = (
    Column("vehicle_id", "int4"), Column("t_ms", "timestamptz"), Column("received_ms", "timestamptz"),
    Column("located_ms", "timestamptz", _NO_TIME), Column("lon_e6", "int4", _NO_PLACE), Column("lat_e6", "int4", _NO_PLACE),
    Column("speed_kmh10", "int2"), Column("heading_deg", "int2"), Column("status_bits", "int4"), Column("alarm_bits", "int4"),
    Column("odometer_m", "int4", -1), Column("edge_id", "int4", -1), Column("along_m", "int4", -1), Column("road_id", "int4", -1),
    Column("today_m", "int4", -1), Column("county", "int4", 0), Column("road_class", "int2", -1), Column("road_state", "int2", -1),
    Column("limit_kmh", "int2", -1), Column("confidence", "int2", -1),
)  # fmt: skip


def prepare(conn: Connection) -> None:
    """Make the temporary table of this connection; it is emptied at each commit."""
    conn.execute(
        """
        create temporary table if not exists staging_last on commit delete rows as
        select vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits, alarm_bits, odometer_m,
               edge_id, along_m, road_id, today_m, 0 as county, road_class, road_state, limit_kmh, confidence
          from vehicle_last
          with no data
        """
    )


def newest(positions: Array, moves: Array, where: Array | None = None) -> Array:
    """One row a vehicle of a batch: its newest fix with its road, and the place of its newest fix that moves it.

    Args:
        positions: (n,) `POSITION`, sorted by (vehicle_id, t_ms); moves: (n,) bool, the fix has a place; where: (n,) `ON_ROAD`.
    """
    vehicle = positions["vehicle_id"]
    last = np.flatnonzero(np.append(vehicle[1:] != vehicle[:-1], True)) if len(vehicle) else np.empty(0, np.int64)
    rows = np.empty(len(last), _LAST)
    for name in ("vehicle_id", "t_ms", "received_ms", "speed_kmh10", "heading_deg", "status_bits", "alarm_bits", "odometer_m"):
        rows[name] = positions[name][last]
    for name in ON_ROAD.names or ():
        rows[name] = UNKNOWN[name] if where is None else where[name][last]
    rows["located_ms"], rows["lon_e6"], rows["lat_e6"] = _NO_TIME, _NO_PLACE, _NO_PLACE
    placed = np.flatnonzero(moves)
    if len(placed):
        newest_placed = placed[np.flatnonzero(np.append(vehicle[placed[1:]] != vehicle[placed[:-1]], True))]
        into = np.searchsorted(rows["vehicle_id"], vehicle[newest_placed])
        rows["located_ms"][into] = positions["t_ms"][newest_placed]
        rows["lon_e6"][into] = positions["lon_e6"][newest_placed]
        rows["lat_e6"][into] = positions["lat_e6"][newest_placed]
    return rows


_UPSERT = """
insert into vehicle_last as l (
    vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits, alarm_bits, odometer_m,
    edge_id, along_m, road_id, today_m, county_code, road_class, road_state, limit_kmh, confidence, changed_at
)
select vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits, alarm_bits, odometer_m,
       edge_id, along_m, road_id, today_m, county::text, road_class, road_state, limit_kmh, confidence, clock_timestamp()
  from staging_last
 order by vehicle_id
    on conflict (vehicle_id)
    do update set time = greatest(l.time, excluded.time),
                  received = case when excluded.time > l.time then excluded.received else l.received end,
                  speed_kmh10 = case when excluded.time > l.time then excluded.speed_kmh10 else l.speed_kmh10 end,
                  heading_deg = case when excluded.time > l.time then excluded.heading_deg else l.heading_deg end,
                  status_bits = case when excluded.time > l.time then excluded.status_bits else l.status_bits end,
                  alarm_bits = case when excluded.time > l.time then excluded.alarm_bits else l.alarm_bits end,
                  odometer_m = case when excluded.time > l.time
                                    then coalesce(excluded.odometer_m, l.odometer_m) else l.odometer_m end,
                  edge_id = case when excluded.time > l.time then excluded.edge_id else l.edge_id end,
                  along_m = case when excluded.time > l.time then excluded.along_m else l.along_m end,
                  road_id = case when excluded.time > l.time then excluded.road_id else l.road_id end,
                  today_m = case when excluded.time > l.time then excluded.today_m else l.today_m end,
                  county_code = case when excluded.time > l.time and (excluded.county_code is not null or excluded.located_at is not null)
                                     then excluded.county_code else l.county_code end,
                  road_class = case when excluded.time > l.time then excluded.road_class else l.road_class end,
                  road_state = case when excluded.time > l.time then excluded.road_state else l.road_state end,
                  limit_kmh = case when excluded.time > l.time then excluded.limit_kmh else l.limit_kmh end,
                  confidence = case when excluded.time > l.time then excluded.confidence else l.confidence end,
                  located_at = greatest(l.located_at, excluded.located_at),
                  lon_e6 = case when excluded.located_at > coalesce(l.located_at, '-infinity')
                                then excluded.lon_e6 else l.lon_e6 end,
                  lat_e6 = case when excluded.located_at > coalesce(l.located_at, '-infinity')
                                then excluded.lat_e6 else l.lat_e6 end,
                  changed_at = clock_timestamp()
            where excluded.time > l.time
               or excluded.located_at > coalesce(l.located_at, '-infinity')
"""


def upsert(conn: Connection, rows: Array) -> None:
    """Move `vehicle_last` forward where a fix, or a place, is newer; in vehicle order, so two pipelines never deadlock.

    Args:
        rows: from `newest`.
    """
    if not len(rows):
        return
    copy_rows(
        conn,
        """
        copy staging_last (
            vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits, alarm_bits, odometer_m,
            edge_id, along_m, road_id, today_m, county, road_class, road_state, limit_kmh, confidence
        ) from stdin (format binary)
        """,
        rows,
        _COLUMNS,
    )
    conn.execute(_UPSERT)


def follow_correction(conn: Connection, first: int, last: int) -> None:
    """Show the stored row again for the vehicles whose newest fix is among the staged corrected ones.

    Args:
        first, last: epoch ms, the least and greatest time staged.
    """
    conn.execute(
        """
        update vehicle_last l
           set speed_kmh10 = p.speed_kmh10,
               heading_deg = p.heading_deg,
               status_bits = p.status_bits,
               alarm_bits = p.alarm_bits,
               odometer_m = p.odometer_m,
               lon_e6 = case when l.located_at = p.time then p.lon_e6 else l.lon_e6 end,
               lat_e6 = case when l.located_at = p.time then p.lat_e6 else l.lat_e6 end,
               changed_at = clock_timestamp()
          from staging_position s
          join positions p on p.vehicle_id = s.vehicle_id and p.time = s.time
         where s.corrected = 1
           and p.time >= %(first)s
           and p.time <= %(last)s
           and l.vehicle_id = p.vehicle_id
           and l.time = p.time
        """,
        {"first": instant(first), "last": instant(last)},
    )


def times(conn: Connection) -> tuple[Array, Array]:
    """(vehicle_id int32, t_ms int64) of the newest fix of every vehicle."""
    rows = conn.execute("select vehicle_id, (extract(epoch from time) * 1000)::bigint from vehicle_last").fetchall()
    columns = np.array(rows, np.int64).reshape(len(rows), 2)
    return columns[:, 0].astype(np.int32), columns[:, 1]
