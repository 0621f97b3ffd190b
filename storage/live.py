"""Read side of the newest fix of every vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.units import instant
from storage.columns import rows_of

OVERLAP_MS = 2_000
"""Rows of transactions that were open at the last reading carry an older mark: they are read again."""

LAST = np.dtype(
    [
        ("vehicle_id", "<i4"),
        ("t_ms", "<i8"),
        ("received_ms", "<i8"),
        ("located_ms", "<i8"),
        ("lon_e6", "<i4"),
        ("lat_e6", "<i4"),
        ("speed_kmh10", "<i2"),
        ("heading_deg", "<i2"),
        ("status_bits", "<i4"),
        ("alarm_bits", "<i4"),
        ("odometer_m", "<i4"),
        ("edge_id", "<i4"),
        ("county_code", "<i4"),
        ("changed_ms", "<i8"),
    ]
)
"""Newest report of a vehicle. t_ms device time, received_ms gateway time, located_ms time of the place shown, changed_ms when the row
was written, epoch ms UTC; lon_e6, lat_e6 the last *located* fix; located_ms -1 (and place 0, 0): never located; odometer_m and edge_id
-1 when absent; county_code GB/T 2260, 0 unknown; the other fields as in `domain.position.POSITION`."""

_CHANGED = """
select statement_timestamp(),
       string_agg(int4send(vehicle_id), '' order by vehicle_id),
       string_agg(timestamptz_send(time), '' order by vehicle_id),
       string_agg(timestamptz_send(received), '' order by vehicle_id),
       string_agg(timestamptz_send(coalesce(located_at, timestamptz '1970-01-01 00:00:00Z' - interval '1 ms')), '' order by vehicle_id),
       string_agg(int4send(coalesce(lon_e6, 0)), '' order by vehicle_id),
       string_agg(int4send(coalesce(lat_e6, 0)), '' order by vehicle_id),
       string_agg(int2send(speed_kmh10), '' order by vehicle_id),
       string_agg(int2send(heading_deg), '' order by vehicle_id),
       string_agg(int4send(status_bits), '' order by vehicle_id),
       string_agg(int4send(alarm_bits), '' order by vehicle_id),
       string_agg(int4send(coalesce(odometer_m, -1)), '' order by vehicle_id),
       string_agg(int4send(coalesce(edge_id, -1)), '' order by vehicle_id),
       string_agg(int4send(coalesce(county_code::int, 0)), '' order by vehicle_id),
       string_agg(timestamptz_send(changed_at), '' order by vehicle_id)
  from vehicle_last_seen
 where changed_at > %(since)s
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one reading found.

    Args:
        rows: (n,) `LAST`, in vehicle_id order; rows of the last seconds may come twice, in this and in the next reading.
        cursor: pass it to the next reading; epoch ms by the database's clock.
    """

    rows: NDArray[np.void]
    cursor: int


def changed_since(conn: psycopg.Connection[Any], cursor: int | None = None) -> Changes:
    """Vehicles whose newest fix changed since the reading that returned the cursor; None: all vehicles.

    Args:
        conn: any role; ends with its transaction open, as it was found.
        cursor: of the last `Changes`.
    """
    since = instant(cursor - OVERLAP_MS) if cursor is not None else instant(0)
    with conn.cursor(binary=True) as reader:
        row = reader.execute(_CHANGED, {"since": since}).fetchone()
    assert row is not None
    times = frozenset(("t_ms", "received_ms", "located_ms", "changed_ms"))
    now = row[0]
    return Changes(rows_of(row[1:], LAST, times), int(now.timestamp() * 1000))
