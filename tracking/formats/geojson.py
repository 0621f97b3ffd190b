"""Tracks as GeoJSON (RFC 7946), with the arrays of fixes beside the coordinates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracking.formats.geojson_reader import ROLES, parse
from tracking.formats.instants import iso
from tracking.formats.recording import Leg, Recording, common, placed_rows, write_text


def read(path: Path) -> tuple[Recording, ...]:
    """Tracks of a GeoJSON file: every LineString or MultiLineString is one; all Points with the same `name` are one.

    Times stand in the property `coordTimes` (also `times`, `datetimes`, `coordinateProperties.times`), or for Points in
    `time`; ISO 8601 or epoch ms. Columns of fixes (`speed_kmh`, `heading_deg`, `satellites`, `odometer_km`, `acc`) are arrays
    beside it, for Points single values. Features that a former export marked as matched, gap or off_road are left out.

    Raises:
        RefusedError: not GeoJSON, no line or point in it, arrays of unequal length, broken values, with the feature named.
    """
    return parse(path)


def write(path: Path, recordings: Sequence[Recording]) -> None:
    """Write a FeatureCollection: of each recording its raw fixes, and every leg as a feature of its own.

    `role` is raw, matched, gap, off_road or ferry; a leg has its source, length in metres with the interval, and times. Fixes
    without coordinates are left out and counted in `not_located`. licence and map_version are members of the collection.
    """
    features: list[dict[str, Any]] = []
    for one in recordings:
        features.append(_raw(one))
        features += [_leg(one, leg) for leg in one.legs]
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    collection |= {name: common(recordings, name) for name in ("licence", "map_version", "match_version")}
    collection["features"] = features
    write_text(path, json.dumps(collection, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")


def feature(lon: np.ndarray, lat: np.ndarray, properties: dict[str, Any]) -> dict[str, Any]:
    """A LineString feature; a Point for one position, no geometry for none."""
    places = [[x, y] for x, y in zip(np.round(lon, 7).tolist(), np.round(lat, 7).tolist(), strict=True)]
    geometry: dict[str, Any] | None = {"type": "LineString", "coordinates": places}
    if len(places) == 1:
        geometry = {"type": "Point", "coordinates": places[0]}
    elif not places:
        geometry = None
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def numbers(column: np.ndarray, decimals: int) -> list[float | None]:
    """The column as JSON numbers, null for NaN."""
    return [None if value != value else round(value, decimals) for value in column.astype(np.float64).tolist()]


def _raw(one: Recording) -> dict[str, Any]:
    rows = placed_rows(one.track)
    track = one.track.rows(rows)
    properties: dict[str, Any] = {"role": "raw", "name": one.name, "not_located": len(one.track) - rows.size}
    if track.timed:
        properties["coordTimes"] = [iso(t) for t in track.t_ms.tolist()]
    acc = np.where(track.acc < 0, np.nan, track.acc)
    columns = (
        ("speed_kmh", track.speed_kmh, 2), ("heading_deg", track.heading_deg, 2), ("satellites", track.satellites, 0),
        ("odometer_km", track.odometer_m / 1000.0, 3), ("acc", acc, 0),
    )  # fmt: skip
    properties |= {name: numbers(column, decimals) for name, column, decimals in columns if np.isfinite(column).any()}
    if one.placed is not None:
        properties["state"] = [one.placed.state[row] for row in rows.tolist()]
        properties["confidence"] = numbers(one.placed.confidence[rows], 3)
        properties["limit_kmh"] = numbers(one.placed.limit_kmh[rows], 0)
    return feature(track.lon_deg, track.lat_deg, properties)


def _leg(one: Recording, leg: Leg) -> dict[str, Any]:
    properties: dict[str, Any] = {"role": ROLES[leg.kind], "name": one.name, "source": leg.source, "reason": leg.reason}
    figures = {"length_m": leg.length_m, "low_m": leg.low_m, "high_m": leg.high_m, "confidence": leg.confidence}
    properties |= {name: None if value != value else round(value, 3) for name, value in figures.items()}
    if leg.t_ms.size:
        properties |= {"from": iso(int(leg.t_ms[0])), "to": iso(int(leg.t_ms[-1]))}
        properties["coordTimes"] = [iso(t) for t in leg.t_ms.tolist()]
    return feature(leg.lon_deg, leg.lat_deg, properties)
