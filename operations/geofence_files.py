"""Geofences from GeoJSON (RFC 7946: WGS-84, longitude first), as docs/geofences.md describes it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

from domain.errors import RefusedError
from domain.units import SHANGHAI
from operations.geofence_shapes import geometry_of, outline_of
from operations.geofence_words import number
from storage.geofences import ENTER_DRIVER, ENTER_PLATFORM, LEAVE_DRIVER, LEAVE_PLATFORM, SHAPES, Drawing, Shape

ALARMS = {
    "enter_driver": ENTER_DRIVER, "enter_platform": ENTER_PLATFORM, "leave_driver": LEAVE_DRIVER, "leave_platform": LEAVE_PLATFORM,
}  # fmt: skip
"""Words of the property `alarms`."""

OVERSPEED_S = 10
"""Where a limit comes without `overspeed_s`."""

_WORDS = frozenset({
    "name", "shape", "region_code", "alarms", "max_speed_kmh", "overspeed_s", "night_speed_kmh", "valid_from", "valid_to", "daily_from",
    "daily_to", "radius_m", "width_m", "longest_s", "shortest_s", "sections",
})  # fmt: skip
_SHAPE_OF: dict[str, tuple[Shape, ...]] = {"Point": ("circle",), "Polygon": ("polygon", "rectangle"), "LineString": ("route",)}
_WGS84 = re.compile(r"CRS:?84|EPSG:{1,2}4326|OGC:1\.3:CRS84", re.IGNORECASE)
_REGION = re.compile(r"[1-9][0-9]{5}([0-9]{3}){0,2}")
_MOST_NAME_BYTES = 0xFFFF


@dataclass(frozen=True, slots=True)
class BadFeature:
    """A feature that cannot be taken; number from 1, in the order of the file."""

    number: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class GeofenceFile:
    """What a file holds: drawings by the numbers of their features, and what is wrong with the others."""

    drawings: dict[int, Drawing]
    bad: tuple[BadFeature, ...]


def read_geofences(path: Path) -> GeofenceFile:
    """All drawings of a FeatureCollection, and all that is wrong with it.

    Raises:
        RefusedError: the file is no FeatureCollection in WGS-84.
    """
    drawings: dict[int, Drawing] = {}
    bad: list[BadFeature] = []
    names: dict[str, int] = {}
    for place, feature in enumerate(_features(path), start=1):
        try:
            one = drawing_of(feature)
            if one.name in names:
                raise ValueError(f"feature {names[one.name]} has the same name")
            names[one.name] = place
            drawings[place] = one
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            bad.append(BadFeature(place, _name_in(feature), str(error) or repr(error)))
    return GeofenceFile(drawings, tuple(bad))


def _features(path: Path) -> list[Any]:
    try:
        told = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise RefusedError(f"{path}: no GeoJSON ({error})", field="file") from error
    if not isinstance(told, dict) or told.get("type") != "FeatureCollection" or not isinstance(told.get("features"), list):
        raise RefusedError(f"{path}: no FeatureCollection; put the features into one", field="file")
    if told.get("crs") is not None and not _WGS84.search(json.dumps(told["crs"])):
        raise RefusedError(f"{path}: its coordinates are not WGS-84 (crs {told['crs']}); export it as EPSG:4326", field="crs")
    return list(told["features"])


def _name_in(feature: Any) -> str:
    words = feature.get("properties") if isinstance(feature, dict) else None
    return str(words.get("name") or "") if isinstance(words, dict) else ""


def drawing_of(feature: Any) -> Drawing:
    """A drawing of one feature; ValueError says what is wrong with it."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature" or not isinstance(feature.get("geometry"), dict):
        raise ValueError("no Feature with a geometry")
    words = {name: value for name, value in (feature.get("properties") or {}).items() if value is not None and not name.startswith("_")}
    if unknown := sorted(words.keys() - _WORDS):
        raise ValueError(
            f"unknown property {', '.join(unknown)}; there are {', '.join(sorted(_WORDS))}; names that begin with _ are passed over"
        )
    shape = _shape(words, str(feature["geometry"].get("type")))
    fast, lasting, night = _limits(words) if shape != "route" else (None, None, None)
    begin, end = _instants(words)
    wake, sleep = _clock(words, "daily_from"), _clock(words, "daily_to")
    if (wake is None) != (sleep is None):
        raise ValueError("daily_from and daily_to come together")
    if begin is not None and wake is not None:
        raise ValueError("either valid_from and valid_to, or daily_from and daily_to: a zone of JT/T 808 has one pair of times")
    return Drawing(
        _name(words), shape, outline_of(shape, feature["geometry"]["coordinates"], words), _region(words), _alarms(words), fast, lasting, night,
        begin, end, wake, sleep,
    )  # fmt: skip


