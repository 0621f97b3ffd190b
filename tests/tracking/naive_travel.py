"""Slow twins of the kernels of travel times."""

from __future__ import annotations

import math
from typing import Any


def entry_times(edge: int, share: float, graph: Any, seconds: Any, longest_s: float) -> dict[int, float]:
    """Seconds until each edge can be entered, by rounds of relaxing; graph: head, base_edge, out_start, out_edge."""
    head, base_edge, out_start, out_edge = graph
    if seconds[edge] == math.inf or (1.0 - share) * seconds[edge] > longest_s:
        return {}
    rest = (1.0 - share) * seconds[edge]
    time = {int(head[edge]): rest}
    entered: dict[int, float] = {}
    changed = True
    while changed:
        changed = False
        for node, at in list(time.items()):
            for on in out_edge[out_start[node] : out_start[node + 1]].tolist():
                base = int(base_edge[on])
                if at < entered.get(base, math.inf):
                    entered[base] = at
                then = at + seconds[on]
                if then <= longest_s and then < time.get(int(head[on]), math.inf):
                    time[int(head[on])] = then
                    changed = True
    return entered


def nearest(x: float, y: float, px: Any, py: Any, shape_start: Any, allowed: Any, radius: float) -> tuple[int, float]:
    """(edge, metres) of the nearest allowed edge, by all segments of all; -1 when none is near enough."""
    best = (-1, math.inf)
    for edge in range(len(allowed)):
        if not allowed[edge]:
            continue
        for j in range(shape_start[edge], shape_start[edge + 1] - 1):
            dx, dy = px[j + 1] - px[j], py[j + 1] - py[j]
            square = dx * dx + dy * dy
            part = min(1.0, max(0.0, ((x - px[j]) * dx + (y - py[j]) * dy) / square)) if square else 0.0
            away = math.hypot(px[j] + part * dx - x, py[j] + part * dy - y)
            if away <= radius and away < best[1]:
                best = (edge, away)
    return best
