"""Slow twins of `tracking.kernels.prior`."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

from tests.tracking.naive_search import places
from tracking.network.model import RoadNetwork

MAD = 1.4826


def spread(distances: list[float], map_m: float) -> float:
    """Standard deviation behind distances to roads, without that of the map."""
    return math.sqrt(max((MAD * median(distances)) ** 2 - map_m**2, 0.0))


def jitter(t_ms: list[int], x: list[float], y: list[float]) -> float:
    """Standard deviation an axis of fixes in even steps of at most 3 s, by the median of their bends; NaN of fewer than 30."""
    squares = []
    for i in range(2, len(t_ms)):
        one, two = (t_ms[i - 1] - t_ms[i - 2]) / 1000, (t_ms[i] - t_ms[i - 1]) / 1000
        if max(one, two) <= 3.0 and abs(two - one) < 0.1:
            squares.append((x[i] - 2 * x[i - 1] + x[i - 2]) ** 2 + (y[i] - 2 * y[i - 1] + y[i - 2]) ** 2)
    return math.sqrt(median(squares) / (12 * math.log(2))) if len(squares) >= 30 else math.nan


def prior_m(network: RoadNetwork, t_ms: Any, x: Any, y: Any, usable: list[int], limits: tuple[float, float, float], timed: bool) -> float:
    """The greater of the scatter about roads and the jitter; limits: how far roads are looked for, what holds without any, the map."""
    radius, unknown, map_m = limits
    some = usable[:: max(len(usable) // 100, 1)]
    near = [places(network, float(x[row]), float(y[row]), radius) for row in some]
    distances = [min(place.distance for place in found) for found in near if found]
    seen = spread(distances, map_m) if distances else math.sqrt(max(unknown**2 - map_m**2, 0.0))
    noise = jitter(*([column[row].item() for row in usable] for column in (t_ms, x, y))) if timed else math.nan
    return seen if math.isnan(noise) else max(seen, noise)


def fix(columns: tuple[Any, ...], row: int, timed: bool, stops: dict[int, int], quality: list[float]) -> dict[str, float]:
    """What the lattice reads of a row; stops: when the stop that a row stands for ends, epoch ms."""
    t_ms, lon, lat, x, y, speed, heading, satellites = (float(column[row]) for column in columns)
    t = t_ms / 1000 if timed else math.nan
    return {
        "x": x, "y": y, "lon": lon, "lat": lat, "t": t, "leave": stops[row] / 1000 if timed and row in stops else t,
        "speed": speed, "heading": heading, "quality": quality[min(int(satellites), len(quality) - 1)] if satellites >= 0 else 1.0,
    }  # fmt: skip
