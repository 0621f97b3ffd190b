"""Text of newest positions: JSON and GeoJSON, from columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from api.text_columns import Column, choices, decimal, instants, rows_of, texts, whole
from storage.latest import Latest

ORDER = (
    "vehicle_id", "plate", "plate_colour", "vehicle_class", "operator_id", "region_code", "county_code", "time", "received", "located",
    "lon", "lat", "speed_kmh", "heading_deg", "odometer_m", "status_bits", "alarm_bits",
)  # fmt: skip
"""Fields as they are told, those of `api.schemas.positions.Position`."""

_TIMES = {"time": "t_ms", "received": "received_ms", "located": "located_ms"}
_DEGREES = {"lon": "lon_e6", "lat": "lat_e6"}


def json_text(found: Latest, fields: frozenset[str] | None) -> Iterator[bytes]:
    """`PositionList`."""
    yield f'{{"as_of":"{found.as_of.isoformat()}","positions":['.encode()
    yield from rows_of([b",\n{", *_members(found, fields), b"}"], len(found.rows))
    yield b"]}"


def geojson_text(found: Latest, fields: frozenset[str] | None) -> Iterator[bytes]:
    """`PositionFeatures`."""
    yield f'{{"type":"FeatureCollection","as_of":"{found.as_of.isoformat()}","features":['.encode()
    place: list[bytes | Column] = [b'"geometry":{"type":"Point","coordinates":[', _column(found, "lon"), b",", _column(found, "lat"), b"]}"]
    head: list[bytes | Column] = [b',\n{"type":"Feature","id":', _column(found, "vehicle_id"), b",", *place, b',"properties":{']
    yield from rows_of([*head, *_members(found, fields), b"}}"], len(found.rows))
    yield b"]}"


def _members(found: Latest, fields: frozenset[str] | None) -> list[bytes | Column]:
    parts: list[bytes | Column] = []
    for name in ORDER:
        if fields is None or name in fields:
            parts += [f'{"," if parts else ""}"{name}":'.encode(), _column(found, name)]
    return parts


def _column(found: Latest, name: str) -> Column:
    rows = found.rows
    if name == "plate":
        return texts([one or None for one in found.plate])
    if name in ("vehicle_class", "region_code"):
        return _few(getattr(found, name))
    if name in _TIMES:
        return instants(rows[_TIMES[name]])
    if name in _DEGREES:
        return decimal(rows[_DEGREES[name]], 6)
    if name == "speed_kmh":
        return decimal(rows["speed_kmh10"], 1, rows["speed_kmh10"] < 0)
    if name in ("vehicle_id", "status_bits", "alarm_bits"):
        return whole(rows[name].view(np.uint32) if name == "alarm_bits" else rows[name])
    return whole(rows[name], rows[name] <= 0 if name == "county_code" else rows[name] < 0)


def _few(values: Sequence[str]) -> Column:
    """Texts of which there are few different ones; null for ""."""
    known: dict[str, int] = {}
    numbers = np.array([known.setdefault(one, len(known)) for one in values], np.int64)
    words = texts([one or None for one in known])
    return choices(numbers, [words[:, row].tobytes().rstrip() for row in range(len(known))] or [b"null"])
