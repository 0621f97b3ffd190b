"""Read side of positions: fixes as arrays, and the track of a vehicle, hot and archived days as one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from domain.position import POSITION
from domain.units import instant
from storage.columns import rows_of

_PACKED = sql.SQL(
    """
    select string_agg(timestamptz_send(p.time), '' order by p.vehicle_id, p.time),
           string_agg(timestamptz_send(p.received), '' order by p.vehicle_id, p.time),
           string_agg(int4send(p.vehicle_id), '' order by p.vehicle_id, p.time),
           string_agg(int4send(p.lon_e6), '' order by p.vehicle_id, p.time),
           string_agg(int4send(p.lat_e6), '' order by p.vehicle_id, p.time),
           string_agg(int4send(p.alarm_bits), '' order by p.vehicle_id, p.time),
           string_agg(int4send(p.status_bits), '' order by p.vehicle_id, p.time),
           string_agg(int4send(coalesce(p.odometer_m, -1)), '' order by p.vehicle_id, p.time),
           string_agg(int2send(p.speed_kmh10), '' order by p.vehicle_id, p.time),
           string_agg(int2send(p.heading_deg), '' order by p.vehicle_id, p.time),
           string_agg(int2send(p.altitude_m), '' order by p.vehicle_id, p.time),
           string_agg(int2send(coalesce(p.recorder_kmh10, -1::smallint)), '' order by p.vehicle_id, p.time),
           string_agg(int2send(coalesce(p.fuel_l10, -1::smallint)), '' order by p.vehicle_id, p.time),
           string_agg(int2send(coalesce(p.satellites, -1::smallint)), '' order by p.vehicle_id, p.time),
           string_agg(int2send(p.source), '' order by p.vehicle_id, p.time),
           string_agg(int2send(p.flags), '' order by p.vehicle_id, p.time)
    """
)
_TIMES = frozenset(("t_ms", "received_ms"))

_TRACK = sql.SQL(
    """
      from position_seen p
     where p.vehicle_id = %(vehicle_id)s
       and p.time >= %(start)s
       and p.time < %(end)s
    """
)


def fixes_of(conn: psycopg.Connection[Any], source: sql.SQL, values: Mapping[str, Any]) -> NDArray[np.void]:
    """Fixes that a source yields.

    Args:
        source: the statement from its `from` on; the fixes are called `p` there and have the columns of `positions`.
        values: its named parameters.
    Returns:
        (n,) `POSITION` in (vehicle_id, time) order.
    """
    return fixes_with(conn, source, values, sql.SQL(""))[0]


def fixes_with(
    conn: psycopg.Connection[Any], source: sql.SQL, values: Mapping[str, Any], beside: sql.SQL
) -> tuple[NDArray[np.void], tuple[bytes | None, ...]]:
    """`fixes_of`, and what else the statement packs: `beside` is its further `string_agg` columns, each after a comma."""
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_PACKED + beside + source, values).fetchone()
    assert row is not None
    fields = len(POSITION.names or ())
    return rows_of(row[:fields], POSITION, _TIMES), row[fields:]


def read_track(conn: psycopg.Connection[Any], vehicle_id: int, start_ms: int, end_ms: int, archive: Path | None = None) -> NDArray[np.void]:
    """Fixes of one vehicle in [start_ms, end_ms), in time order, each time once.

    Args:
        conn: any role; `cuntong_app` reads only vehicles that it may see.
        vehicle_id: registry's number.
        start_ms, end_ms: epoch ms UTC, half open.
        archive: folder of the archived days; None: hot days only.
    Returns:
        (n,) `POSITION`; where a fix is both hot and archived, the hot one.
    """
    hot = fixes_of(conn, _TRACK, {"vehicle_id": vehicle_id, "start": instant(start_ms), "end": instant(end_ms)})
    if archive is None:
        return hot
    from storage.archive import merged, read_archived  # pyarrow is heavy: only who reads old days pays for it

    return merged(hot, read_archived(conn, archive, vehicle_id, start_ms, end_ms))
