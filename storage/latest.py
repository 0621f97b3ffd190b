"""The newest positions of the vehicles that the asker may see, in columns, with what the registry says of each vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from storage.columns import rows_of

LATEST = np.dtype(
    [
        ("vehicle_id", "<i4"), ("plate_colour", "<i2"), ("operator_id", "<i4"), ("county_code", "<i4"), ("t_ms", "<i8"),
        ("received_ms", "<i8"), ("located_ms", "<i8"), ("lon_e6", "<i4"), ("lat_e6", "<i4"), ("speed_kmh10", "<i2"),
        ("heading_deg", "<i2"), ("odometer_m", "<i4"), ("status_bits", "<i4"), ("alarm_bits", "<i4"),
    ]
)  # fmt: skip
"""As `storage.live.LAST`; plate_colour and operator_id -1: none; county_code 0: unknown."""

_TIMES = frozenset(("t_ms", "received_ms", "located_ms"))
_BREAK = "\x1f"
"""Parts texts of a column; PostgreSQL is asked to leave it out of them."""

_ALL = "vehicle_last_seen l"
_WALK = """(select vehicle_id from vehicle where vehicle_id > %(after)s order by vehicle_id) v
         cross join lateral (select * from vehicle_last_seen s where s.vehicle_id = v.vehicle_id limit 1) l"""
"""A page of everything is walked in the order of vehicles; nothing behind it is looked at."""

_LATEST = """
select (statement_timestamp() - interval '2 seconds'),
       string_agg(plate, e'\\x1f' order by vehicle_id),
       string_agg(vehicle_class, e'\\x1f' order by vehicle_id),
       string_agg(region_code, e'\\x1f' order by vehicle_id),
       string_agg(int4send(vehicle_id), '' order by vehicle_id),
       string_agg(int2send(plate_colour), '' order by vehicle_id),
       string_agg(int4send(operator_id), '' order by vehicle_id),
       string_agg(int4send(county_code), '' order by vehicle_id),
       string_agg(timestamptz_send(time), '' order by vehicle_id),
       string_agg(timestamptz_send(received), '' order by vehicle_id),
       string_agg(timestamptz_send(located_at), '' order by vehicle_id),
       string_agg(int4send(lon_e6), '' order by vehicle_id),
       string_agg(int4send(lat_e6), '' order by vehicle_id),
       string_agg(int2send(speed_kmh10), '' order by vehicle_id),
       string_agg(int2send(heading_deg), '' order by vehicle_id),
       string_agg(int4send(odometer_m), '' order by vehicle_id),
       string_agg(int4send(status_bits), '' order by vehicle_id),
       string_agg(int4send(alarm_bits), '' order by vehicle_id)
  from (select translate(coalesce(l.plate, ''), e'\\x1f', '') as plate, translate(l.vehicle_class, e'\\x1f', '') as vehicle_class,
               translate(coalesce(l.region_code, ''), e'\\x1f', '') as region_code, l.vehicle_id,
               coalesce(l.plate_colour, -1::smallint) as plate_colour, coalesce(l.operator_id, -1) as operator_id,
               coalesce(l.county_code::int, 0) as county_code, l.time, l.received, l.located_at, l.lon_e6, l.lat_e6, l.speed_kmh10,
               l.heading_deg, coalesce(l.odometer_m, -1) as odometer_m, l.status_bits, l.alarm_bits
          from {source}
         where l.located_at is not null
           and l.vehicle_id > %(after)s
           and (%(area)s = '' or starts_with(l.region_code, %(area)s))
           and (%(operator)s::int is null or l.operator_id = %(operator)s)
           and (%(since)s::timestamptz is null or l.changed_at > %(since)s)
           and (%(west)s::int is null
                or l.lon_e6 between %(west)s and %(east)s and l.lat_e6 between %(south)s and %(north)s)
         order by {order}
         limit %(limit)s) found
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which positions. area: what the region codes begin with, "" for all; since: written later; box: west, south, east, north, 1e-6
    degree; after: vehicles with greater numbers; limit: at most so many, None for all."""

    area: str = ""
    operator: int | None = None
    since: datetime | None = None
    box: tuple[int, int, int, int] | None = None
    after: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Latest:
    """Columns of equal length in vehicle_id order: numbers (`LATEST`), and texts, "" where there is none.

    as_of: what is written later is found by `since` with it; it overlaps by two seconds, for transactions that were open.
    """

    as_of: datetime
    rows: NDArray[np.void]
    plate: list[str]
    vehicle_class: list[str]
    region_code: list[str]


def latest(conn: psycopg.Connection[Any], wanted: Wanted) -> Latest:
    """Newest positions of vehicles that have been located."""
    west, south, east, north = wanted.box or (None, None, None, None)
    walked = wanted.limit is not None and wanted.since is None and wanted.box is None
    query = _LATEST.format(source=_WALK, order="v.vehicle_id") if walked else _LATEST.format(source=_ALL, order="l.vehicle_id")
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(
            query,
            {
                "area": wanted.area, "operator": wanted.operator, "since": wanted.since, "after": wanted.after, "limit": wanted.limit,
                "west": west, "south": south, "east": east, "north": north,
            },
        ).fetchone()  # fmt: skip
    assert row is not None
    rows = rows_of(row[4:], LATEST, _TIMES)
    plate, vehicle_class, region_code = (text.split(_BREAK) if len(rows) else [] for text in row[1:4])
    return Latest(row[0], rows, plate, vehicle_class, region_code)
