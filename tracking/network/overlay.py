"""Roads that the map lacks: a GeoJSON of lines with OSM tags, put to the roads of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from domain.errors import RefusedError
from tracking.network.osm import OsmRoads
from tracking.network.tags import read_way

SNAP_M = 15.0
"""A point of the overlay this near a node of the map is that node (ours)."""
_M_PER_DEG = 111_320.0
_FIRST = -(10**15)
"""Node numbers of the overlay go down from here, way numbers from one below: editors give small negative numbers."""


def add_overlay(roads: OsmRoads, path: Path) -> int:
    """Put the overlay's lines to the roads; how many ways they became. Way and node numbers of the overlay are negative.

    Points join the nearest node of a way within `SNAP_M`, else an equal point of the overlay. A line must so meet the
    map at its nodes; a line that meets it nowhere is an island and dropped as such.

    Raises:
        RefusedError: no GeoJSON of lines; a line that is no road by its tags, or has no `source`.
    """
    lines = _lines(path)
    known = _Nodes(roads)
    for number, (tags, places) in enumerate(lines, start=1):
        road = read_way(tags, roads.tally)
        if isinstance(road, str):
            raise RefusedError(f"{path}: line {number} is no road: {road}", field="overlay")
        roads.add(_FIRST - number, road, [known.at(lon, lat) for lon, lat in places])
    known.file()
    return len(lines)


def _lines(path: Path) -> list[tuple[dict[str, str], NDArray[np.float64]]]:
    """(tags, places (n, 2) degrees) of every line."""
    found = []
    try:
        for number, feature in enumerate(json.loads(path.read_text("utf-8"))["features"], start=1):
            tags = {key: str(value) for key, value in feature["properties"].items() if value is not None}
            if not tags.get("source"):
                raise RefusedError(f"{path}: feature {number} names no source", field="overlay")
            geometry = feature["geometry"]
            parts = geometry["coordinates"] if geometry["type"] == "MultiLineString" else [geometry["coordinates"]]
            for part in parts:
                places = np.array([point[:2] for point in part], np.float64)
                if geometry["type"] not in ("LineString", "MultiLineString") or places.ndim != 2 or not np.isfinite(places).all():
                    raise RefusedError(f"{path}: feature {number} is no line", field="overlay")
                found.append((tags, places))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(f"{path}: no GeoJSON of lines ({error!r})", field="overlay") from error
    return found


class _Nodes:
    """The map's nodes and those that the overlay brings."""

    def __init__(self, roads: OsmRoads) -> None:
        self._roads = roads
        self._scale = np.cos(np.radians(float(np.mean(roads.lat_deg)) if roads.lat_deg.size else 0.0))
        self._tree: Any = cKDTree(self._plane(roads.lon_deg, roads.lat_deg)) if roads.node_id.size else None
        self._new: dict[tuple[float, float], int] = {}

    def _plane(self, lon_deg: Any, lat_deg: Any) -> NDArray[np.float64]:
        return np.stack([lon_deg * self._scale * _M_PER_DEG, lat_deg * _M_PER_DEG], axis=-1)

    def at(self, lon_deg: float, lat_deg: float) -> int:
        """Number of the node at a place."""
        if self._tree is not None:
            distance, row = self._tree.query(self._plane(lon_deg, lat_deg))
            if distance <= SNAP_M:
                return int(self._roads.node_id[row])
        return self._new.setdefault((round(float(lon_deg), 7), round(float(lat_deg), 7)), _FIRST - len(self._new))

    def file(self) -> None:
        """Put the new nodes to the roads' nodes, ids rising."""
        new = sorted(self._new.items(), key=lambda one: one[1])
        roads = self._roads
        roads.node_id = np.concatenate([np.array([number for _, number in new], np.int64), roads.node_id])
        for name, axis in (("lon_deg", 0), ("lat_deg", 1)):
            setattr(roads, name, np.concatenate([np.array([place[axis] for place, _ in new], np.float64), getattr(roads, name)]))
