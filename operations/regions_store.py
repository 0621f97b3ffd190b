"""The region table: import from CSV, GeoJSON or records, all rows or none."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from domain.errors import RefusedError

LEVELS = ("country", "province", "prefecture", "county", "town", "village")
_DIGITS = {"town": 9, "village": 12}
"""Length of a code; six digits above the town. Source: GB/T 2260, GB/T 10114."""
_BOUNDS = (73.0, 3.0, 136.0, 54.0)
"""West, south, east, north of China, degrees."""
_FOUNDED = date(1949, 10, 1)


@dataclass(frozen=True, slots=True)
class Region:
    """A region to be stored.

    Args:
        region_code: six digits (town nine, village twelve).
        level: one of `LEVELS`.
        name, name_en: Chinese and English; English None: unknown.
        parent_code: None: the root of the tree.
        geometry: GeoJSON Polygon or MultiPolygon, WGS-84; None: no outline.
        centre: lon, lat in degrees; None: the middle of the outline's bounds, if there is one.
        source, datum: where the outline comes from and what it was measured in.
        valid_from: first day of the code.
    """

    region_code: str
    level: str
    name: str
    name_en: str | None = None
    parent_code: str | None = None
    geometry: dict[str, Any] | None = None
    centre: tuple[float, float] | None = None
    source: str = ""
    datum: str = "wgs84"
    valid_from: date = field(default=_FOUNDED)


def put_regions(conn: psycopg.Connection[Any], regions: Sequence[Region]) -> int:
    """Store regions, all or none; a code that exists is replaced. Number of rows written.

    Raises:
        RefusedError: lists every faulty row; nothing was written.
    """
    known = {code for (code,) in conn.execute("select region_code from region").fetchall()}
    faults = _faults(regions, known)
    if faults:
        raise RefusedError("regions refused, nothing written:\n" + "\n".join(faults), field="region_code")
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into region (region_code, level, name, name_en, parent_code, geometry, centre_lon, centre_lat, source, datum, valid_from)
            values (%(region_code)s, %(level)s, %(name)s, %(name_en)s, %(parent_code)s, %(geometry)s, %(lon)s, %(lat)s, %(source)s,
                    %(datum)s, %(valid_from)s)
                on conflict (region_code) do update
               set level = excluded.level, name = excluded.name, name_en = excluded.name_en, parent_code = excluded.parent_code,
                   geometry = coalesce(excluded.geometry, region.geometry), centre_lon = coalesce(excluded.centre_lon, region.centre_lon),
                   centre_lat = coalesce(excluded.centre_lat, region.centre_lat), source = excluded.source, datum = excluded.datum,
                   valid_from = excluded.valid_from, valid_to = null
            """,
            [_values(region) for region in regions],
        )
    return len(regions)


def read_csv(path: Path, datum: str = "wgs84") -> list[Region]:
    """Regions of a CSV file (UTF-8) with the columns region_code, level, name and optional name_en, parent_code, lon, lat.

    Raises:
        RefusedError: a column is missing, or a number is none (names the line).
    """
    reader = csv.DictReader(io.StringIO(_text(path)))
    missing = [name for name in ("region_code", "level", "name") if name not in (reader.fieldnames or ())]
    if missing:
        raise RefusedError(f"{path.name} lacks the column {missing[0]!r}", field=missing[0])
    regions = []
    for row in reader:
        try:
            centre = (float(row["lon"]), float(row["lat"])) if row.get("lon") and row.get("lat") else None
        except ValueError as error:
            raise RefusedError(f"{path.name}, line {reader.line_num}: {error}", field="lon") from error
        regions.append(
            Region(
                row["region_code"].strip(), row["level"].strip(), row["name"].strip(), (row.get("name_en") or "").strip() or None,
                (row.get("parent_code") or "").strip() or None, None, centre, path.name, datum,
            )
        )  # fmt: skip
    return regions


def read_geojson(path: Path, datum: str = "wgs84") -> list[Region]:
    """Regions of a GeoJSON FeatureCollection; properties as the columns of `read_csv`, outline from the geometry.

    Raises:
        RefusedError: not a FeatureCollection.
    """
    try:
        collection = json.loads(_text(path))
        features = [(feature["properties"] or {}, feature["geometry"]) for feature in collection["features"]]
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{path.name} is not a GeoJSON FeatureCollection: {error}") from error
    return [
        Region(
            str(said.get("region_code", "")), str(said.get("level", "")), str(said.get("name", "")), said.get("name_en") or None,
            said.get("parent_code") or None, geometry, None, path.name, datum,
        )
        for said, geometry in features
    ]  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path.name} is not UTF-8 text") from error


def _faults(regions: Sequence[Region], known: set[str]) -> list[str]:
    """One line a fault, all of them."""
    codes = known | {region.region_code for region in regions}
    seen: set[str] = set()
    faults = []
    for number, region in enumerate(regions, 1):
        digits = _DIGITS.get(region.level, 6)
        checks = (
            (region.level in LEVELS, f"level {region.level!r} is not one of {', '.join(LEVELS)}"),
            (len(region.region_code) == digits and region.region_code.isdecimal(), f"code {region.region_code!r} is not {digits} digits"),
            (region.name != "", "no name"),
            (region.region_code not in seen, f"code {region.region_code} comes twice"),
            (region.parent_code is None or region.parent_code in codes, f"unknown parent {region.parent_code}"),
            (region.parent_code != region.region_code, "is its own parent"),
            (region.datum in ("wgs84", "cgcs2000"), f"datum {region.datum!r}: convert to WGS-84 first"),
        )
        reasons = [reason for good, reason in checks if not good]
        reasons += _geometry_faults(region)
        seen.add(region.region_code)
        faults += [f"row {number} ({region.region_code or '?'} {region.name}): {reason}" for reason in reasons]
    return faults


def _geometry_faults(region: Region) -> list[str]:
    if region.geometry is None:
        return _outside([region.centre]) if region.centre else []
    rings = _rings(region.geometry)
    if not rings:
        return ["the outline is neither a Polygon nor a MultiPolygon, or empty"]
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        return ["the outline has a ring that is not closed or has fewer than four points"]
    return _outside([(point[0], point[1]) for ring in rings for point in ring])


def _outside(points: list[tuple[float, float]]) -> list[str]:
    west, south, east, north = _BOUNDS
    far = [point for point in points if not (west <= point[0] <= east and south <= point[1] <= north)]
    return [f"coordinates outside China: {far[0][0]}, {far[0][1]}"] if far else []


def _rings(geometry: dict[str, Any]) -> list[list[list[float]]]:
    """Rings of all polygons; empty when the geometry is none."""
    coordinates = geometry.get("coordinates") or []
    if geometry.get("type") == "Polygon":
        return list(coordinates)
    if geometry.get("type") == "MultiPolygon":
        return [ring for polygon in coordinates for ring in polygon]
    return []


def _values(region: Region) -> dict[str, Any]:
    centre = region.centre
    if centre is None and region.geometry is not None:
        points = [point for ring in _rings(region.geometry) for point in ring]
        lons, lats = [point[0] for point in points], [point[1] for point in points]
        centre = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    return {
        "region_code": region.region_code, "level": region.level, "name": region.name, "name_en": region.name_en,
        "parent_code": region.parent_code, "geometry": Jsonb(region.geometry) if region.geometry else None,
        "lon": centre[0] if centre else None, "lat": centre[1] if centre else None,
        "source": region.source, "datum": region.datum, "valid_from": region.valid_from,
    }  # fmt: skip
