"""The reading of GPX: one pass of the parser, no document type, no entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from domain.errors import RefusedError
from tracking.formats.instants import parse_instant
from tracking.formats.recording import Columns, Recording

OURS = "urn:cuntong:track:1"
"""Namespace of our extensions."""
CREATOR = "Cuntong"
MATCHED = "matched"
"""Type of the track that holds what matching made of the fixes; left out when our own file is read."""

_POINTS = {"trkpt": "trk", "rtept": "rte", "wpt": "wpt"}
_HOLDERS = ("trk", "rte")
_KMH_OF_MPS = 3.6
_VALUES = {
    "speed": ("speed_kmh", _KMH_OF_MPS),
    "course": ("heading_deg", 1.0),
    "sat": ("satellites", 1.0),
    "speed_kmh": ("speed_kmh", 1.0),
    "heading_deg": ("heading_deg", 1.0),
    "odometer_km": ("odometer_m", 1000.0),
    "acc": ("acc", 1.0),
}
"""Element name inside a point: our column and the factor to its unit."""


@dataclass(slots=True)
class _Group:
    """The points of one `trk`, one `rte`, or of all `wpt`."""

    sort: str
    columns: Columns
    name: str = ""
    type: str = ""


@dataclass(slots=True)
class _Point:
    line: int
    lon: float
    lat: float
    t_ms: int | None = None
    rest: dict[str, float | None] = field(default_factory=dict)


def parse(path: Path) -> tuple[Recording, ...]:
    """Tracks of a GPX file; `tracking.formats.gpx.read` says which and when it refuses."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError(f"{path}: cannot be read ({error.strerror}); check the name and its permissions", field="path") from error
    return _Reader(path).read(content)


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack: list[str] = []
        self._text: list[str] = []
        self._groups: list[_Group] = []
        self._point: _Point | None = None
        self._said: dict[str, Any] = {"licence": "", "map_version": "", "match_version": ""}
        self._own = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, content: bytes) -> tuple[Recording, ...]:
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as error:
            why = expat.ErrorString(error.code)
            raise RefusedError(f"{self._path}: line {error.lineno}: not whole XML ({why}); export the file again", field="path") from error
        for sort in ("trk", "rte", "wpt"):
            groups = [g for g in self._groups if g.sort == sort and g.columns.lon and not (self._own and g.type == MATCHED)]
            if groups:
                return tuple(Recording(g.name, g.columns.track(), **self._said) for g in groups)
        raise RefusedError(f"{self._path}: GPX without a track, route or waypoint; nothing to read", field="path")

    def _refuse(self, why: str) -> RefusedError:
        return RefusedError(f"{self._path}: line {self._parser.CurrentLineNumber}: {why}", field="path")

    def _doctype(self, *_declaration: object) -> None:
        raise self._refuse("a document type declaration; GPX has none, and entities are not read: take it out")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._stack:
            if name != "gpx":
                raise self._refuse(f"the root is <{name}>, not <gpx>; is it a GPX file?")
            self._own = attributes.get("creator") == CREATOR
        elif name in _HOLDERS and self._stack[-1] == "gpx":
            self._groups.append(_Group(name, Columns(self._path)))
        elif name in _POINTS:
            self._point = self._begin(name, attributes)
        self._stack.append(name)
        self._text.clear()

    def _begin(self, name: str, attributes: dict[str, str]) -> _Point:
        try:
            lon, lat = float(attributes["lon"]), float(attributes["lat"])
        except (KeyError, ValueError) as error:
            raise self._refuse(f"<{name}> without numbers lat and lon; correct or take out the point") from error
        if not (np.isfinite(lon) and np.isfinite(lat)):
            raise self._refuse(f"<{name}> lat {lat} lon {lon} is not a place; take out the point")
        return _Point(self._parser.CurrentLineNumber, lon, lat)

    def _end(self, tag: str) -> None:
        name = self._stack.pop()
        text = "".join(self._text).strip()
        self._text.clear()
        if name in _POINTS and self._point is not None:
            self._file(name, self._point)
            self._point = None
        elif self._point is not None:
            self._value(self._point, name, text)
        elif name in ("name", "type") and self._stack and self._stack[-1] in _HOLDERS and self._groups:
            setattr(self._groups[-1], name, text)
        elif name in self._said and "metadata" in self._stack:
            self._said[name] = text

    def _value(self, point: _Point, name: str, text: str) -> None:
        if name == "time" and self._stack[-1] in _POINTS and text:
            try:
                point.t_ms = parse_instant(text, UTC)
            except (ValueError, OverflowError) as error:
                raise self._refuse(f"time {text!r} is no ISO 8601 time; correct it or take all times out") from error
        elif name in _VALUES and text:
            column, factor = _VALUES[name]
            try:
                point.rest[column] = float(text) * factor
            except ValueError as error:
                raise self._refuse(f"{name} {text!r} is no number; correct it or take it out") from error

    def _file(self, name: str, point: _Point) -> None:
        sort = _POINTS[name]
        if sort == "wpt" and not any(group.sort == "wpt" for group in self._groups):
            self._groups.append(_Group("wpt", Columns(self._path)))
        group = next((g for g in reversed(self._groups) if g.sort == sort), None)
        if group is None:
            raise self._refuse(f"<{name}> outside <{sort}>; is it a GPX file?")
        group.columns.add(f"line {point.line}", point.lon, point.lat, point.t_ms, point.rest)
