"""Road networks drawn in metres, and drives over them."""

from __future__ import annotations

import itertools

import numpy as np

from domain.track import Track
from simulators.routes import RouteFinder
from tracking.line_path import LinePath, line_path, whole_edges
from tracking.network import EdgeTable, RoadClass, from_edges
from tracking.network.model import RoadNetwork

LON, LAT = 106.6, 26.5
START_S = 1_767_225_600.0
_EAST, _NORTH = 99_680.6, 110_793.7
"""Metres of a degree at 26.5 degrees north."""


def degrees(x: object, y: object) -> tuple[np.ndarray, np.ndarray]:
    """(lon, lat) of metres east and north of the corner."""
    return LON + np.asarray(x, np.float64) / _EAST, LAT + np.asarray(y, np.float64) / _NORTH


def roads(places: dict[str, tuple[float, float]], ways: list[str], limit_kmh: int | None = None) -> tuple[RoadNetwork, dict[str, int]]:
    """A network of roads; ways are words of letters, each letter a place, one-way behind a ">". With the node number of each place."""
    rows = [(a, b) for way in ways for a, b in itertools.pairwise(way.lstrip(">"))]
    oneway = [way.startswith(">") for way in ways for _ in way.lstrip(">")[1:]]
    number = {name: row for row, name in enumerate(places)}
    lon, lat = degrees([places[p][0] for row in rows for p in row], [places[p][1] for row in rows for p in row])
    table = EdgeTable(
        tail=np.array([number[a] for a, _ in rows]), head=np.array([number[b] for _, b in rows]),
        shape_start=np.arange(0, 2 * len(rows) + 1, 2), lon_deg=lon, lat_deg=lat,
        road_class=np.full(len(rows), RoadClass.SECONDARY, np.uint8), oneway=np.array(oneway),
        limit_kmh=None if limit_kmh is None else np.full(len(rows), limit_kmh, np.uint8),
    )  # fmt: skip
    return from_edges(table, licence="CC0"), number


def fixes(
    corners: list[tuple[float, float, float]], *, speed_mps: float = 10.0, interval_s: float = 10.0, noise_m: float = 0.0, seed: int = 1
) -> Track:
    """Fixes of a drive over (x, y, seconds of standing there), at even speed between."""
    t, x, y = [0.0], [corners[0][0]], [corners[0][1]]
    for row, (cx, cy, wait) in enumerate(corners):
        if row:
            t.append(t[-1] + np.hypot(cx - x[-1], cy - y[-1]) / speed_mps)
            x.append(cx)
            y.append(cy)
        if wait:
            t.append(t[-1] + wait)
            x.append(cx)
            y.append(cy)
    at = np.arange(0.0, t[-1] + 1e-6, interval_s)
    random = np.random.default_rng(seed)
    east, north = np.interp(at, t, x) + random.normal(0, noise_m, at.size), np.interp(at, t, y) + random.normal(0, noise_m, at.size)
    return Track.plain(*degrees(east, north), START_S + at)


def line(network: RoadNetwork, number: dict[str, int], word: str, stops_m: list[float], variant: str = "out") -> LinePath:
    """A line over the quickest ways from letter to letter; letters are junctions or ends of roads."""
    finder = RouteFinder(network)
    nodes = [int(np.flatnonzero(network.node_id == number[letter])[0]) for letter in word]
    edges = np.concatenate([finder.path(a, b) for a, b in itertools.pairwise(nodes)])
    return line_path(network, whole_edges(network, edges), stops_m, line_id=word, variant=variant)
