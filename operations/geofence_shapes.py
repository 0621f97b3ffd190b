"""Outlines of geofences: from the coordinates of GeoJSON, and with fewer points where a terminal cannot hold them all."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from shapely import LineString, Polygon
from shapely.validation import explain_validity

from domain.errors import RefusedError
from operations.geofence_words import number
from storage.geofences import Shape

MOST_POINTS = 0xFFFF
"""Corners and turning points of one message are counted by a u16 (JT/T 808-2013 8.39, 8.41)."""

_METRES_A_DEGREE = 111_320.0
_FIRST_TOLERANCE_M = 0.5
_SECTION_WORDS = frozenset({"until", "width_m", "max_speed_kmh", "overspeed_s", "night_speed_kmh", "longest_s", "shortest_s"})

Places = list[list[float]]


def outline_of(shape: Shape, coordinates: Any, words: dict[str, Any]) -> dict[str, Any]:
    """Outline as `storage.geofences.Drawing` has it; ValueError says what is wrong."""
    if shape == "circle":
        radius = number(words, "radius_m", 1, 0xFFFFFFFF)
        if radius is None:
            raise ValueError("a Point needs radius_m")
        return {"centre": _place(coordinates), "radius_m": radius}
    if shape == "route":
        return _route([_place(one) for one in coordinates], words)
    if len(coordinates) != 1:
        raise ValueError(f"{len(coordinates) - 1} holes: terminals know none, draw the parts apart")
    ring = [_place(one) for one in coordinates[0]]
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise ValueError("a ring of a polygon has four points at least, the last equal to the first")
    _one_side(ring)
    drawn = Polygon(ring)
    if not drawn.is_valid or drawn.area == 0:
        raise ValueError(f"the ring crosses itself or encloses nothing: {explain_validity(drawn)}")
    if shape == "polygon":
        return {"corners": ring[:-1]}
    west, south, east, north = drawn.bounds
    if len(ring) != 5 or {(lon, lat) for lon, lat in ring} != {(west, south), (west, north), (east, south), (east, north)}:
        raise ValueError("a rectangle lies along meridians and parallels and has four corners; leave shape out to have it as a polygon")
    return {"west": west, "south": south, "east": east, "north": north}


def _place(said: Any) -> list[float]:
    lon, lat = (float(one) for one in said[:2])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"{lon}, {lat} is no longitude and latitude in degrees")
    return [round(lon, 6), round(lat, 6)]


def _one_side(places: Places) -> None:
    """South and west are one bit for the whole zone."""
    for axis, line in ((0, "the meridian of 0 or 180 degrees"), (1, "the equator")):
        if min(place[axis] for place in places) < 0 < max(place[axis] for place in places):
            raise ValueError(f"it crosses {line}: draw the parts on each side apart")


def _route(places: Places, words: dict[str, Any]) -> dict[str, Any]:
    if len(places) < 2:
        raise ValueError("a route has two points at least")
    if any(a == b for a, b in pairwise(places)):
        raise ValueError("two points in a row are equal")
    whole = {name: words[name] for name in _SECTION_WORDS - {"until"} if name in words}
    told = words.get("sections", [{"until": len(places) - 1}])
    if not isinstance(told, list) or not told or any(not isinstance(one, dict) for one in told):
        raise ValueError("sections are a list of objects")
    sections = [_section({**whole, **one}, len(places)) for one in told]
    ends = [one["until"] for one in sections]
    if ends != sorted(set(ends)) or ends[-1] != len(places) - 1:
        raise ValueError(f"sections end at points {ends}: they must rise, and the last is {len(places) - 1}, the route's last point")
    return {"points": places, "sections": sections}


def _section(words: dict[str, Any], points: int) -> dict[str, Any]:
    if unknown := sorted(words.keys() - _SECTION_WORDS):
        raise ValueError(f"unknown in a section: {', '.join(unknown)}; there are {', '.join(sorted(_SECTION_WORDS))}")
    bounds = {
        "until": (1, points - 1), "width_m": (1, 0xFF), "max_speed_kmh": (1, 0xFFFF), "overspeed_s": (0, 0xFF),
        "night_speed_kmh": (1, 0xFFFF), "longest_s": (1, 0xFFFF), "shortest_s": (0, 0xFFFF),
    }  # fmt: skip
    found = {name: value for name in bounds if (value := number(words, name, *bounds[name])) is not None}
    if missing := {"until", "width_m"} - found.keys():
        raise ValueError(f"a section without {', '.join(sorted(missing))}")
    if "max_speed_kmh" not in found and found.keys() & {"overspeed_s", "night_speed_kmh"}:
        raise ValueError("overspeed_s and night_speed_kmh need max_speed_kmh")
    if ("longest_s" in found) != ("shortest_s" in found):
        raise ValueError("longest_s and shortest_s come together")
    if found.get("shortest_s", 0) > found.get("longest_s", 0xFFFF):
        raise ValueError("shortest_s is above longest_s")
    return found


def geometry_of(shape: Shape, outline: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Geometry of GeoJSON for an outline, and the properties that `outline_of` wants beside it."""
    if shape == "circle":
        return {"type": "Point", "coordinates": outline["centre"]}, {"radius_m": outline["radius_m"]}
    if shape == "route":
        return {"type": "LineString", "coordinates": outline["points"]}, {"sections": outline["sections"]}
    if shape == "rectangle":
        west, south, east, north = (outline[side] for side in ("west", "south", "east", "north"))
        corners = [[west, south], [east, south], [east, north], [west, north]]
    else:
        corners = outline["corners"]
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}, {}


