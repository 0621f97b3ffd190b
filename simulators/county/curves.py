"""Lines that look like roads: smoothing, hairpins, thinning. Points are (n, 2) float64, plane metres."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_APART_M = 400.0
"""Longest leg of a thinned line."""


def relax(points: Points, rounds: int) -> Points:
    """The points drawn towards the middle of their neighbours, ends fixed; more rounds, straighter road."""
    out = points.copy()
    for _ in range(rounds):
        out[1:-1] = 0.25 * out[:-2] + 0.5 * out[1:-1] + 0.25 * out[2:]
    return out


def catmull_rom(points: Points, step_m: float, before: Points | None = None, after: Points | None = None) -> Points:
    """A smooth curve through all points (centripetal Catmull-Rom), a point about every `step_m`.

    Args:
        points: (n >= 2, 2).
        step_m: spacing of the result.
        before, after: (2,) points of the road beyond the ends, so that it goes on without a kink; None at a free end.
    """
    first = 2 * points[0] - points[1] if before is None else before
    last = 2 * points[-1] - points[-2] if after is None else after
    p = np.vstack([first, points, last])
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(np.hypot(*np.diff(p, axis=0).T), 1e-3) ** 0.5)])
    pieces = []
    for i in range(1, len(p) - 2):
        count = max(2, int(np.hypot(*(p[i + 1] - p[i])) / step_m) + 1)
        t = np.linspace(knots[i], knots[i + 1], count, endpoint=False)[:, None]
        pieces.append(_span(p[i - 1 : i + 3], knots[i - 1 : i + 3], t))
    return np.vstack([*pieces, points[-1:]])


def _span(p: Points, k: Points, t: Points) -> Points:
    """Barry-Goldman pyramid over four points with knots k, at parameters t between the middle two."""
    a1 = (k[1] - t) / (k[1] - k[0]) * p[0] + (t - k[0]) / (k[1] - k[0]) * p[1]
    a2 = (k[2] - t) / (k[2] - k[1]) * p[1] + (t - k[1]) / (k[2] - k[1]) * p[2]
    a3 = (k[3] - t) / (k[3] - k[2]) * p[2] + (t - k[2]) / (k[3] - k[2]) * p[3]
    b1 = (k[2] - t) / (k[2] - k[0]) * a1 + (t - k[0]) / (k[2] - k[0]) * a2
    b2 = (k[3] - t) / (k[3] - k[1]) * a2 + (t - k[1]) / (k[3] - k[1]) * a3
    curve: Points = (k[2] - t) / (k[2] - k[1]) * b1 + (t - k[1]) / (k[2] - k[1]) * b2
    return curve


def serpentine(start: Points, end: Points, legs: int, reach_m: float) -> Points:
    """Control points of a road that climbs from start to end in `legs` traverses, `reach_m` to each side; ends left out.

    Each turn is two points across the slope, so that the curve through them keeps a radius a bus can take.
    """
    along = (end - start) / legs
    unit = along / max(float(np.hypot(*along)), 1e-9)
    across = np.array([-unit[1], unit[0]]) * reach_m
    rows = []
    for leg in range(1, legs):
        side = across if leg % 2 else -across
        middle = start + along * leg
        rows += [middle + side - along * 0.3, middle + side * 1.12, middle + side + along * 0.3]
    return np.array(rows).reshape(-1, 2)


def thin(points: Points, tolerance_m: float) -> Points:
    """The points that a line needs to stay within the tolerance (Douglas-Peucker), ends kept, none further apart than `_APART_M`
    where the line had points between."""
    block = np.floor(np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))]) / _APART_M)
    keep = np.concatenate([[True], np.diff(block) > 0])
    keep[-1] = True
    stack = list(pairwise(np.flatnonzero(keep).tolist()))
    while stack:
        i, j = stack.pop()
        if j - i < 2:
            continue
        chord = points[j] - points[i]
        length = float(np.hypot(*chord))
        inner = points[i + 1 : j] - points[i]
        away = np.hypot(*inner.T) if length < 1e-6 else np.abs(inner[:, 0] * chord[1] - inner[:, 1] * chord[0]) / length
        far = int(np.argmax(away))
        if away[far] > tolerance_m:
            keep[i + 1 + far] = True
            stack += [(i, i + 1 + far), (i + 1 + far, j)]
    kept: Points = points[keep]
    return kept


def bezier(a: Points, b: Points, c: Points, d: Points, count: int = 16) -> Points:
    """A cubic curve from a to d, leaving towards b and arriving from c."""
    t = np.linspace(0, 1, count)[:, None]
    curve: Points = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
    return curve


def length_m(points: Points) -> float:
    """Length of the line in the plane."""
    return float(np.hypot(*np.diff(points, axis=0).T).sum())
