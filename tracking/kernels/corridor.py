"""Ways and lines beside each other: measured outlines, distance to a polyline, stops along a way. Twins: `tests/tracking/naive_corridor.py`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.geodesy import offset_to_segment

CHUNK = 16
"""Segments of a polyline under one box."""


@njit(cache=True, nogil=True)
def measured_outline(edge, from_m, to_m, shape_start, lon_e7, lat_e7, along_m, lon, lat, s_m, part):  # type: ignore[no-untyped-def]
    """The parts of edges as one line with its measure.

    Args:
        edge, from_m, to_m: (k,) parts in driving order, metres from the edge's start.
        shape_start, lon_e7, lat_e7, along_m: shapes of the network.
        lon, lat, s_m, part: filled; room for the shape points of every part and two more each. part is the row of the part
            that begins or goes on at the vertex.
    Returns:
        Vertices used. s_m never falls; its steps over a part add up to to_m - from_m.
    """
    count = 0
    start = 0.0
    for row in range(len(edge)):
        low, high = from_m[row], max(to_m[row], from_m[row])
        first, last = shape_start[edge[row]], shape_start[edge[row] + 1] - 1
        j = first
        while j < last - 1 and along_m[j + 1] <= low:
            j += 1
        at = low
        while True:
            span = np.float64(along_m[j + 1]) - along_m[j]
            fraction = min(max((at - along_m[j]) / span, 0.0), 1.0) if span > 0.0 else 0.0
            lon[count] = (lon_e7[j] + fraction * (np.float64(lon_e7[j + 1]) - lon_e7[j])) * 1e-7
            lat[count] = (lat_e7[j] + fraction * (np.float64(lat_e7[j + 1]) - lat_e7[j])) * 1e-7
            s_m[count] = start + (at - low)
            part[count] = row
            count += 1
            if at >= high:
                break
            if along_m[j + 1] < high and j < last - 1:
                j += 1
                at = max(at, np.float64(along_m[j]))
            else:
                at = high
        start += high - low
    return count


@njit(cache=True, nogil=True)
def line_boxes(x, y):  # type: ignore[no-untyped-def]
    """(ceil((n - 1) / CHUNK), 4) west, south, east, north of each run of CHUNK segments of a polyline of n points."""
    segments = max(len(x) - 1, 0)
    out = np.empty(((segments + CHUNK - 1) // CHUNK, 4))
    for chunk in range(len(out)):
        begin = chunk * CHUNK
        end = min(begin + CHUNK, segments)
        west, east, south, north = x[begin], x[begin], y[begin], y[begin]
        for j in range(begin + 1, end + 1):
            west, east = min(west, x[j]), max(east, x[j])
            south, north = min(south, y[j]), max(north, y[j])
        out[chunk, 0], out[chunk, 1], out[chunk, 2], out[chunk, 3] = west, south, east, north
    return out


@njit(cache=True, nogil=True)
def box_distance(px, py, boxes, chunk):  # type: ignore[no-untyped-def]
    """Metres from a point to a box, 0 inside."""
    dx = max(max(boxes[chunk, 0] - px, px - boxes[chunk, 2]), 0.0)
    dy = max(max(boxes[chunk, 1] - py, py - boxes[chunk, 3]), 0.0)
    return math.sqrt(dx * dx + dy * dy)


@njit(cache=True, nogil=True)
def nearest_on_line(px, py, x, y, boxes):  # type: ignore[no-untyped-def]
    """Nearest place of a polyline to a point of the plane.

    Args:
        px, py: the point, metres; x, y: (n,) the line; boxes: its `line_boxes`.
    Returns:
        (distance, segment, fraction, side): the first segment of several equally near, fraction 0 to 1 along it, side the
        signed distance, positive to the right; (inf, -1, 0, inf) for a line of no segment.
    """
    best, segment, at, beside = np.inf, -1, 0.0, np.inf
    for chunk in range(len(boxes)):
        if box_distance(px, py, boxes, chunk) >= best:
            continue
        for j in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(x) - 1)):
            distance, fraction, side = offset_to_segment(px, py, x[j], y[j], x[j + 1], y[j + 1])
            if distance < best:
                best, segment, at, beside = distance, j, fraction, side
    return best, segment, at, beside


@njit(cache=True, nogil=True)
def within(px, py, x, y, boxes, reach_m, hint):  # type: ignore[no-untyped-def]
    """A segment of the line not farther than reach_m from the point, hint first; -1 when there is none."""
    if hint >= 0 and offset_to_segment(px, py, x[hint], y[hint], x[hint + 1], y[hint + 1])[0] <= reach_m:
        return hint
    for chunk in range(len(boxes)):
        if box_distance(px, py, boxes, chunk) > reach_m:
            continue
        for j in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(x) - 1)):
            if offset_to_segment(px, py, x[j], y[j], x[j + 1], y[j + 1])[0] <= reach_m:
                return j
    return -1


@njit(cache=True, nogil=True)
def metres_beyond(way_x, way_y, way_s, x, y, boxes, reach_m, step_m):  # type: ignore[no-untyped-def]
    """Metres of a way farther than reach_m from a line.

    Args:
        way_x, way_y, way_s: (v,) vertices of the way, metres in the plane, and its measure.
        x, y, boxes: the line and its `line_boxes`; step_m: a step of the way at most so long is judged by its middle.
    """
    beyond = 0.0
    hint = -1
    for j in range(len(way_s) - 1):
        length = way_s[j + 1] - way_s[j]
        if length <= 0.0:
            continue
        steps = max(math.ceil(length / step_m), 1)
        for step in range(steps):
            fraction = (step + 0.5) / steps
            px = way_x[j] + fraction * (way_x[j + 1] - way_x[j])
            py = way_y[j] + fraction * (way_y[j + 1] - way_y[j])
            hint = within(px, py, x, y, boxes, reach_m, hint)
            if hint < 0:
                beyond += length / steps
    return beyond


@njit(cache=True, nogil=True)
def stop_calls(stop_x, stop_y, stop_dx, stop_dy, any_way, way, reach_m, out_s, out_off):  # type: ignore[no-untyped-def]
    """Places where a way comes by a stop in its direction.

    Args:
        stop_x, stop_y: the stop; stop_dx, stop_dy: unit vector of the line there; any_way: a terminal, where direction is free.
        way: (v, 3) x, y, measure of the way's vertices, metres.
        reach_m: a way farther off does not come by.
        out_s, out_off: filled in the order of the way with the measure and distance of the nearest place of each run
            of segments within reach.
    Returns:
        How many there are, also when out_s is too short to hold them.
    """
    count = 0
    inside = False
    for j in range(len(way) - 1):
        ax, ay, bx, by = way[j, 0], way[j, 1], way[j + 1, 0], way[j + 1, 1]
        dx, dy = bx - ax, by - ay
        length = math.sqrt(dx * dx + dy * dy)
        if length == 0.0:
            continue
        far = max(max(min(ax, bx) - stop_x, stop_x - max(ax, bx)), max(min(ay, by) - stop_y, stop_y - max(ay, by)))
        good = far <= reach_m and (any_way or dx * stop_dx + dy * stop_dy >= -0.25 * length)
        if good:
            distance, fraction, _ = offset_to_segment(stop_x, stop_y, ax, ay, bx, by)
            good = distance <= reach_m
            if good:
                here = way[j, 2] + fraction * (way[j + 1, 2] - way[j, 2])
                if not inside:
                    count += 1
                if count <= len(out_s) and (not inside or distance < out_off[count - 1]):
                    out_s[count - 1] = here
                    out_off[count - 1] = distance
        inside = good
    return count


@njit(cache=True, nogil=True)
def align(stop, s_m, t_ms, gain, span, measure_m, rules, score, before):  # type: ignore[no-untyped-def]
    """The best chain of calls in the order of the line.

    Args:
        stop, s_m, t_ms: (c,) stop row, measure along the way, time of each call, by s_m rising; gain: (c,) what it is worth.
        span: (c,) number of the free stretch of the way that a call lies in, -1 out of play; a chain stays inside one.
        measure_m: (m,) measure of each stop along the line.
        rules: (2 + 1,) metres that way and line may differ at the price of one stop: base, share of the line's metres;
            and the longest time between two calls, ms.
        score, before: (c,) filled: worth of the best chain that ends there, and the call before it, -1 none.
    Returns:
        Last call of the best chain, -1 when there is none; of equal ones the first.
    """
    best, last = 0.0, -1
    for i in range(len(stop)):
        score[i], before[i] = gain[i], -1
        if span[i] < 0:
            continue
        for j in range(i - 1, -1, -1):
            if span[j] != span[i] or t_ms[i] - t_ms[j] > rules[2]:
                break
            if stop[j] >= stop[i]:
                continue
            line_m = measure_m[stop[i]] - measure_m[stop[j]]
            price = abs((s_m[i] - s_m[j]) - line_m) / (rules[0] + rules[1] * line_m)
            if gain[i] + score[j] - price > score[i]:
                score[i], before[i] = gain[i] + score[j] - price, j
        if score[i] > best:
            best, last = score[i], i
    return last
