"""What a track says of its receiver before and after matching, and its fixes as the lattice reads them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.compiled import lean
from tracking.kernels.grid import nearest
from tracking.kernels.spells import KEPT

SAMPLES = 100
"""Fixes whose distance to the nearest road is looked at, about."""
MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
DENSE_S, EVEN_S, FEW = 3.0, 0.1, 30
"""Steps so short, and so even, show jitter, when there are so many."""


@njit(cache=True, nogil=True)
def _jitter_m(t_ms, x, y, usable):  # type: ignore[no-untyped-def]
    """Standard deviation of dense fixes an axis, metres, by their second differences; NaN where there are too few."""
    squares = np.empty(len(usable))
    count = 0
    for i in range(2, len(usable)):
        a, b, c = usable[i - 2], usable[i - 1], usable[i]
        one, two = (t_ms[b] - t_ms[a]) / 1000.0, (t_ms[c] - t_ms[b]) / 1000.0
        if one <= DENSE_S and two <= DENSE_S and abs(two - one) < EVEN_S:
            bend_x, bend_y = x[c] - x[b] - (x[b] - x[a]), y[c] - y[b] - (y[b] - y[a])
            squares[count] = bend_x * bend_x + bend_y * bend_y
            count += 1
    return math.sqrt(np.median(squares[:count]) / (6.0 * 2.0 * math.log(2.0))) if count >= FEW else np.nan


@njit(cache=True, nogil=True)
def prior_m(g, s, t_ms, x, y, usable, radius_m, timed, prior, map_m):  # type: ignore[no-untyped-def]
    """Standard deviation of the receiver, metres, from the scatter about roads and the jitter of dense fixes.

    Args:
        t_ms, x, y: (n,) epoch ms and plane metres by row; usable: rows of kept fixes in time order, at least 3; radius_m: roads
        farther away are not looked for; timed: whether the times mean anything; prior: the answer where no road is near; map_m:
        that of the map.
    """
    every = max(len(usable) // SAMPLES, 1)
    some = usable[::every]
    off = np.empty(len(some))
    nearest(g, s, x[some], y[some], radius_m, off)
    off = off[~np.isnan(off)]
    about = MAD * np.median(off) if off.size > 0 else prior
    seen = math.sqrt(max(about * about - map_m * map_m, 0.0))
    if timed:
        jitter = _jitter_m(t_ms, x, y, usable)
        if not math.isnan(jitter):
            seen = max(seen, jitter)
    return seen


@njit(cache=True, nogil=True)
def residual_m(lattice, chosen, map_m, least):  # type: ignore[no-untyped-def]
    """Standard deviation of the receiver as the chosen roads show it, metres; NaN when fewer than `least` fixes are on one."""
    off = np.empty(len(chosen))
    k = lattice.states.shape[1] - 1
    count = 0
    for row in range(len(chosen)):
        if chosen[row] != k:
            off[count] = abs(lattice.states[row, chosen[row]].side)
            count += 1
    if count < least:
        return np.nan
    about = MAD * np.median(off[:count])
    return math.sqrt(max(about * about - map_m * map_m, 0.0))


@njit(cache=True, nogil=True)
def usual_step_ms(t_ms, order):  # type: ignore[no-untyped-def]
    """Median of the milliseconds between fixes that follow each other; 0 below two fixes."""
    if len(order) < 2:
        return 0.0
    steps = np.empty(len(order) - 1)
    for i in range(len(order) - 1):
        steps[i] = t_ms[order[i + 1]] - t_ms[order[i]]
    return np.median(steps)


@njit(cache=True, nogil=True)
def rows_kept(order, codes):  # type: ignore[no-untyped-def]
    """The rows with code KEPT, in time order."""
    out = np.empty(len(order), np.int64)
    count = 0
    for row in order:
        if codes[row] == KEPT:
            out[count] = row
            count += 1
    return out[:count]


@lean
def fill_fixes(columns, kept, timed, represent, to_ms, quality, fixes):  # type: ignore[no-untyped-def]
    """Kept fixes as the lattice reads them.

    Args:
        columns: (t_ms, lon, lat, x, y, speed m/s, heading radians, satellites), each (n,) by row; kept: (m,) rows; represent,
        to_ms: (k,) rows that stand for stops, in time order, and when those end; quality: (c,) factor of the noise by satellites,
        the last for more; fixes: (m,) `FIX`, filled.
    """
    t_ms, lon, lat, x, y, speed, heading, satellites = columns
    stop = 0
    for i in range(len(kept)):
        row, fix = kept[i], fixes[i]
        fix.x, fix.y, fix.lon, fix.lat = x[row], y[row], lon[row], lat[row]
        fix.t = t_ms[row] / 1000.0 if timed else np.nan
        fix.leave = fix.t
        fix.speed = speed[row]
        fix.heading = heading[row]
        in_use = satellites[row]
        fix.quality = 1.0 if not in_use >= 0.0 else quality[min(np.int64(in_use), len(quality) - 1)]
        while timed and stop < len(represent) and t_ms[represent[stop]] < t_ms[row]:
            stop += 1
        if timed and stop < len(represent) and represent[stop] == row:
            fix.leave = to_ms[stop] / 1000.0
