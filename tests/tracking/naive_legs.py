"""Slow twins of `tracking.kernels.legs` and of `tracking.kernels.spells.bends`."""

from __future__ import annotations

from tests.tracking.naive_spells import Fix, kept
from tracking.kernels.geodesy import leg_length


def coarse_lengths(lon: list[float], lat: list[float], run: list[int], spacing: list[float]) -> list[float]:
    """Legs of each run, cut where the next fix is far enough from the last that counted, scaled to the straight line."""
    count = max(len(lon) - 1, 0)
    legs = [float(leg_length(lon[i], lat[i], lon[i + 1], lat[i + 1])) for i in range(count)]
    out: list[float] = []
    group: list[int] = []
    for i in range(count):
        group.append(i)
        straight = float(leg_length(lon[group[0]], lat[group[0]], lon[i + 1], lat[i + 1]))
        ends = i + 1 == count or run[i + 1] != run[i]
        if ends or straight >= spacing[i + 1]:
            total = 0.0
            for j in group:
                total += legs[j]
            out += [legs[j] * (straight / total) if total > 0 else legs[j] for j in group]
            group = []
    return out


def bends(fixes: list[Fix], longest_ms: int, every: int) -> list[float]:
    """Squares of second differences of three fixes in equal short steps, every so many fixes."""
    out = []
    for i in range(2, len(fixes), every):
        a, b, c = three = fixes[i - 2 : i + 1]
        if len(kept(three)) < 3 or c.t_ms - b.t_ms > longest_ms or c.t_ms - b.t_ms != b.t_ms - a.t_ms:
            continue
        dx, dy = (c.lon - 2 * b.lon + a.lon) * c.east, (c.lat - 2 * b.lat + a.lat) * c.north
        out.append(dx * dx + dy * dy)
    return out
