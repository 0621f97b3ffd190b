"""Naive twin of `tracking.kernels.ends` and `tracking.kernels.prior`: by looking at every decimetre, and by numpy."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

Points = list[tuple[float, float]]


def nearest_along(way: Points, place: tuple[float, float], low: float, high: float, step: float = 0.05) -> float:
    """Metres from the way's beginning to its place nearest to a point, between low and high."""
    metres = np.concatenate([[0.0], np.cumsum([math.dist(a, b) for a, b in itertools.pairwise(way)])])
    at = np.append(np.arange(low, high, step), high)
    x, y = np.interp(at, metres, [p[0] for p in way]), np.interp(at, metres, [p[1] for p in way])
    return float(at[np.argmin(np.hypot(x - place[0], y - place[1]))])


def jitter_m(t_ms: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """As `_jitter_m`, over all rows."""
    seconds = np.diff(t_ms) / 1000.0
    dense = (seconds[1:] <= 3.0) & (seconds[:-1] <= 3.0) & (np.abs(seconds[1:] - seconds[:-1]) < 0.1)
    if dense.sum() < 30:
        return math.nan
    squares = np.diff(x, 2)[dense] ** 2 + np.diff(y, 2)[dense] ** 2
    return float(np.sqrt(np.median(squares) / (12.0 * np.log(2.0))))
