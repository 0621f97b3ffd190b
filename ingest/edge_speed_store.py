"""Measured speeds of edges by the hour, over all vehicles: kept up by differences, so that one day's change touches its rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from storage.columns import EPOCH_2000_MS
from tracking.edge_speeds import BINS, merge

Connection = psycopg.Connection[Any]

_INT4_OID = 23
_ROW = np.dtype(
    [
        ("columns", ">i2"), ("hour length", ">i4"), ("hour", ">i8"), ("key length", ">i4"), ("key", ">i8"), ("count length", ">i4"),
        ("count", ">i4"), ("mm length", ">i4"), ("mm", ">i8"), ("ms length", ">i4"), ("ms", ">i8"), ("array length", ">i4"),
        ("dimensions", ">i4"), ("nulls", ">i4"), ("oid", ">i4"), ("size", ">i4"), ("lower", ">i4"),
        ("bins", [("length", ">i4"), ("value", ">i4")], (BINS,)),
    ]
)  # fmt: skip
"""A row of the binary COPY; an int[] has a head of five numbers and a length before each element (PostgreSQL, array_send)."""


def change(conn: Connection, added: NDArray[Any], removed: NDArray[Any]) -> int:
    """Add and take away `EDGE_SPEED` rows; number of (edge, hour) sums that changed. To be the last step of a transaction.

    Two transactions at once take their rows in the same order, so they wait for each other and never for ever.
    """
    minus = removed.copy()
    for name in ("count", "travel_mm", "travel_ms", "histogram"):
        minus[name] = -minus[name]
    rows = merge([added, minus])
    same = (rows["count"] == 0) & (rows["travel_mm"] == 0) & (rows["travel_ms"] == 0) & (rows["histogram"] == 0).all(axis=1)
    rows = rows[~same]
    if not len(rows):
        return 0
    _stage(conn, rows)
    conn.execute(
        """
        insert into edge_speed_hour as e (hour, edge_key, count, travel_mm, travel_ms, histogram)
        select hour, edge_key, count, travel_mm, travel_ms, histogram
          from staging_edge_speed
         order by hour, edge_key
            on conflict (hour, edge_key)
            do update set count = e.count + excluded.count,
                          travel_mm = e.travel_mm + excluded.travel_mm,
                          travel_ms = e.travel_ms + excluded.travel_ms,
                          histogram = add_counts(e.histogram, excluded.histogram)
        """
    )
    if len(removed):
        conn.execute(
            """
            delete from edge_speed_hour e
             using staging_edge_speed s
             where e.hour = s.hour
               and e.edge_key = s.edge_key
               and e.count = 0
            """
        )
    return len(rows)


def _stage(conn: Connection, rows: NDArray[Any]) -> None:
    conn.execute("create temporary table if not exists staging_edge_speed (like edge_speed_hour) on commit delete rows")
    conn.execute("delete from staging_edge_speed")
    out = np.zeros(len(rows), _ROW)
    out["columns"], out["array length"], out["dimensions"], out["oid"], out["size"], out["lower"] = 6, 20 + 8 * BINS, 1, _INT4_OID, BINS, 1
    for length in ("hour length", "key length", "mm length", "ms length"):
        out[length] = 8
    out["count length"] = 4
    out["bins"]["length"] = 4
    out["hour"], out["key"] = (rows["hour_ms"] - EPOCH_2000_MS) * 1000, rows["edge_key"].view(np.int64)
    out["count"], out["mm"], out["ms"], out["bins"]["value"] = rows["count"], rows["travel_mm"], rows["travel_ms"], rows["histogram"]
    with (
        conn.cursor() as cursor,
        cursor.copy("copy staging_edge_speed (hour, edge_key, count, travel_mm, travel_ms, histogram) from stdin (format binary)") as copy,
    ):
        copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8) + out.tobytes() + b"\xff\xff")
