"""Candidates: which places on which roads a fix may stand for."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner, lean
from tracking.kernels.geodesy import offset_to_segment
from tracking.kernels.graph import NEAR

_LINEAR_FROM = 4.0
_NEAR_M = 20.0
"""Most fixes have a road within this."""


@inner
def emission_cost(distance, sigma):  # type: ignore[no-untyped-def]
    """Nats of a fix at a distance from its road: square up to 4 sigma, linear beyond."""
    z = distance / sigma
    return 0.5 * z * z if z <= _LINEAR_FROM else _LINEAR_FROM * (z - 0.5 * _LINEAR_FROM)


@inner
def heading_cost(heading, along, deviation, limit):  # type: ignore[no-untyped-def]
    """Nats of a reported heading against a road's direction, radians both; 0 when the heading is NaN."""
    if math.isnan(heading):
        return 0.0
    turned = abs(heading - along) % (2.0 * math.pi)
    if turned > math.pi:
        turned = 2.0 * math.pi - turned
    z = turned / deviation
    return min(0.5 * z * z, limit)


@inner
def _cells(grid, x, y, radius):  # type: ignore[no-untyped-def]
    """(left, right, low, high) columns and rows of the grid that a circle touches; empty when it lies outside."""
    cell = grid[2]
    left = max(math.floor((x - radius - grid[0]) / cell), 0)
    right = min(math.floor((x + radius - grid[0]) / cell), int(grid[3]) - 1)
    low = max(math.floor((y - radius - grid[1]) / cell), 0)
    high = min(math.floor((y + radius - grid[1]) / cell), int(grid[4]) - 1)
    return left, right, low, high if right >= left else low - 1


@inner
def neighbourhood(grid, cell_start, segments, seen, near, stamp, x, y, radius):  # type: ignore[no-untyped-def]
    """Roads within the radius, one of two twins each, at their nearest place: so many rows of `near`."""
    left, right, low, high = _cells(grid, x, y, radius)
    columns = int(grid[3])
    count = 0
    for row in range(low, high + 1):
        for at in range(cell_start[row * columns + left], cell_start[row * columns + right + 1]):
            segment = segments[at]
            ax, ay, bx, by = np.float64(segment.ax), np.float64(segment.ay), np.float64(segment.bx), np.float64(segment.by)
            if min(ax, bx) > x + radius or max(ax, bx) < x - radius or min(ay, by) > y + radius or max(ay, by) < y - radius:
                continue
            distance, fraction, side = offset_to_segment(x, y, ax, ay, bx, by)
            if distance > radius:
                continue
            mark = seen[segment.edge]
            if mark.stamp == stamp:
                place = mark.at
                if distance >= abs(near[place].side):
                    continue
            elif count == NEAR:
                continue
            else:
                place = count
                mark.stamp = stamp
                mark.at = place
                count += 1
            found = near[place]
            found.edge = segment.edge
            found.shape = segment.shape
            found.fraction = fraction
            found.side = side
            found.dx = segment.bx - segment.ax
            found.dy = segment.by - segment.ay
    return count


@inner
def _insert(states, n, k, edge, along, side, cost):  # type: ignore[no-untyped-def]
    """Keep the k cheapest in order of (cost, edge); the new count."""
    if n == k and cost >= states[n - 1].emission:
        return n
    at = n if n < k else k - 1
    while at > 0:
        before = states[at - 1]
        if before.emission < cost or (before.emission == cost and before.edge < edge):
            break
        here = states[at]
        here.emission = before.emission
        here.edge = before.edge
        here.along = before.along
        here.side = before.side
        at -= 1
    state = states[at]
    state.emission = cost
    state.edge = edge
    state.along = along
    state.side = side
    return min(n + 1, k)


@lean
def candidates(g, s, x, y, sigma, radius, heading, deviation, limit, states, k):  # type: ignore[no-untyped-def]
    """Fill a column with the k most likely places of a fix, both directions of a two-way road; the count.

    Args:
        x, y: the fix, plane metres; sigma, radius: metres; heading: radians or NaN; deviation: radians; limit: nats.
        states: (k + 1,) `STATE`.
    """
    s.clock[1] += 1
    near = s.near
    found = neighbourhood(g.grid, g.cell_start, g.segments, s.seen, near, np.int32(s.clock[1]), x, y, radius)
    n = 0
    for i in range(found):
        place = near[i]
        base = emission_cost(abs(place.side), sigma)
        if n == k and base >= states[n - 1].emission:
            continue
        direction = 0.0
        if not math.isnan(heading):
            direction = math.atan2(place.dx, place.dy)
        edge = g.edges[place.edge]
        from_m = np.float64(g.points[place.shape].along)
        along = min(from_m + place.fraction * (np.float64(g.points[place.shape + 1].along) - from_m), edge.length)
        cost = base + heading_cost(heading, direction, deviation, limit)
        n = _insert(states, n, k, place.edge, along, place.side, cost)
        if edge.twin >= 0:
            cost = base + heading_cost(heading, direction + math.pi, deviation, limit)
            n = _insert(states, n, k, edge.twin, edge.length - along, -place.side, cost)
    return n


@lean
def nearest(g, s, x, y, radius, out):  # type: ignore[no-untyped-def]
    """Fill out (n,) with the distance of each point to its nearest road, metres; NaN when none lies within the radius."""
    for i in range(len(x)):
        out[i] = np.nan
        reach = 0.0
        while math.isnan(out[i]) and reach < radius:
            reach = min(max(4.0 * reach, _NEAR_M), radius)
            s.clock[1] += 1
            count = neighbourhood(g.grid, g.cell_start, g.segments, s.seen, s.near, np.int32(s.clock[1]), x[i], y[i], reach)
            for j in range(count):
                distance = abs(s.near[j].side)
                if not distance >= out[i]:
                    out[i] = distance


@lean
def at_dead_end(g, s, x, y, radius):  # type: ignore[no-untyped-def]
    """True when a road within the radius of a place ends there: nobody drives on but by turning round."""
    s.clock[1] += 1
    count = neighbourhood(g.grid, g.cell_start, g.segments, s.seen, s.near, np.int32(s.clock[1]), x, y, radius)
    for i in range(count):
        edge = g.edges[s.near[i].edge]
        if g.nodes[edge.head].dead_end or g.nodes[edge.tail].dead_end:
            return True
    return False
