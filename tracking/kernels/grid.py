"""Candidates: which places on which roads a fix may stand for."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.geodesy import offset_to_segment
from tracking.kernels.graph import NEAR

_LINEAR_FROM = 4.0


@njit(cache=True, nogil=True)
def emission_cost(distance, sigma):  # type: ignore[no-untyped-def]
    """Nats of a fix at a distance from its road: square up to 4 sigma, linear beyond."""
    z = distance / sigma
    return 0.5 * z * z if z <= _LINEAR_FROM else _LINEAR_FROM * (z - 0.5 * _LINEAR_FROM)


@njit(cache=True, nogil=True)
def heading_cost(heading, along, deviation, limit):  # type: ignore[no-untyped-def]
    """Nats of a reported heading against a road's direction, radians both; 0 when the heading is NaN."""
    if math.isnan(heading):
        return 0.0
    turned = abs(heading - along) % (2.0 * math.pi)
    if turned > math.pi:
        turned = 2.0 * math.pi - turned
    z = turned / deviation
    return min(0.5 * z * z, limit)


@njit(cache=True, nogil=True)
def neighbourhood(g, s, x, y, radius):  # type: ignore[no-untyped-def]
    """Roads within the radius, one of two twins each, at their nearest place.

    Returns:
        How many: rows of near_edge, near_shape, near_fraction, near_side of the scratch.
    """
    s.clock[1] += 1
    stamp = np.int32(s.clock[1])
    cell, columns, rows = g.grid[2], np.int64(g.grid[3]), np.int64(g.grid[4])
    left = max(np.int64(math.floor((x - radius - g.grid[0]) / cell)), 0)
    right = min(np.int64(math.floor((x + radius - g.grid[0]) / cell)), columns - 1)
    low = max(np.int64(math.floor((y - radius - g.grid[1]) / cell)), 0)
    high = min(np.int64(math.floor((y + radius - g.grid[1]) / cell)), rows - 1)
    count = 0
    for row in range(low, high + 1):
        for at in range(g.cell_start[row * columns + left], g.cell_start[row * columns + right + 1]) if right >= left else range(0):
            shape = g.cell_shape[at]
            ax, ay = np.float64(g.x_m[shape]), np.float64(g.y_m[shape])
            bx, by = np.float64(g.x_m[shape + 1]), np.float64(g.y_m[shape + 1])
            if min(ax, bx) > x + radius or max(ax, bx) < x - radius or min(ay, by) > y + radius or max(ay, by) < y - radius:
                continue
            distance, fraction, side = offset_to_segment(x, y, ax, ay, bx, by)
            if distance > radius:
                continue
            edge = g.cell_edge[at]
            if s.edge_stamp[edge] == stamp:
                place = s.edge_at[edge]
                if distance >= abs(s.near_side[place]):
                    continue
            else:
                if count == NEAR:
                    continue
                place = count
                s.edge_stamp[edge] = stamp
                s.edge_at[edge] = place
                s.near_edge[place] = edge
                count += 1
            s.near_shape[place] = shape
            s.near_fraction[place] = fraction
            s.near_side[place] = side
    return count


@njit(cache=True, nogil=True)
def _insert(lattice, row, n, k, edge, along, side, cost):  # type: ignore[no-untyped-def]
    """Keep the k cheapest in order of (cost, edge); the new count."""
    if n == k and cost >= lattice.emission[row, n - 1]:
        return n
    at = n if n < k else k - 1
    while at > 0:
        before = lattice.emission[row, at - 1]
        if before < cost or (before == cost and lattice.edge[row, at - 1] < edge):
            break
        lattice.emission[row, at] = before
        lattice.edge[row, at] = lattice.edge[row, at - 1]
        lattice.along[row, at] = lattice.along[row, at - 1]
        lattice.side[row, at] = lattice.side[row, at - 1]
        at -= 1
    lattice.emission[row, at] = cost
    lattice.edge[row, at] = edge
    lattice.along[row, at] = along
    lattice.side[row, at] = side
    return min(n + 1, k)


@njit(cache=True, nogil=True)
def candidates(g, s, rules, x, y, sigma, heading, deviation, lattice, row, k):  # type: ignore[no-untyped-def]
    """Fill a column with the k most likely places of a fix, both directions of a two-way road; the count.

    Args:
        x, y: the fix, plane metres; sigma: metres; heading: radians or NaN; deviation: radians.
    """
    radius = min(max(rules.radius_m, rules.radius_sigmas * sigma), rules.radius_limit_m)
    found = neighbourhood(g, s, x, y, radius)
    n = 0
    for i in range(found):
        edge = s.near_edge[i]
        shape = s.near_shape[i]
        base = emission_cost(abs(s.near_side[i]), sigma)
        if n == k and base >= lattice.emission[row, n - 1]:
            continue
        direction = 0.0
        if not math.isnan(heading):
            direction = math.atan2(g.x_m[shape + 1] - g.x_m[shape], g.y_m[shape + 1] - g.y_m[shape])
        from_m = np.float64(g.along_m[shape])
        length = g.length_m[edge]
        along = min(from_m + s.near_fraction[i] * (np.float64(g.along_m[shape + 1]) - from_m), length)
        cost = base + heading_cost(heading, direction, deviation, rules.heading_limit)
        n = _insert(lattice, row, n, k, edge, along, s.near_side[i], cost)
        twin = g.twin[edge]
        if twin >= 0:
            cost = base + heading_cost(heading, direction + math.pi, deviation, rules.heading_limit)
            n = _insert(lattice, row, n, k, twin, length - along, -s.near_side[i], cost)
    return n


@njit(cache=True, nogil=True)
def nearest(g, s, x, y, radius, out):  # type: ignore[no-untyped-def]
    """Fill out (n,) with the distance of each point to its nearest road, metres; NaN when none lies within the radius."""
    for i in range(len(x)):
        out[i] = np.nan
        for near in range(neighbourhood(g, s, x[i], y[i], radius)):
            distance = abs(s.near_side[near])
            if not distance >= out[i]:
                out[i] = distance
