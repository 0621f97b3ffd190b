"""Read side of lines and timetables as a whole: what a GTFS feed is made of. Rows in the order of its files' keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Timetables:
    """Lines with their operators, stops, trips.

    Args:
        operators: (operator_id, name). lines: (line_id, operator_id, code, name). stations: (station_id, name, lat, lon).
        trips: (trip_id, line_id, variant, departs_s, arrives_s, weekdays, valid_from, valid_to) of variants with two stops or more.
        stops: station numbers in order, by (line_id, variant).
    """

    operators: list[Row]
    lines: list[Row]
    stations: list[Row]
    trips: list[Row]
    stops: dict[tuple[int, str], list[int]]


def timetables(conn: Connection, today: date) -> Timetables:
    """All of it as it is in force today or later."""
    stops: dict[tuple[int, str], list[int]] = {}
    for line_id, variant, station_id in conn.execute(
        "select line_id, variant, station_id from line_stop order by line_id, variant, stop_seq"
    ).fetchall():
        stops.setdefault((line_id, variant), []).append(station_id)
    trips = conn.execute(
        """
        select trip_id, line_id, variant, departs_s, arrives_s, weekdays, valid_from, valid_to
          from timetable_trip
         where valid_to is null or valid_to >= %(today)s
         order by trip_id
        """,
        {"today": today},
    ).fetchall()
    return Timetables(
        conn.execute("select operator_id, name from operator o where exists (select from line l where l.operator_id = o.operator_id) order by 1").fetchall(),
        conn.execute("select line_id, operator_id, code, name from line order by line_id").fetchall(),
        conn.execute(
            "select s.station_id, s.name, s.lat_e6 / 1e6::float8, s.lon_e6 / 1e6::float8 from station s"
            " where exists (select from line_stop t where t.station_id = s.station_id) order by s.station_id"
        ).fetchall(),
        [trip for trip in trips if len(stops.get((trip[1], trip[2]), ())) >= 2],
        stops,
    )  # fmt: skip
