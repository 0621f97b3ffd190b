"""Slow twins of `tracking.kernels.corridor`: one loop over everything, no boxes, no hints."""

from __future__ import annotations

import itertools
import math


def offset(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> tuple[float, float]:
    """(distance, fraction) of a point to a segment."""
    square = (bx - ax) ** 2 + (by - ay) ** 2
    fraction = 0.0 if square == 0 else min(1.0, max(0.0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / square))
    return math.hypot(px - ax - fraction * (bx - ax), py - ay - fraction * (by - ay)), fraction


def nearest(px: float, py: float, line: list[tuple[float, float]]) -> float:
    return min((offset(px, py, *a, *b)[0] for a, b in itertools.pairwise(line)), default=math.inf)


def beyond(way: list[tuple[float, float, float]], line: list[tuple[float, float]], reach_m: float, step_m: float) -> float:
    total = 0.0
    for (ax, ay, a_m), (bx, by, b_m) in itertools.pairwise(way):
        if b_m <= a_m:
            continue
        steps = max(math.ceil((b_m - a_m) / step_m), 1)
        for step in range(steps):
            f = (step + 0.5) / steps
            if nearest(ax + f * (bx - ax), ay + f * (by - ay), line) > reach_m:
                total += (b_m - a_m) / steps
    return total


def calls(
    stop: tuple[float, float], direction: tuple[float, float], any_way: bool, way: list[tuple[float, float, float]], reach_m: float
) -> list[tuple[float, float]]:
    """(measure, distance) of every run of segments that come by."""
    flags = []
    for (ax, ay, a_m), (bx, by, b_m) in itertools.pairwise(way):
        length = math.hypot(bx - ax, by - ay)
        if length == 0:
            continue
        distance, fraction = offset(*stop, ax, ay, bx, by)
        along = (bx - ax) * direction[0] + (by - ay) * direction[1] >= -0.25 * length
        flags.append((distance <= reach_m and (any_way or along), distance, a_m + fraction * (b_m - a_m)))
    out = []
    for good, run in itertools.groupby(flags, key=lambda flag: flag[0]):
        if good:
            _, distance, measure = min(run, key=lambda flag: flag[1])
            out.append((measure, distance))
    return out


def best_chain(
    stop: list[int], s_m: list[float], t_ms: list[int], gain: list[float], span: list[int], measure_m: list[float], rules: list[float]
) -> float:
    """Worth of the best chain, by trying every subset of calls."""
    best = 0.0
    for size in range(1, len(stop) + 1):
        for rows in itertools.combinations(range(len(stop)), size):
            worth = sum(gain[row] for row in rows)
            fits = all(span[row] >= 0 for row in rows)
            for i, j in itertools.pairwise(rows):
                line_m = measure_m[stop[j]] - measure_m[stop[i]]
                fits &= stop[i] < stop[j] and span[i] == span[j] and t_ms[j] - t_ms[i] <= rules[2]
                worth -= abs(s_m[j] - s_m[i] - line_m) / (rules[0] + rules[1] * max(line_m, 0.0))
            if fits:
                best = max(best, worth)
    return best


def outline(parts: list[tuple[int, float, float]], shapes: list[list[tuple[float, float, float]]]) -> list[tuple[float, float, float]]:
    """(lon, lat, measure) where each part begins and ends, and of the shape points between."""
    out, start = [], 0.0
    for edge, low, high in parts:
        ends = [low, *(at for _, _, at in shapes[edge] if low < at < high), high]
        for at in ends if high > low else [low]:
            for (x0, y0, a), (x1, y1, b) in itertools.pairwise(shapes[edge]):
                if a <= at <= b and b > a:
                    f = (at - a) / (b - a)
                    out.append((x0 + f * (x1 - x0), y0 + f * (y1 - y0), start + at - low))
                    break
            else:
                out.append((*shapes[edge][0 if at == 0 else -1][:2], start + at - low))
        start += high - low
    return out
