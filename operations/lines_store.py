"""SQL of lines, their ways and stops, stations, timetables. Nobody else writes these tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]
Places = tuple[tuple[float, float], ...]

FOR_GOOD = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where a line halts; degrees WGS-84; station: a building where one buys tickets, else a pole."""

    name: str
    lon_deg: float
    lat_deg: float
    name_en: str | None = None
    station: bool = False

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes two stops one: name and place in 1e-6 degree."""
        return self.name, round(self.lon_deg * 1e6), round(self.lat_deg * 1e6)


@dataclass(frozen=True, slots=True)
class Way:
    """One direction or variant: drawing in driving order, (lon, lat) degrees, empty where only stops are known; stops, terminals included."""

    variant: str
    drawing: Places
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class ScheduledLine:
    """A line (班线); code names it in files; kind: class of its vehicles."""

    code: str
    name: str
    ways: tuple[Way, ...]
    name_en: str | None = None
    kind: str = "unknown"
    region_code: str | None = None


@dataclass(frozen=True, slots=True)
class TimetableTrip:
    """A departure (班次) that recurs; seconds from the day's midnight; weekdays: bit 0 Monday; vehicle_id None: not fixed."""

    code: str
    variant: str
    departs_s: int
    arrives_s: int
    weekdays: int = 127
    vehicle_id: int | None = None


def put_lines(conn: Connection, lines: Sequence[ScheduledLine], from_day: date) -> int:
    """Store lines in the caller's transaction; ways that changed get a new revision and their vehicles' days from the day on are
    computed again; how many ways are new or changed."""
    stations = _put_stations(conn, {stop.key: stop for line in lines for way in line.ways for stop in way.stops})
    changed = 0
    for line in lines:
        line_id = _put_line(conn, line)
        moved = sum(_put_way(conn, line_id, way, [stations[stop.key] for stop in way.stops]) for way in line.ways)
        if moved:
            _announce(conn, _vehicles_of(conn, [line_id]), from_day, "line")
        changed += moved
    return changed


