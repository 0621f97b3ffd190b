"""Read side of the collections that maps ask for: newest positions, stations, lines. Row-level security decides which rows there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]
Box = tuple[float, float, float, float]
"""West, south, east, north, degrees; west above east crosses the antimeridian."""


@dataclass(frozen=True, slots=True)
class PlacedVehicle:
    """A vehicle where it was located last; lon, lat degrees WGS-84; speed_kmh and heading_deg None where the terminal did not say."""

    vehicle_id: int
    plate: str | None
    plate_colour: int | None
    vehicle_class: str
    operator_id: int | None
    region_code: str | None
    line_id: int | None
    time: datetime
    lon: float
    lat: float
    speed_kmh: float | None
    heading_deg: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """A station or stop; degrees WGS-84."""

    station_id: int
    name: str
    name_en: str | None
    kind: str
    region_code: str | None
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line; ways: one [[lon, lat], …] a variant, drawn, or from stop to stop where no drawing is known."""

    line_id: int
    code: str
    name: str
    name_en: str | None
    kind: str
    operator_id: int | None
    region_code: str | None
    ways: list[list[list[float]]]


_BOX = b"""
       and (%(west)s::float8 is null
            or (lat_e6 between %(south)s::float8 * 1e6 and %(north)s::float8 * 1e6
                and case when %(west)s::float8 <= %(east)s::float8 then lon_e6 between %(west)s::float8 * 1e6 and %(east)s::float8 * 1e6
                         else lon_e6 >= %(west)s::float8 * 1e6 or lon_e6 <= %(east)s::float8 * 1e6 end))
"""


def _values(box: Box | None, after: int, limit: int) -> dict[str, Any]:
    west, south, east, north = box if box is not None else (None, None, None, None)
    return {"west": west, "south": south, "east": east, "north": north, "after": after, "limit": limit}


def vehicles(
    conn: Connection, box: Box | None, span: tuple[datetime | None, datetime | None], after: int, limit: int, only: int | None = None
) -> list[PlacedVehicle]:
    """Located vehicles by number, those after one; span: their newest fix lies in [first, last]; only: this one."""
    with conn.cursor(row_factory=class_row(PlacedVehicle)) as cursor:
        return cursor.execute(
            b"""
            select v.vehicle_id, v.plate, v.plate_colour, v.vehicle_class, v.operator_id, v.region_code, v.line_id, l.located_at as time,
                   l.lon_e6 / 1e6::float8 as lon, l.lat_e6 / 1e6::float8 as lat, nullif(l.speed_kmh10, -1) / 10::float8 as speed_kmh,
                   nullif(l.heading_deg, -1)::int as heading_deg
              from vehicle_last_seen l
              join vehicle v on v.vehicle_id = l.vehicle_id
             where l.located_at is not null
               and v.vehicle_id > %(after)s
               and (%(only)s::int is null or v.vehicle_id = %(only)s)
               and (%(first)s::timestamptz is null or l.located_at >= %(first)s)
               and (%(last)s::timestamptz is null or l.located_at <= %(last)s)
            """
            + _BOX
            + b" order by v.vehicle_id limit %(limit)s",
            _values(box, after, limit) | {"first": span[0], "last": span[1], "only": only},
        ).fetchall()


def stations(conn: Connection, box: Box | None, after: int, limit: int, only: int | None = None) -> list[Place]:
    """Stations and stops by number, those after one; only: this one."""
    with conn.cursor(row_factory=class_row(Place)) as cursor:
        return cursor.execute(
            b"""
            select station_id, name, name_en, kind, region_code, lon_e6 / 1e6::float8 as lon, lat_e6 / 1e6::float8 as lat
              from station
             where station_id > %(after)s
               and (%(only)s::int is null or station_id = %(only)s)
            """
            + _BOX
            + b" order by station_id limit %(limit)s",
            _values(box, after, limit) | {"only": only},
        ).fetchall()


def lines(conn: Connection, after: int, limit: int, only: int | None = None) -> list[DrawnLine]:
    """Lines by number with their ways, those after one; only: this one."""
    with conn.cursor(row_factory=class_row(DrawnLine)) as cursor:
        return cursor.execute(
            """
            select l.line_id, l.code, l.name, l.name_en, l.kind, l.operator_id, l.region_code,
                   coalesce((
                       select jsonb_agg(w.way order by w.variant)
                         from (select v.variant, coalesce(v.drawing, (
                                          select jsonb_agg(jsonb_build_array(s.lon_e6 / 1e6, s.lat_e6 / 1e6) order by t.stop_seq)
                                            from line_stop t
                                            join station s on s.station_id = t.station_id
                                           where t.line_id = v.line_id and t.variant = v.variant)) as way
                                 from line_variant v
                                where v.line_id = l.line_id) w
                        where jsonb_array_length(w.way) >= 2), '[]') as ways
              from line l
             where l.line_id > %(after)s
               and (%(only)s::int is null or l.line_id = %(only)s)
             order by l.line_id
             limit %(limit)s
            """,
            {"after": after, "limit": limit, "only": only},
        ).fetchall()


BUSES = ("rural_bus", "town_bus", "city_bus", "bus", "line_coach")
"""Classes of vehicles that carry the public along lines; a coach does when it has a line."""


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus on the road; speed_kmh10 0.1 km/h, heading_deg degrees: negative where the terminal did not say."""

    vehicle_id: int
    plate: str | None
    line_id: int | None
    time: datetime
    lon_e6: int
    lat_e6: int
    speed_kmh10: int
    heading_deg: int
    odometer_m: int | None


def buses(conn: Connection, fresh_s: int) -> list[Bus]:
    """Located buses that were heard of in the last seconds, by number."""
    with conn.cursor(row_factory=class_row(Bus)) as cursor:
        return cursor.execute(
            """
            select v.vehicle_id, v.plate, v.line_id, l.located_at as time, l.lon_e6, l.lat_e6, l.speed_kmh10, l.heading_deg, l.odometer_m
              from vehicle_last_seen l
              join vehicle v on v.vehicle_id = l.vehicle_id
             where l.located_at > now() - make_interval(secs => %(fresh)s)
               and (v.vehicle_class = any(%(classes)s) or (v.vehicle_class = 'coach' and v.line_id is not null))
             order by v.vehicle_id
            """,
            {"fresh": fresh_s, "classes": list(BUSES)},
        ).fetchall()
