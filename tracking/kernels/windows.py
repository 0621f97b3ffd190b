"""Time at the wheel in any window of a given length, by driver. Twins: `tests/tracking/naive_windows.py`."""

from __future__ import annotations

import numpy as np
from numba import njit

from tracking.kernels.edges import CLOSE, OPEN, put

WINDOW_LIMITS = np.dtype([("window_ms", "<i8"), ("limit_ms", "<i8"), ("severity", "u1"), ("judged", "?")], align=True)
"""Thresholds of one driver: more driving than limit_ms in a window of window_ms that ends at any instant."""

SWEEP = np.dtype(
    [
        ("now_ms", "<i8"), ("inside_ms", "<i8"), ("since_ms", "<i8"), ("wheel_ms", "<i8"), ("peak_ms", "<i8"), ("beyond_ms", "<i8"),
        ("drives", "<i4"), ("leaves", "<i4"),
    ],
    align=True,
)  # fmt: skip
"""Where a sweep stands. inside_ms: driving in the window that ends at now_ms; drives, leaves: 1 while driving goes in, and while it goes out;
since_ms: when the open episode began, 0 none; wheel_ms: the last instant of driving in it."""


@njit(cache=True, nogil=True)
def _advance(sweep, rules, edges, count, slot, t_ms):  # type: ignore[no-untyped-def]
    """Go on to t_ms, between which and now nothing begins or ends; how many edges there are now."""
    while sweep.now_ms < t_ms:
        slope = sweep.drives - sweep.leaves
        step = t_ms - sweep.now_ms
        left = rules.limit_ms - sweep.inside_ms
        if not sweep.since_ms and slope > 0 and rules.judged and left < step:
            opened = sweep.now_ms + max(left + 1, 0)
            sweep.since_ms, sweep.wheel_ms, sweep.peak_ms, sweep.beyond_ms = opened, opened, 0, 0
        falls = sweep.since_ms > 0 and slope < 0 and sweep.inside_ms - step <= rules.limit_ms
        if falls:
            step = sweep.inside_ms - rules.limit_ms
        if sweep.since_ms and sweep.drives:
            sweep.beyond_ms += sweep.now_ms + step - max(sweep.now_ms, sweep.since_ms)
            sweep.wheel_ms = sweep.now_ms + step
        sweep.now_ms += step
        sweep.inside_ms += slope * step
        sweep.peak_ms = max(sweep.peak_ms, sweep.inside_ms)
        if falls:
            count = _tell(sweep, rules, edges, count, slot, CLOSE)
            sweep.since_ms = 0
    return count


@njit(cache=True, nogil=True)
def _tell(sweep, rules, edges, count, slot, kind):  # type: ignore[no-untyped-def]
    row = put(edges, count, slot, kind, sweep.since_ms, sweep.wheel_ms, (0, 0))
    row.peak, row.amount = sweep.peak_ms / 1000.0, sweep.beyond_ms / 1000.0
    row.severity, row.quality = rules.severity, 0
    return count + 1


@njit(cache=True, nogil=True)
def wheel_windows(start, begin_ms, end_ms, limits, sweeps, until_ms, edges):  # type: ignore[no-untyped-def]
    """Episodes of many drivers; how many `EDGE` rows were filled: CLOSE when the window holds no more than the limit again, OPEN while it does.

    Args:
        start: (D + 1,) rows of each driver; begin_ms, end_ms (n,): pieces of driving, disjoint and rising within one driver.
        limits: (D,) `WINDOW_LIMITS`; sweeps: (D,) `SWEEP`, zeros.
        until_ms: what is known.
    """
    count = 0
    for d in range(start.size - 1):
        sweep, rules = sweeps[d], limits[d]
        enter, leave, last = start[d], start[d], start[d + 1]
        if enter < last:
            sweep.now_ms = begin_ms[enter]
        while leave < last:
            coming = np.int64(1) << 62
            if enter < last:
                coming = end_ms[enter] if sweep.drives else begin_ms[enter]
            going = (end_ms[leave] if sweep.leaves else begin_ms[leave]) + rules.window_ms
            t_ms = min(coming, going)
            if t_ms > until_ms:
                break
            count = _advance(sweep, rules, edges, count, d, t_ms)
            if t_ms == coming:
                enter += sweep.drives
                sweep.drives = 1 - sweep.drives
            if t_ms == going:
                leave += sweep.leaves
                sweep.leaves = 1 - sweep.leaves
        count = _advance(sweep, rules, edges, count, d, until_ms)
        if sweep.since_ms:
            count = _tell(sweep, rules, edges, count, d, OPEN)
    return count
