"""Slow twin of driving in windows: the driving inside each window summed by its definition, at every instant at which anything changes."""

from __future__ import annotations

import itertools

Piece = tuple[int, int]


def inside(pieces: list[Piece], t_ms: int, window_ms: int) -> int:
    """Driving in the window that ends at t_ms."""
    return sum(max(min(end, t_ms) - max(begin, t_ms - window_ms), 0) for begin, end in pieces)


def episodes(pieces: list[Piece], window_ms: int, limit_ms: int, until_ms: int) -> list[tuple[int, int, float, float, bool]]:
    """(opened, closed, peak s, amount s, whether it is over)."""
    instants = {t for begin, end in pieces for t in (begin, end, begin + window_ms, end + window_ms)} | {until_ms}
    # between two of these the sum is a line, so it passes the limit at most once
    times = sorted(t for t in instants if t <= until_ms)
    crossings = []
    for a, b in itertools.pairwise(times):
        low, high = inside(pieces, a, window_ms), inside(pieces, b, window_ms)
        if low <= limit_ms < high:
            crossings.append((a + limit_ms - low + 1, True))
        elif high <= limit_ms < low:
            crossings.append((a + low - limit_ms, False))
    found = []
    for number, (opened, up) in enumerate(crossings):
        if not up:
            continue
        over = number + 1 < len(crossings)
        fall = crossings[number + 1][0] if over else until_ms
        driven = [(max(begin, opened), min(end, fall)) for begin, end in pieces if end > opened and begin < fall]
        amount = sum(end - begin for begin, end in driven if end > begin)
        peak = max(inside(pieces, t, window_ms) for t in [opened, fall, *(t for t in times if opened <= t <= fall)])
        closed = max([opened, *(end for begin, end in driven if end > begin)])
        found.append((opened, closed, peak / 1000, amount / 1000, over))
    return found