def _put_stations(conn: Connection, stops: dict[tuple[str, int, int], Stop]) -> dict[tuple[str, int, int], int]:
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into station (name, name_en, kind, lon_e6, lat_e6)
            values (%(name)s, %(name_en)s, %(kind)s, %(lon_e6)s, %(lat_e6)s)
                on conflict (name, lon_e6, lat_e6) do nothing
            """,
            [
                {
                    "name": name, "name_en": stop.name_en, "kind": "station" if stop.station else "stop", "lon_e6": lon, "lat_e6": lat,
                }
                for (name, lon, lat), stop in sorted(stops.items(), key=lambda item: item[0])
            ],
        )  # fmt: skip
    rows = conn.execute(
        "select name, lon_e6, lat_e6, station_id from station where name = any(%(names)s)", {"names": sorted({key[0] for key in stops})}
    ).fetchall()
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _put_line(conn: Connection, line: ScheduledLine) -> int:
    row = conn.execute(
        """
        insert into line (code, name, name_en, kind, region_code)
        values (%(code)s, %(name)s, %(name_en)s, %(kind)s, %(region_code)s)
            on conflict (code)
            do update set name = excluded.name,
                          name_en = excluded.name_en,
                          kind = excluded.kind,
                          region_code = excluded.region_code
        returning line_id
        """,
        {"code": line.code, "name": line.name, "name_en": line.name_en, "kind": line.kind, "region_code": line.region_code},
    ).fetchone()
    assert row is not None
    return int(row[0])


def _put_way(conn: Connection, line_id: int, way: Way, stations: list[int]) -> bool:
    """True when the way is new or another than the stored one."""
    key = {"line_id": line_id, "variant": way.variant}
    drawing = [[round(lon, 7), round(lat, 7)] for lon, lat in way.drawing] or None
    row = conn.execute("select drawing from line_variant where line_id = %(line_id)s and variant = %(variant)s", key).fetchone()
    stored = conn.execute(
        "select station_id from line_stop where line_id = %(line_id)s and variant = %(variant)s order by stop_seq", key
    ).fetchall()
    if row is not None and row[0] == drawing and [one[0] for one in stored] == stations:
        return False
    conn.execute(
        """
        insert into line_variant as v (line_id, variant, drawing)
        values (%(line_id)s, %(variant)s, %(drawing)s)
            on conflict (line_id, variant)
            do update set drawing = excluded.drawing,
                          revision = v.revision + 1
        """,
        key | {"drawing": None if drawing is None else Jsonb(drawing)},
    )
    conn.execute("delete from line_stop where line_id = %(line_id)s and variant = %(variant)s", key)
    conn.execute(
        """
        insert into line_stop (line_id, variant, stop_seq, station_id)
        select %(line_id)s, %(variant)s, seq - 1, station_id
          from unnest(%(stations)s::int[]) with ordinality as s(station_id, seq)
        """,
        key | {"stations": stations},
    )
    return True


def line_ids(conn: Connection) -> dict[str, int]:
    """line_id by code."""
    return dict(conn.execute("select code, line_id from line").fetchall())


def put_timetable(conn: Connection, line_id: int, trips: Iterable[TimetableTrip], from_day: date) -> bool:
    """Make these the line's trips from the day on, in the caller's transaction; earlier days keep theirs. False when they were so already.

    Vehicles named serve the line from now on; their computed days from the day on become due.
    """
    wanted = [(trip.variant, trip.vehicle_id, trip.departs_s, trip.arrives_s, trip.weekdays) for trip in trips]
    key = {"line_id": line_id, "from_day": from_day, "day_before": from_day - timedelta(1)}
    stored = conn.execute(
        """
        select variant, vehicle_id, departs_s, arrives_s, weekdays
          from timetable_trip
         where line_id = %(line_id)s
           and valid_from = %(from_day)s
           and valid_to is null
        """,
        key,
    ).fetchall()
    if sorted(stored, key=str) == sorted(wanted, key=str):
        return False
    vehicles = {row[1] for row in (*stored, *wanted) if row[1] is not None}
    conn.execute("delete from timetable_trip where line_id = %(line_id)s and valid_from >= %(from_day)s", key)
    conn.execute(
        """
        update timetable_trip
           set valid_to = %(day_before)s
         where line_id = %(line_id)s
           and (valid_to is null or valid_to >= %(from_day)s)
        """,
        key,
    )
    _put_trips(conn, line_id, wanted, from_day)
    _serve(conn, line_id, [row[1] for row in wanted if row[1] is not None])
    _announce(conn, vehicles, from_day, "timetable")
    return True


def _put_trips(conn: Connection, line_id: int, rows: Sequence[tuple[str, int | None, int, int, int]], from_day: date) -> None:
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    conn.execute(
        """
        insert into timetable_trip (line_id, variant, vehicle_id, departs_s, arrives_s, weekdays, valid_from)
        select %(line_id)s, variant, vehicle_id, departs_s, arrives_s, weekdays, %(from_day)s
          from unnest(%(variants)s::text[], %(vehicles)s::int[], %(departs)s::int[], %(arrives)s::int[], %(weekdays)s::smallint[])
               as t(variant, vehicle_id, departs_s, arrives_s, weekdays)
        """,
        {"line_id": line_id, "from_day": from_day}
        | dict(zip(("variants", "vehicles", "departs", "arrives", "weekdays"), columns, strict=True)),
    )


def _serve(conn: Connection, line_id: int, vehicle_ids: Sequence[int]) -> None:
    conn.execute(
        """
        update vehicle
           set line_id = %(line_id)s
         where vehicle_id = any(%(vehicles)s::int[])
           and line_id is distinct from %(line_id)s
        """,
        {"line_id": line_id, "vehicles": list(vehicle_ids)},
    )


def _vehicles_of(conn: Connection, lines: Sequence[int]) -> set[int]:
    """Vehicles that serve lines, by the registry or the timetable."""
    rows = conn.execute(
        """
        select vehicle_id
          from vehicle
         where line_id = any(%(lines)s::int[])
         union
        select vehicle_id
          from timetable_trip
         where line_id = any(%(lines)s::int[])
           and vehicle_id is not null
        """,
        {"lines": list(lines)},
    ).fetchall()
    return {row[0] for row in rows}


def _announce(conn: Connection, vehicle_ids: Iterable[int], from_day: date, reason: str) -> None:
    """Outbox `day.changed`: the computed days of these vehicles from the day on rest on something that has changed."""
    conn.execute(
        """
        insert into outbox (topic, dedupe_key, payload)
        select 'day.changed', %(reason)s || ' ' || vehicle_id || ' ' || gen_random_uuid(),
               jsonb_build_object('vehicle', vehicle_id, 'from', %(from_day)s::date, 'to', %(to)s::date, 'reason', %(reason)s::text)
          from unnest(%(vehicles)s::int[]) as v(vehicle_id)
        """,
        {"vehicles": sorted(vehicle_ids), "from_day": from_day, "to": FOR_GOOD, "reason": reason},
    )
