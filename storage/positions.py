"""Read side of positions: the track of a vehicle, hot and archived days as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.position import POSITION
from domain.units import instant
from storage.columns import rows_of

_TRACK = """
select string_agg(timestamptz_send(time), '' order by time),
       string_agg(timestamptz_send(received), '' order by time),
       string_agg(int4send(vehicle_id), '' order by time),
       string_agg(int4send(lon_e6), '' order by time),
       string_agg(int4send(lat_e6), '' order by time),
       string_agg(int4send(alarm_bits), '' order by time),
       string_agg(int4send(status_bits), '' order by time),
       string_agg(int4send(coalesce(odometer_m, -1)), '' order by time),
       string_agg(int2send(speed_kmh10), '' order by time),
       string_agg(int2send(heading_deg), '' order by time),
       string_agg(int2send(altitude_m), '' order by time),
       string_agg(int2send(coalesce(recorder_kmh10, -1::smallint)), '' order by time),
       string_agg(int2send(coalesce(fuel_l10, -1::smallint)), '' order by time),
       string_agg(int2send(coalesce(satellites, -1::smallint)), '' order by time),
       string_agg(int2send(source), '' order by time),
       string_agg(int2send(flags), '' order by time)
  from position_seen
 where vehicle_id = %(vehicle_id)s
   and time >= %(start)s
   and time < %(end)s
"""


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
    hot = _hot(conn, vehicle_id, start_ms, end_ms)
    if archive is None:
        return hot
    from storage.archive import merged, read_archived  # pyarrow is heavy: only who reads old days pays for it

    return merged(hot, read_archived(conn, archive, vehicle_id, start_ms, end_ms))


def _hot(conn: psycopg.Connection[Any], vehicle_id: int, start_ms: int, end_ms: int) -> NDArray[np.void]:
    bounds = {"vehicle_id": vehicle_id, "start": instant(start_ms), "end": instant(end_ms)}
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_TRACK, bounds).fetchone()
    assert row is not None
    return rows_of(row, POSITION, frozenset(("t_ms", "received_ms")))
