"""Read side of vehicle-days: the way driven, which a page draws without the road network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from storage.delta_bytes import unpack

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, eq=False)
class DrivenPiece:
    """One run on or off the road: numbers as in `tracking.matched`; line (n, 2) lon, lat degrees; its rows of the path's edges."""

    kind: int
    reason: int
    from_ms: int
    to_ms: int
    length_mm: int
    part_start: int
    part_end: int
    line: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DrivenPath:
    """The way of a day, its margins included: pieces in time order; edge (k,) rows of the network map_version, from_mm, to_mm on each."""

    map_version: str
    pieces: tuple[DrivenPiece, ...]
    edge: NDArray[np.int64]
    from_mm: NDArray[np.int64]
    to_mm: NDArray[np.int64]


def path(conn: Connection, vehicle_id: int, day: date) -> DrivenPath | None:
    """The way driven; None when the day was never computed."""
    row = conn.execute(
        """
        select map_version, pieces, edges, geometry
          from matched_path_seen
         where vehicle_id = %(vehicle_id)s
           and day = %(day)s
        """,
        {"vehicle_id": vehicle_id, "day": day},
    ).fetchone()
    if row is None:
        return None
    lon_e6, lat_e6 = unpack(row[3])
    points = np.column_stack([lon_e6, lat_e6]) / 1e6
    pieces = tuple(
        DrivenPiece(kind, reason, from_ms, to_ms, length_mm, start, end, points[first:last])
        for kind, reason, from_ms, to_ms, start, end, length_mm, first, last in zip(*(c.tolist() for c in unpack(row[1])), strict=True)
    )
    edge, from_mm, to_mm = unpack(row[2])
    return DrivenPath(row[0], pieces, edge, from_mm, to_mm)
