"""Speeding: runs of fixes over their limit, long enough, and what lies near them. Twins: `tests/tracking/naive_overspeed.py`."""

from __future__ import annotations

import numpy as np
from numba import njit

from tracking.kernels.clock import inside_hours
from tracking.kernels.edges import CLOSE, DOUBTFUL, EXTEND, GENERAL, GOOD, MINOR, OPEN, SEVERE, put

ANY_TIME, BY_DAY, BY_NIGHT = 0, 1, 2
"""`when`: the fixes that are judged."""

OVERSPEED_LIMITS = np.dtype(
    [
        ("min_ms", "<i8"), ("merge_ms", "<i8"), ("max_gap_ms", "<i8"), ("extend_ms", "<i8"), ("night_from_ms", "<i8"), ("night_to_ms", "<i8"),
        ("tolerance_kmh", "<f8"), ("factor", "<f8"), ("general_over", "<f8"), ("severe_over", "<f8"), ("when", "u1"), ("judged", "?"),
    ],
    align=True,
)  # fmt: skip
"""Thresholds of one vehicle: longer than min_ms over factor x limit + tolerance_kmh; shares of excess from which it is GENERAL and
SEVERE; the night, milliseconds of the Asia/Shanghai day, half open, over midnight where from > to."""

OVERSPEED_STATE = np.dtype(
    [
        ("since_ms", "<i8"), ("hit_ms", "<i8"), ("over_ms", "<i8"), ("told_ms", "<i8"),
        ("peak", "<f8"), ("peak_kmh", "<f4"), ("peak_limit", "<f4"), ("lon_e6", "<i4"), ("lat_e6", "<i4"),
        ("open", "u1"), ("running", "u1"), ("quality", "u1"),
    ],
    align=True,
)  # fmt: skip
"""What is remembered of a vehicle. since_ms: when the open episode or the run began, 0 none; hit_ms: its last fix over the limit;
over_ms: time over the limit; told_ms: when it was last told."""

KMH_HAIR, SHARE_HAIR = 1e-3, 1e-6
"""Far below what 0.1 km/h on the wire can tell apart, above what float32 makes of it: a speed that is the bound is not over it."""


@njit(cache=True, nogil=True)
def _grade(state, rules):  # type: ignore[no-untyped-def]
    """Severity of the share by which the worst fix was over its limit."""
    share = state.peak + SHARE_HAIR
    if share >= rules.severe_over:
        return SEVERE
    return GENERAL if share >= rules.general_over else MINOR


@njit(cache=True, nogil=True)
def _tell(state, rules, edges, count, slot, kind, t_ms):  # type: ignore[no-untyped-def]
    """An edge of the open episode; how many edges there are now."""
    row = put(edges, count, slot, kind, state.since_ms, t_ms, (state.lon_e6, state.lat_e6))
    row.peak, row.amount = state.peak, state.over_ms / 1000.0
    row.peak_kmh, row.limit_kmh = state.peak_kmh, state.peak_limit
    row.severity, row.quality = _grade(state, rules), state.quality
    state.told_ms = t_ms
    return count + 1


@njit(cache=True, nogil=True)
def _forget(state):  # type: ignore[no-untyped-def]
    """No episode and no run."""
    state.since_ms, state.over_ms, state.peak, state.open, state.running, state.quality = 0, 0, 0.0, 0, 0, GOOD


@njit(cache=True, nogil=True)
def _elapse(state, rules, edges, count, slot, t_ms):  # type: ignore[no-untyped-def]
    """Nothing was over the limit between the last such fix and t_ms: what is over by then. How many edges there are now."""
    if state.since_ms == 0:
        return count
    silence = t_ms - state.hit_ms
    if state.open and silence > rules.merge_ms:
        count = _tell(state, rules, edges, count, slot, CLOSE, state.hit_ms)
        _forget(state)
    elif not state.open and silence > rules.max_gap_ms:
        _forget(state)
    return count


@njit(cache=True, nogil=True)
def _hit(state, t_ms, speed, limit, doubtful, place):  # type: ignore[no-untyped-def]
    """A fix over its limit joins the run, or begins one."""
    if state.since_ms == 0:
        state.since_ms, state.hit_ms = t_ms, t_ms
        state.lon_e6, state.lat_e6 = place
    elif state.running:
        state.over_ms += t_ms - state.hit_ms
    state.running, state.hit_ms = 1, t_ms
    share = (speed - limit) / limit
    if share > state.peak:
        state.peak, state.peak_kmh, state.peak_limit = share, speed, limit
    if doubtful:
        state.quality = DOUBTFUL


@njit(cache=True, nogil=True)
def speeding(start, t_ms, place, speed_kmh, limit_kmh, doubtful, limits, day_ms, states, until_ms, edges):  # type: ignore[no-untyped-def]
    """Judge the fixes of many vehicles; how many `EDGE` rows were filled.

    Args:
        start: (V + 1,) rows of each vehicle; t_ms (n,) rising within one; place (n, 2) int32 1e-6 degree; speed_kmh, limit_kmh (n,)
            float32, NaN unknown: such a fix is not over; doubtful (n,) bool.
        limits: (V, 2) `OVERSPEED_LIMITS`: of this day, and of the day on which what is open began.
        day_ms: first instant of the day that all fixes lie on.
        states: (V,) `OVERSPEED_STATE`, written; until_ms (V,): nothing older will come.
    """
    count = 0
    for v in range(start.size - 1):
        state = states[v]
        for i in range(start[v], start[v + 1]):
            rules = limits[v, 1 if 0 < state.since_ms < day_ms else 0]
            count = _elapse(state, rules, edges, count, v, t_ms[i])
            if state.since_ms == 0:
                rules = limits[v, 0]
            night = inside_hours(t_ms[i], rules.night_from_ms, rules.night_to_ms)
            judged = rules.judged and (rules.when == ANY_TIME or night == (rules.when == BY_NIGHT))
            bound = limit_kmh[i] * rules.factor
            if not judged or not speed_kmh[i] > bound + rules.tolerance_kmh + KMH_HAIR:
                if state.open:
                    state.running = 0
                else:
                    _forget(state)
                continue
            if state.running and t_ms[i] - state.hit_ms > rules.max_gap_ms:
                state.running = 0
            _hit(state, t_ms[i], speed_kmh[i], bound, doubtful[i], (place[i, 0], place[i, 1]))
            if not state.open and state.over_ms > rules.min_ms:
                state.open = 1
                count = _tell(state, rules, edges, count, v, OPEN, t_ms[i])
            elif state.open and t_ms[i] - state.told_ms >= rules.extend_ms:
                count = _tell(state, rules, edges, count, v, EXTEND, t_ms[i])
        count = _elapse(state, limits[v, 1 if 0 < state.since_ms < day_ms else 0], edges, count, v, until_ms[v])
    return count
