"""Regions: codes, names, outlines and dates, and what makes a row a bad one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

LEVELS = ("country", "province", "prefecture", "county", "town", "village")
DATUMS = ("wgs84", "cgcs2000", "gcj02")
_DIGITS = {"town": 9, "village": 12}
"""Length of a code; six digits above the town. Source: GB/T 2260, GB/T 10114."""
_WEST, _SOUTH, _EAST, _NORTH = 73.0, 3.0, 136.0, 54.0
"""Box around China, degrees."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region to be stored.

    Args:
        region_code: six digits (town nine, village twelve); level: one of `LEVELS`; name, name_en: Chinese and English, None unknown.
        parent_code: None: the root of the tree.
        outline: Polygon or MultiPolygon, degrees; None: none given.
        centre: lon, lat in degrees; None: the middle of the outline's bounds, if there is one.
        source, version: where it comes from; datum: what it was measured in, of `DATUMS`, stored as a word: coordinates are WGS-84 then.
        verified: the outline lies on known boundaries; boundary_m: how far from them at the median, metres; None: not compared.
        valid_from: first day of the row; None: the day of the import for a change, the founding of the state for a new code.
        valid_to: first day on which it no longer holds; None: it holds. successor_code: who took the area over.
        also_levels: further levels that the code serves.
        fault: why the outline could not be read; "" when it could.
    """

    region_code: str
    level: str
    name: str
    name_en: str | None = None
    parent_code: str | None = None
    outline: BaseGeometry | None = None
    centre: tuple[float, float] | None = None
    source: str = ""
    datum: str = "wgs84"
    version: str = ""
    verified: bool = False
    boundary_m: float | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    successor_code: str | None = None
    also_levels: tuple[str, ...] = ()
    fault: str = ""


def outline_of(geometry: Mapping[str, Any] | str | None) -> tuple[BaseGeometry | None, str]:
    """(outline of a GeoJSON geometry, why it is none); (None, "") for no geometry."""
    if geometry is None:
        return None, ""
    try:
        found = shapely.from_geojson(geometry if isinstance(geometry, str) else json.dumps(geometry))
    except (shapely.errors.GEOSException, ValueError, TypeError) as error:
        return None, f"the outline is broken: {str(error)[:200]}"
    if found.geom_type not in ("Polygon", "MultiPolygon"):
        return None, f"the outline is neither a Polygon nor a MultiPolygon but a {found.geom_type}"
    return shapely.force_2d(found), ""


def faults(regions: Sequence[Region], known: Iterable[str]) -> list[str]:
    """One line a fault, all of them.

    Args:
        regions: as they will be stored, WGS-84; known: codes that are stored.
    """
    codes = set(known) | {region.region_code for region in regions}
    seen: set[tuple[str, date | None]] = set()
    found = []
    for number, region in enumerate(regions, 1):
        key = (region.region_code, region.valid_from)
        reasons = [*_words(region, codes), *_places(region)]
        if key in seen:
            reasons.append(f"code {region.region_code} comes twice")
        seen.add(key)
        found += [f"row {number} ({region.region_code or '?'} {region.name}): {reason}" for reason in reasons]
    return found + _circles(regions)


def _words(region: Region, codes: set[str]) -> list[str]:
    digits = _DIGITS.get(region.level, 6)
    code = region.region_code
    checks = (
        (region.level in LEVELS, f"level {region.level!r} is not one of {', '.join(LEVELS)}"),
        (len(code) == digits and code.isascii() and code.isdigit(), f"code {code!r} is not {digits} digits"),
        (region.name.strip() != "" and "\x00" not in region.name, "no name"),
        (region.parent_code is None or region.parent_code in codes, f"unknown parent {region.parent_code}"),
        (region.parent_code != code, "is its own parent"),
        (region.successor_code is None or region.successor_code in codes, f"unknown successor {region.successor_code}"),
        (region.valid_from is None or region.valid_to is None or region.valid_to > region.valid_from, "ends before it begins"),
        (set(region.also_levels) <= set(LEVELS), f"levels {' '.join(region.also_levels)} are not of {', '.join(LEVELS)}"),
        (region.datum in DATUMS, f"datum {region.datum!r} is not one of {', '.join(DATUMS)}"),
    )
    return [reason for good, reason in checks if not good]


def _places(region: Region) -> list[str]:
    if region.fault:
        return [region.fault]
    outline = region.outline
    if outline is None:
        return _outside([region.centre]) if region.centre else []
    if outline.is_empty:
        return ["the outline is empty"]
    west, south, east, north = outline.bounds
    away = _outside([(west, south), (east, north)])
    if away:
        return away
    return [] if outline.is_valid else [f"the outline is not valid: {shapely.is_valid_reason(outline)}"]


def _outside(points: list[tuple[float, float]]) -> list[str]:
    far = [point for point in points if not (_WEST <= point[0] <= _EAST and _SOUTH <= point[1] <= _NORTH)]
    return [f"coordinates outside China: {far[0][0]}, {far[0][1]}"] if far else []


def _circles(regions: Sequence[Region]) -> list[str]:
    parent = {region.region_code: region.parent_code for region in regions}
    found = []
    for code in parent:
        seen, at = {code}, parent[code]
        while at in parent and at not in seen:
            seen.add(at)
            at = parent[at]
        if at == code and len(seen) > 1:
            found.append(f"region {code} is its own ancestor")
    return found
