"""Spans of time: their union, and how much of them fixes cover."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans (from, to), epoch ms, joined where they touch, in order; empty ones left out."""
    out: list[Span] = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if out and begin <= out[-1][1]:
            out[-1] = out[-1][0], max(out[-1][1], end)
        else:
            out.append((begin, end))
    return out


def total_ms(spans: Iterable[Span]) -> int:
    """Milliseconds of the union."""
    return sum(end - begin for begin, end in union(spans))


def covered_ms(t_ms: NDArray[np.int64], spans: Iterable[Span], gap_ms: int) -> int:
    """Milliseconds of the union that lie in legs between times at most gap_ms apart; t_ms (n,) rising."""
    begin, end = t_ms[:-1], t_ms[1:]
    near = end - begin <= gap_ms
    return sum(int(np.maximum(np.minimum(end, b) - np.maximum(begin, a), 0)[near].sum()) for a, b in union(spans))
