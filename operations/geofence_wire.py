"""Geofences as the fields of JT/T 808's zones, in the words of the newest edition: what an older one lacks is left out on its link.

Numbers: 0x8600 to 0x8607 and 0x8608 (JT/T 808-2013 8.35 to 8.42, JT/T 808-2019). Degrees WGS-84, as terminals report their positions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.units import SHANGHAI
from storage.geofences import SHAPES, Geofence

SET = {"circle": 0x8600, "rectangle": 0x8602, "polygon": 0x8604, "route": 0x8606}
DELETE = {shape: message_id + 1 for shape, message_id in SET.items()}
QUERY = 0x8608
REPLACE, APPEND, CHANGE = 0, 1, 2
"""Settings of 0x8600 and 0x8602."""
MOST_AT_ONCE = 0xFF
"""Zones of one 0x8600 or 0x8602, ids of one deletion: counted by a u8."""

_TIMED, _LIMITED = 1 << 0, 1 << 1
_ZONE_SOUTH, _ZONE_WEST = 1 << 6, 1 << 7
_PACED, _SECTION_LIMITED, _SECTION_SOUTH, _SECTION_WEST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_OVERSPEED_S = 10

Fields = dict[str, Any]


def zone_of(geofence: Geofence, outline: dict[str, Any]) -> Fields:
    """Fields of one zone: of an item of 0x8600 or 0x8602, of a whole 0x8604 or 0x8606. The geofence's number is the zone's.

    Args:
        outline: of the geofence, or one with fewer points.
    """
    zone = {
        "zone_id" if geofence.shape != "route" else "route_id": geofence.geofence_id,
        **_attributes(geofence, outline),
        **_times(geofence),
    }
    match geofence.shape:
        case "circle":
            lon, lat = outline["centre"]
            return {**zone, "latitude_e6": _e6(lat), "longitude_e6": _e6(lon), "radius_m": outline["radius_m"]}
        case "rectangle":
            north, south, west, east = (_e6(outline[side]) for side in ("north", "south", "west", "east"))
            return {**zone, "top_e6": north, "left_e6": west, "bottom_e6": south, "right_e6": east}
        case "polygon":
            return {**zone, "corners": [{"latitude_e6": _e6(lat), "longitude_e6": _e6(lon)} for lon, lat in outline["corners"]]}
        case _:
            return {**zone, "points": _turning_points(outline)}


def _attributes(geofence: Geofence, outline: dict[str, Any]) -> Fields:
    """Attributes, name, and the limit of a zone that is no route."""
    bits = geofence.alarms | (_TIMED if geofence.valid_from is not None or geofence.daily_from is not None else 0)
    if geofence.shape == "route":
        return {"attributes": bits, "name": geofence.name}
    lon, lat = _anchor(outline)
    bits |= (_ZONE_SOUTH if lat < 0 else 0) | (_ZONE_WEST if lon < 0 else 0)
    if geofence.max_speed_kmh is None:
        return {"attributes": bits, "name": geofence.name}
    return {
        "attributes": bits | _LIMITED, "name": geofence.name,
        **_limit(geofence.max_speed_kmh, geofence.overspeed_s, geofence.night_speed_kmh),
    }  # fmt: skip


def _anchor(outline: dict[str, Any]) -> tuple[float, float]:
    """Where the zone lies most to the south and west; all of it is on one side of equator and meridian."""
    if "centre" in outline:
        return outline["centre"][0], outline["centre"][1]
    if "west" in outline:
        return outline["west"], outline["south"]
    return min(place[0] for place in outline["corners"]), min(place[1] for place in outline["corners"])


def _limit(fast: int, lasting: int | None, night: int | None) -> Fields:
    """A limit; at night the same where none is said."""
    return {
        "max_speed_kmh": fast, "overspeed_s": _OVERSPEED_S if lasting is None else lasting, "night_speed_kmh": fast if night is None else night,
    }  # fmt: skip


def _times(geofence: Geofence) -> Fields:
    """Two instants as yyMMddhhmmss at +08:00; times of day with a date of zeros."""
    if geofence.valid_from is not None and geofence.valid_to is not None:
        return {"start": _stamp(geofence.valid_from), "end": _stamp(geofence.valid_to)}
    if geofence.daily_from is not None and geofence.daily_to is not None:
        return {"start": f"000000{geofence.daily_from:%H%M%S}", "end": f"000000{geofence.daily_to:%H%M%S}"}
    return {}


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%y%m%d%H%M%S}"


def _turning_points(outline: dict[str, Any]) -> list[Fields]:
    """Points numbered from 1, each with the section that it begins; the last belongs to the section that it ends."""
    points, section = [], 0
    for place, (lon, lat) in enumerate(outline["points"]):
        while section + 1 < len(outline["sections"]) and place >= outline["sections"][section]["until"]:
            section += 1
        told = outline["sections"][section]
        bits = (_SECTION_SOUTH if lat < 0 else 0) | (_SECTION_WEST if lon < 0 else 0)
        point: Fields = {"point_id": place + 1, "segment_id": section + 1, "latitude_e6": _e6(lat), "longitude_e6": _e6(lon)}
        if "longest_s" in told:
            bits |= _PACED
            point |= {"longest_s": told["longest_s"], "shortest_s": told["shortest_s"]}
        if "max_speed_kmh" in told:
            bits |= _SECTION_LIMITED
            point |= _limit(told["max_speed_kmh"], told.get("overspeed_s"), told.get("night_speed_kmh"))
        points.append({**point, "width_m": told["width_m"], "attributes": bits})
    return points


def _e6(degrees: float) -> int:
    """Unsigned, 1e-6 degree: the attributes say south and west."""
    return abs(round(degrees * 1e6))


def shape_number(shape: str) -> int:
    """As 0x8608 counts them."""
    return SHAPES.index(shape) + 1