def fitted(name: str, outline: dict[str, Any], most_points: int, tolerance_m: float) -> tuple[dict[str, Any], float | None]:
    """An outline with at most so many points, and how far it may lie off the drawing, metres; None when it is the drawing itself.

    Douglas and Peucker's simplification; the ends of a route's sections stay.

    Raises:
        RefusedError: more points even at `tolerance_m`.
    """
    drawn = outline.get("corners") or outline.get("points") or []
    most = min(most_points, MOST_POINTS)
    if len(drawn) <= most:
        return outline, None
    tolerance, left = _FIRST_TOLERANCE_M, len(drawn)
    while True:
        step = min(tolerance, tolerance_m)
        fewer = _fewer_corners(outline, step) if "corners" in outline else _fewer_points(outline, step)
        left = len(fewer.get("corners") or fewer["points"])
        if left <= most:
            return fewer, step
        if tolerance >= tolerance_m:
            raise RefusedError(
                f"{name} has {len(drawn)} points, {left} at a tolerance of {tolerance_m:g} m, and {most} are allowed: draw it with fewer "
                "points, in parts, or allow a greater tolerance",
                field="geofence",
            )
        tolerance *= 2


def _metres(places: Places) -> tuple[Places, float]:
    """Places on a plane, metres, and what a degree of longitude is long there."""
    wide = _METRES_A_DEGREE * math.cos(math.radians(sum(place[1] for place in places) / len(places)))
    return [[lon * wide, lat * _METRES_A_DEGREE] for lon, lat in places], wide


def _degrees(places: Any, wide: float) -> Places:
    return [[round(x / wide, 6), round(y / _METRES_A_DEGREE, 6)] for x, y in places]


def _fewer_corners(outline: dict[str, Any], tolerance_m: float) -> dict[str, Any]:
    plane, wide = _metres(outline["corners"])
    kept = Polygon(plane).simplify(tolerance_m, preserve_topology=True)
    return {"corners": _degrees(kept.exterior.coords[:-1], wide)}


def _fewer_points(outline: dict[str, Any], tolerance_m: float) -> dict[str, Any]:
    plane, wide = _metres(outline["points"])
    points: Places = [list(outline["points"][0])]
    sections, start = [], 0
    for section in outline["sections"]:
        kept = LineString(plane[start : section["until"] + 1]).simplify(tolerance_m, preserve_topology=True)
        points += _degrees(kept.coords[1:], wide)
        sections.append({**section, "until": len(points) - 1})
        start = section["until"]
    return {"points": points, "sections": sections}
