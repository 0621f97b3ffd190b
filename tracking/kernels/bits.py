"""Runs of alarm bits that terminals send. Twins: `tests/tracking/naive_bits.py`."""

from __future__ import annotations

import numpy as np
from numba import njit

from tracking.kernels.clock import day_number
from tracking.kernels.edges import CLOSE, EXTEND, OPEN, put

BITS_LIMITS = np.dtype(
    [("mask", "<i8"), ("min_ms", "<i8"), ("merge_ms", "<i8"), ("extend_ms", "<i8"), ("severity", "u1"), ("by_day", "?"), ("judged", "?")],
    align=True,
)
"""Thresholds of one vehicle: any bit of mask set for min_ms or longer; what lies within merge_ms is one episode; by_day: one a day at most,
from the first set bit of the day to the last."""

BITS_STATE = np.dtype(
    [
        ("since_ms", "<i8"), ("hit_ms", "<i8"), ("told_ms", "<i8"), ("set_ms", "<i8"), ("seen", "<i4"), ("lon_e6", "<i4"), ("lat_e6", "<i4"),
        ("running", "u1"), ("open", "u1"),
    ],
    align=True,
)  # fmt: skip
"""What is remembered of a vehicle. since_ms: when the run began, 0 none; hit_ms: its last fix with a bit; set_ms: for how long; seen: the bits."""


@njit(cache=True, nogil=True)
def _tell(state, rules, edges, count, slot, kind, t_ms):  # type: ignore[no-untyped-def]
    row = put(edges, count, slot, kind, state.since_ms, t_ms, (state.lon_e6, state.lat_e6))
    row.peak, row.amount = float(state.seen), state.set_ms / 1000.0
    row.severity, row.quality = rules.severity, 0
    state.told_ms = t_ms
    return count + 1


@njit(cache=True, nogil=True)
def _elapse(state, rules, edges, count, slot, t_ms):  # type: ignore[no-untyped-def]
    """No bit was set between the last one and t_ms: what is over by then. How many edges there are now."""
    if state.since_ms == 0:
        return count
    if rules.by_day:
        over = day_number(t_ms) != day_number(state.hit_ms)
    else:
        over = t_ms - state.hit_ms > rules.merge_ms
    if over:
        if state.open:
            count = _tell(state, rules, edges, count, slot, CLOSE, state.hit_ms)
        state.since_ms, state.set_ms, state.seen, state.running, state.open = 0, 0, 0, 0, 0
    return count


@njit(cache=True, nogil=True)
def bit_runs(start, t_ms, place, alarm_bits, limits, day_ms, states, until_ms, edges):  # type: ignore[no-untyped-def]
    """Judge the fixes of many vehicles; how many `EDGE` rows were filled, peak being the bits as a number, amount seconds.

    Args:
        start: (V + 1,) rows of each vehicle; t_ms (n,) rising within one; place (n, 2) int32 1e-6 degree; alarm_bits (n,) int32.
        limits: (V, 2) `BITS_LIMITS`: of this day, and of the day on which what is open began.
        day_ms: first instant of the day that all fixes lie on.
        states: (V,) `BITS_STATE`, written; until_ms (V,): nothing older will come.
    """
    count = 0
    for v in range(start.size - 1):
        state = states[v]
        for i in range(start[v], start[v + 1]):
            rules = limits[v, 1 if 0 < state.since_ms < day_ms else 0]
            count = _elapse(state, rules, edges, count, v, t_ms[i])
            if state.since_ms == 0:
                rules = limits[v, 0]
            hits = alarm_bits[i] & rules.mask
            if hits == 0 or not rules.judged:
                state.running = 0
                if not rules.by_day and not state.open:
                    state.since_ms, state.set_ms, state.seen = 0, 0, 0
                continue
            if state.since_ms == 0:
                state.since_ms, state.lon_e6, state.lat_e6 = t_ms[i], place[i, 0], place[i, 1]
            elif state.running:
                state.set_ms += t_ms[i] - state.hit_ms
            state.running, state.hit_ms, state.seen = 1, t_ms[i], state.seen | hits
            if not state.open and state.set_ms >= rules.min_ms:
                state.open = 1
                count = _tell(state, rules, edges, count, v, OPEN, t_ms[i])
            elif state.open and t_ms[i] - state.told_ms >= rules.extend_ms:
                count = _tell(state, rules, edges, count, v, EXTEND, t_ms[i])
        count = _elapse(state, limits[v, 1 if 0 < state.since_ms < day_ms else 0], edges, count, v, until_ms[v])
    return count