def _shape(words: dict[str, Any], geometry: str) -> Shape:
    if geometry not in _SHAPE_OF:
        raise ValueError(f"a {geometry} is no geofence; Point (with radius_m), Polygon and LineString (with width_m) are")
    shape = words.get("shape", _SHAPE_OF[geometry][0])
    if shape not in _SHAPE_OF[geometry]:
        raise ValueError(f"shape {shape!r} of a {geometry}; there are {', '.join(SHAPES)}")
    for name, of in (("radius_m", "circle"), ("width_m", "route"), ("sections", "route"), ("longest_s", "route"), ("shortest_s", "route")):
        if name in words and shape != of:
            raise ValueError(f"{name} belongs to a {of}, not to a {shape}")
    chosen: Shape = shape
    return chosen


def _name(words: dict[str, Any]) -> str:
    name = words.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("without a name")
    try:
        length = len(name.strip().encode("gbk"))
    except UnicodeEncodeError as error:
        raise ValueError(f"{name!r} cannot be said in GBK, the charset of JT/T 808") from error
    if length > _MOST_NAME_BYTES:
        raise ValueError(f"a name of {length} bytes; {_MOST_NAME_BYTES} at most")
    return name.strip()


def _region(words: dict[str, Any]) -> str | None:
    code = words.get("region_code")
    if code is None:
        return None
    if not _REGION.fullmatch(str(code)):
        raise ValueError(f"region_code {code!r} is no code of 6, 9 or 12 digits")
    return str(code)


def _alarms(words: dict[str, Any]) -> int:
    said = words.get("alarms", [])
    if not isinstance(said, list) or any(one not in ALARMS for one in said):
        raise ValueError(f"alarms {said!r}; a list of {', '.join(ALARMS)}")
    return sum(ALARMS[one] for one in set(said))


def _limits(words: dict[str, Any]) -> tuple[int | None, int | None, int | None]:
    """Limit, how long above it, limit at night; what a circle, a rectangle or a polygon says of speed."""
    fast = number(words, "max_speed_kmh", 1, 0xFFFF)
    lasting, night = number(words, "overspeed_s", 0, 0xFF), number(words, "night_speed_kmh", 1, 0xFFFF)
    if fast is None and (lasting is not None or night is not None):
        raise ValueError("overspeed_s and night_speed_kmh need max_speed_kmh")
    return fast, None if fast is None else OVERSPEED_S if lasting is None else lasting, night


def _instants(words: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    begin, end = (_instant(words, name) for name in ("valid_from", "valid_to"))
    if begin is None and end is None:
        return None, None
    if begin is None or end is None:
        raise ValueError("valid_from and valid_to come together: terminals know no open end")
    if not begin < end:
        raise ValueError("valid_to is not after valid_from")
    if not 2000 <= begin.astimezone(SHANGHAI).year <= end.astimezone(SHANGHAI).year < 2100:
        raise ValueError("terminals count years from 2000 to 2099")
    return begin, end


def _instant(words: dict[str, Any], name: str) -> datetime | None:
    said = words.get(name)
    if said is None:
        return None
    try:
        at = datetime.fromisoformat(said)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} {said!r} is no ISO 8601 time, such as 2026-12-01T08:00:00 (+08:00 where none is said)") from error
    return (at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)).replace(microsecond=0)


def _clock(words: dict[str, Any], name: str) -> time | None:
    said = words.get(name)
    if said is None:
        return None
    try:
        at = time.fromisoformat(said)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} {said!r} is no time of day, such as 07:30") from error
    if at.tzinfo is not None:
        raise ValueError(f"{name} {said!r} is at +08:00 always, say no zone")
    return at.replace(microsecond=0)


def feature_of(drawing: Drawing) -> dict[str, Any]:
    """A drawing as a GeoJSON feature, which `drawing_of` reads back to the same."""
    words: dict[str, Any] = {"name": drawing.name, "shape": drawing.shape, "region_code": drawing.region_code}
    words |= {name: getattr(drawing, name) for name in ("max_speed_kmh", "overspeed_s", "night_speed_kmh")}
    words["alarms"] = [word for word, bit in ALARMS.items() if drawing.alarms & bit]
    for name in ("valid_from", "valid_to"):
        at = getattr(drawing, name)
        words[name] = None if at is None else at.astimezone(SHANGHAI).isoformat()
    for name in ("daily_from", "daily_to"):
        clock = getattr(drawing, name)
        words[name] = None if clock is None else clock.isoformat()
    geometry, more = geometry_of(drawing.shape, drawing.outline)
    return {
        "type": "Feature",
        "properties": {name: value for name, value in (words | more).items() if value is not None},
        "geometry": geometry,
    }
