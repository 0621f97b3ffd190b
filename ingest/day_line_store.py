"""Lines, stations and timetables as a day's computation reads them; lines laid on a network, written here and nowhere else."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from tracking.line_path import LinePath
from tracking.matched import PATH_PART
from tracking.trips import Stations

Connection = psycopg.Connection[Any]
Box = tuple[int, int, int, int]
"""West, south, east, north in 1e-6 degree."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What the timetable has for a vehicle on a day: trips, first departure and last arrival in seconds of the day (None without trips),
    lines that they are of."""

    trips: int
    departs_s: int | None
    arrives_s: int | None
    line_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WayKey:
    """A direction or variant of a line as it was drawn: the revision is raised when it changes."""

    line_id: int
    variant: str
    code: str
    kind: str
    revision: int


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A way laid on a network: parts (k,) `PATH_PART`, stops (m,) metres along; refused says why it could not be, "" when it could."""

    parts: NDArray[Any]
    stops_m: NDArray[np.float64]
    worst_offset_m: float
    refused: str = ""


def planned(conn: Connection, day: date, vehicle_ids: Sequence[int]) -> dict[int, Planned]:
    """Plans of those vehicles that have a timetable on the day, be it one of other weekdays."""
    rows = conn.execute(
        """
        select vehicle_id, count(*) filter (where runs), min(departs_s) filter (where runs), max(arrives_s) filter (where runs),
               array_agg(distinct line_id)
          from (select vehicle_id, departs_s, arrives_s, line_id, (weekdays >> %(weekday)s) & 1 = 1 as runs
                  from timetable_trip
                 where vehicle_id = any(%(vehicles)s::int[])
                   and valid_from <= %(day)s
                   and (valid_to is null or valid_to >= %(day)s)) t
         group by vehicle_id
        """,
        {"vehicles": list(vehicle_ids), "day": day, "weekday": day.weekday()},
    ).fetchall()
    return {row[0]: Planned(row[1], row[2], row[3], tuple(row[4])) for row in rows}


def ways_of(conn: Connection, line_ids: Sequence[int]) -> list[WayKey]:
    """Ways of lines, in order."""
    rows = conn.execute(
        """
        select v.line_id, v.variant, l.code, l.kind, v.revision
          from line_variant v
          join line l on l.line_id = v.line_id
         where v.line_id = any(%(lines)s::int[])
         order by l.code, v.variant
        """,
        {"lines": list(line_ids)},
    ).fetchall()
    return [WayKey(*row) for row in rows]


def laid(conn: Connection, map_version: str, line_ids: Sequence[int]) -> dict[tuple[int, str, int], Laid]:
    """Ways that have been laid on the network, by line, variant and revision."""
    rows = conn.execute(
        """
        select line_id, variant, revision, parts, stops, worst_offset_m, refused
          from line_path
         where map_version = %(map_version)s
           and line_id = any(%(lines)s::int[])
        """,
        {"map_version": map_version, "lines": list(line_ids)},
    ).fetchall()
    return {(row[0], row[1], row[2]): _laid(*row[3:]) for row in rows}


def _laid(parts: bytes | None, stops: bytes | None, worst_offset_m: float | None, refused: str | None) -> Laid:
    if parts is None or stops is None:
        return Laid(np.zeros(0, PATH_PART), np.zeros(0), float("nan"), refused or "refused")
    offset = float("nan") if worst_offset_m is None else worst_offset_m
    return Laid(np.frombuffer(zlib.decompress(parts), PATH_PART), np.frombuffer(zlib.decompress(stops), "<f8"), offset)


def drawing(conn: Connection, way: WayKey) -> tuple[list[list[float]], list[tuple[str, int, int]]]:
    """(drawn places as lon, lat degrees, empty where only stops are known; stops as name and 1e-6 degree, in order)."""
    key = {"line_id": way.line_id, "variant": way.variant}
    row = conn.execute("select drawing from line_variant where line_id = %(line_id)s and variant = %(variant)s", key).fetchone()
    stops = conn.execute(
        """
        select s.name, s.lon_e6, s.lat_e6
          from line_stop p
          join station s on s.station_id = p.station_id
         where p.line_id = %(line_id)s
           and p.variant = %(variant)s
         order by p.stop_seq
        """,
        key,
    ).fetchall()
    return (row[0] or [] if row else []), [(one[0], one[1], one[2]) for one in stops]


def keep(conn: Connection, way: WayKey, map_version: str, path: LinePath | None, refused: str = "") -> None:
    """Store a way laid on a network, or why it could not be (path None); whoever stored the same before wins."""
    conn.execute(
        """
        insert into line_path as p (line_id, variant, map_version, revision, refused, parts, stops, worst_offset_m)
        values (%(line_id)s, %(variant)s, %(map_version)s, %(revision)s, %(refused)s, %(parts)s, %(stops)s, %(worst_offset_m)s)
            on conflict (line_id, variant, map_version)
            do update set revision = excluded.revision,
                          refused = excluded.refused,
                          parts = excluded.parts,
                          stops = excluded.stops,
                          worst_offset_m = excluded.worst_offset_m,
                          snapped_at = now()
                    where p.revision < excluded.revision
        """,
        {
            "line_id": way.line_id, "variant": way.variant, "map_version": map_version, "revision": way.revision,
            "refused": None if path is not None else refused,
            "parts": None if path is None else zlib.compress(np.ascontiguousarray(path.parts).tobytes()),
            "stops": None if path is None else zlib.compress(path.stops["measure_m"].astype("<f8").tobytes()),
            "worst_offset_m": None if path is None or np.isnan(path.worst_offset_m) else path.worst_offset_m,
        },
    )  # fmt: skip


def stations(conn: Connection, box: Box) -> Stations:
    """Stations and stops inside a box, by number."""
    rows = conn.execute(
        """
        select station_id, lon_e6, lat_e6
          from station
         where lon_e6 between %(west)s and %(east)s
           and lat_e6 between %(south)s and %(north)s
         order by station_id
        """,
        dict(zip(("west", "south", "east", "north"), box, strict=True)),
    ).fetchall()
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return Stations(columns[:, 0], columns[:, 1] / 1e6, columns[:, 2] / 1e6)
