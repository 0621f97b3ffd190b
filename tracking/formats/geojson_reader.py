"""The reading of GeoJSON as tracks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.errors import RefusedError
from tracking.formats.instants import parse_instant
from tracking.formats.recording import FERRY, GAP, OFF_ROAD, ON_ROAD, Columns, Recording, read_text

ROLES = {ON_ROAD: "matched", OFF_ROAD: "off_road", GAP: "gap", FERRY: "ferry"}
"""Kind of a leg: role of its feature."""
_TIMES = ("coordTimes", "times", "datetimes", "time")
_VALUES = {"speed_kmh": 1.0, "heading_deg": 1.0, "satellites": 1.0, "odometer_km": 1000.0, "acc": 1.0}
"""Property and the factor to our unit."""
_COLUMN = {"odometer_km": "odometer_m"}


def load_json(path: Path) -> dict[str, Any]:
    """The JSON object of a file.

    Raises:
        RefusedError: no file, no JSON (with its line), or something else than an object.
    """
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise RefusedError(f"{path}: line {error.lineno}: no JSON ({error.msg}); export the file again", field="path") from error
    except RecursionError as error:
        raise RefusedError(f"{path}: nested too deep for a track; is it the right file?", field="path") from error
    if not isinstance(content, dict):
        raise RefusedError(f"{path}: line 1: an object was expected, found {type(content).__name__}; is it GeoJSON?", field="path")
    return content


def said(content: dict[str, Any]) -> dict[str, Any]:
    """licence, map_version and match_version of a collection, "" where it says nothing."""
    return {name: str(content.get(name) or "") for name in ("licence", "map_version", "match_version")}


def features_of(path: Path, content: dict[str, Any]) -> list[dict[str, Any]]:
    """The features of a collection, of one feature, or of a bare geometry."""
    sort = content.get("type")
    if sort == "FeatureCollection" and isinstance(content.get("features"), list):
        features: list[dict[str, Any]] = content["features"]
    elif sort == "Feature":
        features = [content]
    elif "coordinates" in content:
        features = [{"type": "Feature", "geometry": content, "properties": {}}]
    else:
        raise RefusedError(f"{path}: type {sort!r} is no GeoJSON with features; is it the right file?", field="type")
    for number, one in enumerate(features, start=1):
        if not isinstance(one, dict) or not isinstance(one.get("properties") or {}, dict):
            raise RefusedError(f"{path}: feature {number}: no feature object; export the file again", field="features")
    return features


def parse(path: Path) -> tuple[Recording, ...]:
    """Tracks of a GeoJSON file; `tracking.formats.geojson.read` says which and when it refuses."""
    content = load_json(path)
    groups: list[tuple[str, Columns]] = []
    points: dict[str, Columns] = {}
    for number, one in enumerate(features_of(path, content), start=1):
        properties = one.get("properties") or {}
        geometry = one.get("geometry")
        if properties.get("role") in list(ROLES.values()) or not isinstance(geometry, dict):
            continue
        name, where = str(properties.get("name") or ""), f"feature {number}"
        if geometry.get("type") == "Point":
            if name not in points:
                points[name] = Columns(path)
                groups.append((name, points[name]))
            _add(points[name], where, [geometry.get("coordinates")], _singles(properties))
        elif geometry.get("type") in ("LineString", "MultiLineString"):
            columns = Columns(path)
            groups.append((name, columns))
            _add(columns, where, *_flat(path, where, geometry, properties))
    if not groups:
        raise RefusedError(f"{path}: no LineString and no Point in it; nothing to read as a track", field="features")
    return tuple(Recording(name, columns.track(), **said(content)) for name, columns in groups)


def _singles(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, list) else [value] for name, value in properties.items()}


def _flat(path: Path, where: str, geometry: dict[str, Any], properties: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """(positions, properties) of a line, of several lines end to end with their nested arrays."""
    positions = geometry.get("coordinates")
    nested = properties.get("coordinateProperties")
    properties = {**nested, **properties} if isinstance(nested, dict) else dict(properties)
    if not isinstance(positions, list):
        raise RefusedError(f"{path}: {where}: no coordinates; export the file again", field="coordinates")
    if geometry["type"] == "LineString":
        return positions, properties
    for name in (*_TIMES, *_VALUES):
        column = properties.get(name)
        if isinstance(column, list) and column and all(isinstance(part, list) for part in column):
            properties[name] = [value for part in column for value in part]
    if not all(isinstance(part, list) for part in positions):
        raise RefusedError(f"{path}: {where}: a MultiLineString holds lists of positions; export the file again", field="coordinates")
    return [place for part in positions for place in part], properties


def _add(columns: Columns, where: str, positions: list[Any], properties: dict[str, Any]) -> None:
    path = columns.path
    arrays: dict[str, list[Any]] = {}
    for name in (*_TIMES, *_VALUES):
        column = properties.get(name)
        if not isinstance(column, list):
            continue
        if len(column) != len(positions):
            raise RefusedError(
                f"{path}: {where}: {name} has {len(column)} values for {len(positions)} positions; export it again", field=name
            )
        arrays[name] = column
    times = next((arrays[name] for name in _TIMES if name in arrays), None)
    for row, (lon, lat) in enumerate(_places(path, where, positions)):
        here = f"{where}, position {row + 1}"
        rest = {
            _COLUMN.get(name, name): None if arrays[name][row] is None else value_of(path, here, name, arrays[name][row]) * factor
            for name, factor in _VALUES.items()
            if name in arrays
        }
        columns.add(here, lon, lat, None if times is None or times[row] is None else time_of(path, here, times[row]), rest)


def _places(path: Path, where: str, positions: list[Any]) -> Iterator[tuple[float, float]]:
    for row, place in enumerate(positions, start=1):
        if not isinstance(place, list) or len(place) < 2:
            raise RefusedError(f"{path}: {where}, position {row}: {str(place)[:40]} is no [lon, lat]; correct it", field="coordinates")
        here = f"{where}, position {row}"
        yield value_of(path, here, "longitude", place[0]), value_of(path, here, "latitude", place[1])


def value_of(path: Path, where: str, name: str, value: Any) -> float:
    """A finite number, or `RefusedError`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise RefusedError(f"{path}: {where}: {name} {str(value)[:40]!r} is no number; correct it", field=name)
    return float(value)


def time_of(path: Path, where: str, value: Any) -> int:
    """Epoch ms of a JSON time, or `RefusedError`."""
    try:
        return parse_instant(str(value))
    except (ValueError, OverflowError) as error:
        raise RefusedError(
            f"{path}: {where}: time {str(value)[:40]!r} is no time; write ISO 8601 (2026-01-31T08:00:00Z) or epoch ms", field="time"
        ) from error
