"""What stands behind each collection of `/ogc`: its right, a page of it, one feature of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from shapely import LineString, MultiLineString, box

from api.ogc_asked import Asked, Box
from api.schemas.ogc import Feature, Geometry
from storage import features as stored
from storage import violations
from storage.features import DrawnLine, Place, PlacedVehicle
from storage.violations import Alert, AlertFilter

Connection = psycopg.Connection[Any]

_LINES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A page; next_key: of its last feature, None when nothing follows."""

    features: list[Feature]
    next_key: Sequence[Any] | None


@dataclass(frozen=True, slots=True)
class Held:
    """A collection; right: of `operations.rights`; ids: features' numbers are below."""

    name: str
    title: str
    description: str
    right: str
    ids: int
    page: Callable[[Connection, Asked], Found]
    one: Callable[[Connection, int], Feature | None]


def _cut(rows: Sequence[Any], limit: int, feature: Callable[[Any], Feature], key: Callable[[Any], Sequence[Any]]) -> Found:
    told = rows[:limit]
    return Found([feature(row) for row in told], key(told[-1]) if len(rows) > limit else None)


def _after(asked: Asked) -> int:
    return 0 if asked.after is None else int(asked.after[0])


def _point(lon: float, lat: float) -> Geometry:
    return Geometry(type="Point", coordinates=[round(lon, 6), round(lat, 6)])


def _vehicle(row: PlacedVehicle) -> Feature:
    said = asdict(row)
    number, lon, lat = said.pop("vehicle_id"), said.pop("lon"), said.pop("lat")
    return Feature(id=number, geometry=_point(lon, lat), properties=said | {"time": row.time.isoformat()})


def _vehicles(conn: Connection, asked: Asked) -> Found:
    rows = stored.vehicles(conn, asked.box, asked.span, _after(asked), asked.limit + 1)
    return _cut(rows, asked.limit, _vehicle, lambda row: (row.vehicle_id,))


def _one_vehicle(conn: Connection, number: int) -> Feature | None:
    rows = stored.vehicles(conn, None, (None, None), 0, 1, number)
    return _vehicle(rows[0]) if rows else None


def _station(row: Place) -> Feature:
    said = asdict(row)
    number, lon, lat = said.pop("station_id"), said.pop("lon"), said.pop("lat")
    return Feature(id=number, geometry=_point(lon, lat), properties=said)


def _stations(conn: Connection, asked: Asked) -> Found:
    rows = stored.stations(conn, asked.box, _after(asked), asked.limit + 1)
    return _cut(rows, asked.limit, _station, lambda row: (row.station_id,))


def _one_station(conn: Connection, number: int) -> Feature | None:
    rows = stored.stations(conn, None, 0, 1, number)
    return _station(rows[0]) if rows else None


def _alert(row: Alert) -> Feature:
    said = {
        "rule_id": row.rule_id, "severity": row.severity, "condition": row.condition, "state": row.state, "plate": row.plate,
        "plate_colour": row.plate_colour, "vehicle_id": row.vehicle_id, "operator_id": row.operator_id, "region_code": row.region_code,
        "opened": row.opened.isoformat(), "closed": row.closed.isoformat() if row.closed else None,
    }  # fmt: skip
    place = _point(row.lon_e6 / 1e6, row.lat_e6 / 1e6) if row.lon_e6 is not None and row.lat_e6 is not None else None
    return Feature(id=row.alert_id, geometry=place, properties=said)


def _alerts(conn: Connection, asked: Asked) -> Found:
    wanted = AlertFilter(first=asked.span[0], last=asked.span[1], overlapping=True, box=asked.box)
    after = None if asked.after is None else (asked.after[0], int(asked.after[1]))
    rows = violations.alerts(conn, wanted, asked.limit + 1, after)
    return _cut(rows, asked.limit, _alert, lambda row: (row.opened, row.alert_id))


def _one_alert(conn: Connection, number: int) -> Feature | None:
    row = violations.alert(conn, number)
    return _alert(row) if row is not None else None


def _line(row: DrawnLine) -> Feature:
    said = asdict(row)
    number, ways = said.pop("line_id"), said.pop("ways")
    return Feature(id=number, geometry=Geometry(type="MultiLineString", coordinates=ways) if ways else None, properties=said)


def _lines(conn: Connection, asked: Asked) -> Found:
    found: list[DrawnLine] = []
    after = _after(asked)
    while len(found) <= asked.limit:
        rows = stored.lines(conn, after, _LINES_AT_ONCE)
        found += [row for row in rows if asked.box is None or crosses(row.ways, asked.box)]
        if len(rows) < _LINES_AT_ONCE:
            break
        after = rows[-1].line_id
    return _cut(found, asked.limit, _line, lambda row: (row.line_id,))


def crosses(ways: list[list[list[float]]], wanted: Box) -> bool:
    """A part of the ways lies in the box."""
    west, south, east, north = wanted
    boxes = [box(west, south, east, north)] if west <= east else [box(west, south, 180, north), box(-180, south, east, north)]
    drawn = MultiLineString([LineString(way) for way in ways])
    return any(drawn.intersects(one) for one in boxes)


def _one_line(conn: Connection, number: int) -> Feature | None:
    rows = stored.lines(conn, 0, 1, number)
    return _line(rows[0]) if rows else None


COLLECTIONS = {
    one.name: one
    for one in (
        Held("vehicles", "Vehicles", "Where each vehicle was located last.", "positions:read", 2**31, _vehicles, _one_vehicle),
        Held("alerts", "Alerts", "Where alerts opened.", "alerts:read", 2**63, _alerts, _one_alert),
        Held("stations", "Stations and stops", "Places where lines halt.", "registry:read", 2**31, _stations, _one_station),
        Held("lines", "Lines", "Ways of the scheduled lines.", "registry:read", 2**31, _lines, _one_line),
    )
}
"""Collections by name."""
