"""Stops put onto a line in the order of service."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.line_path import LinePath
from tracking.network.geodesy import curvature_radii

Floats = NDArray[np.float64]
Line = tuple[Floats, Floats, Floats]
"""(lon, lat, measure) of a polyline."""


def stop_measures(stop_lon: Floats, stop_lat: Floats, line: Line, reach_m: float, said: str) -> Floats:
    """(m,) metres along the line of the stops: rising, and of all such the one with the least sum of squared distances.

    Loops and lines out and back pass a place twice; the order of the stops tells which passing is meant.

    Raises:
        RefusedError: a stop farther than the reach, or stops that cannot be passed in their order; names the stop.
    """
    lon, lat, measure = line
    x, y = _plane(lon, lat, lat[0])
    px, py = _plane(stop_lon, stop_lat, lat[0])
    best = np.zeros(1)
    reached = np.array([-np.inf])
    chosen: list[tuple[Floats, NDArray[np.int64]]] = []
    for stop in range(stop_lon.size):
        at, off = _calls(px[stop], py[stop], x, y, measure, reach_m)
        place = f"{said}: stop {stop + 1} at {stop_lon[stop]:.6f}, {stop_lat[stop]:.6f}"
        if not at.size:
            raise RefusedError(f"{place} is not within {reach_m:.0f} m of it", field="stops")
        least = np.minimum.accumulate(best)
        holder = np.maximum.accumulate(np.where(best <= least, np.arange(best.size), 0))
        before = np.searchsorted(reached, at, side="right") - 1
        if (before < 0).all():
            raise RefusedError(f"{place} comes before the stop before it", field="stops")
        kept = before >= 0
        at, off, before = at[kept], off[kept], before[kept]
        chosen.append((at, holder[before]))
        best, reached = least[before] + off * off, at
    rows = [int(np.argmin(best))]
    for _, back in reversed(chosen[1:]):
        rows.append(int(back[rows[-1]]))
    return np.array([at[row] for (at, _), row in zip(chosen, reversed(rows), strict=True)])


def _plane(lon: Floats, lat: Floats, about: float) -> tuple[Floats, Floats]:
    meridian, prime = curvature_radii(np.array([about]))
    return np.radians(lon) * prime[0] * np.cos(np.radians(about)), np.radians(lat) * meridian[0]


def _calls(px: float, py: float, x: Floats, y: Floats, measure: Floats, reach_m: float) -> tuple[Floats, Floats]:
    """(measure, distance) of the nearest place of every passing of a line within reach of a place, in the line's order."""
    dx, dy, size = np.diff(x), np.diff(y), np.diff(measure)
    square = np.maximum(dx * dx + dy * dy, 1e-12)
    share = np.clip(((px - x[:-1]) * dx + (py - y[:-1]) * dy) / square, 0.0, 1.0)
    off = np.hypot(x[:-1] + share * dx - px, y[:-1] + share * dy - py)
    at = measure[:-1] + share * size
    inside = (share > 0.0) & (share < 1.0)
    joint = (share == 1.0) & np.append(share[1:] == 0.0, True)
    joint[0] |= share[0] == 0.0
    rows = np.flatnonzero((inside | joint) & (off <= reach_m))
    return at[rows], off[rows]


def moved(old: LinePath, new: LinePath, step_m: float = 10.0) -> tuple[float, float, float]:
    """(metres, lon, lat): how far the two lie apart at most, of the places of each to the other, and where."""
    worst = (0.0, float(new.lon_deg[0]), float(new.lat_deg[0]))
    for one, other in ((new, old), (old, new)):
        at = np.append(np.arange(0.0, one.length_m, step_m), one.length_m)
        lon, lat = one.place(at)
        x, y = _plane(other.lon_deg, other.lat_deg, float(lat[0]))
        px, py = _plane(lon, lat, float(lat[0]))
        for row in range(at.size):
            off = _calls(px[row], py[row], x, y, other.measure_m, np.inf)[1].min()
            if off > worst[0]:
                worst = (float(off), float(lon[row]), float(lat[row]))
    return worst
