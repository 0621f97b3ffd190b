"""Tracks as moving features (OGC 19-045r3, MF-JSON Prism): a `MovingPoint` with temporal properties."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from domain.track import Track
from tracking.formats.geojson_reader import features_of, load_json, said, time_of, value_of
from tracking.formats.instants import iso
from tracking.formats.recording import OPTIONAL_COLUMNS, Columns, Recording, common, placed_rows, write_text

_CRS = {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
_TRS = {"type": "Name", "properties": {"name": "urn:ogc:data:time:iso8601"}}
_READ = {
    "speed": ("speed_kmh", 1.0),
    "heading": ("heading_deg", 1.0),
    "satellites": ("satellites", 1.0),
    "odometer": ("odometer_m", 1.0),
    "acc": ("acc", 1.0),
}
"""Temporal property: our column and the factor to its unit (the forms that `write` names)."""


def read(path: Path) -> tuple[Recording, ...]:
    """Tracks of an MF-JSON file, one for each feature with a `MovingPoint`, or a collection of them end to end.

    Raises:
        RefusedError: no moving point, unequal numbers of times and positions, broken values, with the feature named.
    """
    content = load_json(path)
    recordings = []
    for number, one in enumerate(features_of(path, content), start=1):
        properties = one.get("properties") or {}
        if properties.get("role") == "matched" or not isinstance(one.get("temporalGeometry"), dict):
            continue
        where = f"feature {number}"
        columns = _columns(path, where, one)
        recordings.append(Recording(str(properties.get("name") or ""), columns.track(), **said(content)))
    if not recordings:
        raise RefusedError(f"{path}: no feature with a temporalGeometry; is it MF-JSON?", field="temporalGeometry")
    return tuple(recordings)


def _columns(path: Path, where: str, one: dict[str, Any]) -> Columns:
    geometry = one["temporalGeometry"]
    parts = geometry.get("prisms", []) if geometry.get("type") == "MovingGeometryCollection" else [geometry]
    columns = Columns(path)
    for part in parts:
        if not isinstance(part, dict) or part.get("type") != "MovingPoint":
            raise RefusedError(f"{path}: {where}: a temporalGeometry that is no MovingPoint; only moving points are tracks", field="type")
        times, places = part.get("datetimes"), part.get("coordinates")
        if not isinstance(times, list) or not isinstance(places, list) or len(times) != len(places):
            raise RefusedError(
                f"{path}: {where}: datetimes and coordinates are not lists of equal length; export it again", field="datetimes"
            )
        for row, (time, place) in enumerate(zip(times, places, strict=True), start=1):
            here = f"{where}, position {row}"
            if not isinstance(place, list) or len(place) < 2:
                raise RefusedError(f"{path}: {here}: {str(place)[:40]} is no [lon, lat]; correct it", field="coordinates")
            lon, lat = value_of(path, here, "longitude", place[0]), value_of(path, here, "latitude", place[1])
            columns.add(here, lon, lat, time_of(path, here, time), {})
    _properties(path, where, one.get("temporalProperties") or [], columns)
    return columns


def _properties(path: Path, where: str, groups: Any, columns: Columns) -> None:
    """Lay temporal properties onto the fixes of the same instant; the n-th of equal instants onto the n-th fix."""
    rows: dict[tuple[int, int], int] = {}
    seen: dict[int, int] = {}
    for row, t in enumerate(columns.t_ms):
        assert t is not None
        seen[t] = seen.get(t, -1) + 1
        rows[t, seen[t]] = row
    for group in groups if isinstance(groups, list) else []:
        if not isinstance(group, dict) or not isinstance(group.get("datetimes"), list):
            raise RefusedError(f"{path}: {where}: temporalProperties without datetimes; export it again", field="datetimes")
        times = [time_of(path, f"{where}, temporalProperties", t) for t in group["datetimes"]]
        for name, (column, factor) in _READ.items():
            told = group.get(name)
            values = told.get("values") if isinstance(told, dict) else None
            if not isinstance(values, list):
                continue
            if len(values) != len(times):
                raise RefusedError(f"{path}: {where}: {name} has {len(values)} values for {len(times)} times; export it again", field=name)
            nth: dict[int, int] = {}
            for t, value in zip(times, values, strict=True):
                nth[t] = nth.get(t, -1) + 1
                if (t, nth[t]) in rows and value is not None:
                    columns.rest[column][rows[t, nth[t]]] = value_of(path, where, name, value) * factor


def write(path: Path, recordings: Sequence[Recording]) -> None:
    """Write each recording as a moving feature, and the fixes on their roads as a second one of role "matched".

    Fixes without coordinates are left out. Speed, limit, confidence, heading, satellites, odometer, ignition are temporal
    properties of the instants that have them.

    Raises:
        RefusedError: a track without times; a moving feature is nothing without them.
    """
    features: list[dict[str, Any]] = []
    for one in recordings:
        if not one.track.timed:
            raise RefusedError(f"{path}: track {one.name!r} has no times, MF-JSON needs them; write GeoJSON, GPX or CSV", field="time")
        rows = placed_rows(one.track)
        track = one.track.rows(rows)
        features.append(_feature("raw", one.name, track, track.lon_deg, track.lat_deg, _measured(track)))
        if one.placed is not None:
            on = np.flatnonzero(np.isfinite(one.placed.lon_deg))
            track = one.track.rows(on)
            told = {"limit": (one.placed.limit_kmh[on], "KMH", "Step"), "confidence": (one.placed.confidence[on], "C62", "Step")}
            placed = _feature("matched", one.name, track, one.placed.lon_deg[on], one.placed.lat_deg[on], _measured(track) | told)
            features.append(placed)
    collection: dict[str, Any] = {"type": "FeatureCollection", "crs": _CRS, "trs": _TRS}
    collection |= {name: common(recordings, name) for name in ("licence", "map_version", "match_version")}
    collection["features"] = features
    write_text(path, json.dumps(collection, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")


_Property = tuple[NDArray[Any], str, str]
"""(values with NaN, unit by UN/CEFACT code, interpolation)."""


def _measured(track: Track) -> dict[str, _Property]:
    acc = np.where(track.acc < 0, np.nan, track.acc.astype(np.float64))
    forms = {
        "speed": ("KMH", "Linear"),
        "heading": ("DD", "Step"),
        "satellites": ("C62", "Step"),
        "odometer": ("MTR", "Linear"),
        "acc": ("C62", "Step"),
    }
    columns = dict(
        zip(("speed", "heading", "satellites", "odometer", "acc"), (getattr(track, name) for name in OPTIONAL_COLUMNS), strict=True)
    )
    columns["acc"] = acc
    return {name: (columns[name].astype(np.float64), *forms[name]) for name in columns}


def _feature(
    role: str, name: str, track: Track, lon: NDArray[np.float64], lat: NDArray[np.float64], told: dict[str, _Property]
) -> dict[str, Any]:
    times = [iso(t) for t in track.t_ms.tolist()]
    geometry = {
        "type": "MovingPoint",
        "datetimes": times,
        "coordinates": [[x, y] for x, y in zip(np.round(lon, 7).tolist(), np.round(lat, 7).tolist(), strict=True)],
        "interpolation": "Linear",
    }
    groups: dict[bytes, dict[str, Any]] = {}
    for word, (values, form, interpolation) in told.items():
        there = np.isfinite(values)
        if there.any():
            group = groups.setdefault(there.tobytes(), {"datetimes": [times[row] for row in np.flatnonzero(there)]})
            rounded = [round(value, 3) for value in values[there].tolist()]
            group[word] = {"type": "Measure", "form": form, "values": rounded, "interpolation": interpolation}
    properties = {"name": name, "role": role}
    return {"type": "Feature", "temporalGeometry": geometry, "temporalProperties": list(groups.values()), "properties": properties}
