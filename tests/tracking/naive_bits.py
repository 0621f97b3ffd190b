"""Slow twin of runs of alarm bits: the set fixes of a whole drive, grouped."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

from domain.units import day_of

Episode = tuple[int, int, float, float, int, int]


def episodes(fixes: Any, mask: int, min_ms: int, merge_ms: int, by_day: bool) -> list[Episode]:
    """(opened, closed, bits, seconds set, lon, lat)."""
    hits = [(row, int(fix["t_ms"]), int(fix["alarm"]) & mask, fix) for row, fix in enumerate(fixes) if int(fix["alarm"]) & mask]
    if by_day:
        groups = [list(many) for _, many in groupby(hits, lambda hit: day_of(hit[1]))]
        return [one for group in groups for one in _of(group, min_ms)]
    found: list[Episode] = []
    first = 0
    while first < len(hits):
        last, open_ = first, min_ms == 0
        while last + 1 < len(hits) and hits[last + 1][1] - hits[last][1] <= merge_ms and (open_ or hits[last + 1][0] == hits[last][0] + 1):
            last += 1
            open_ = open_ or _set_ms(hits[first : last + 1]) >= min_ms
        found += _of(hits[first : last + 1], min_ms)
        first = last + 1
    return found


def _set_ms(hits: list[Any]) -> int:
    return sum(b[1] - a[1] for a, b in pairwise(hits) if b[0] == a[0] + 1)


def _of(hits: list[Any], min_ms: int) -> list[Episode]:
    if _set_ms(hits) < min_ms:
        return []
    bits = 0
    for hit in hits:
        bits |= hit[2]
    return [(hits[0][1], hits[-1][1], float(bits), _set_ms(hits) / 1000, int(hits[0][3]["lon_e6"]), int(hits[0][3]["lat_e6"]))]
