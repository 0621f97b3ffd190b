"""Gaps between fixes: silence that began on the way, too long a silence, a vehicle that is elsewhere after one. Twins:
`tests/tracking/naive_silences.py`."""

from __future__ import annotations

import numpy as np
from numba import njit

from tracking.kernels.driving import metres
from tracking.kernels.edges import CLOSE, OPEN, put

SILENCE_LIMITS = np.dtype(
    [
        ("silence_ms", "<i8"), ("repeat_ms", "<i8"), ("moving_kmh", "<f8"), ("gain_m", "<f8"), ("apart_m", "<f8"), ("times", "<i4"),
        ("severity", "u1"), ("again", "u1"), ("from_end", "?"), ("judged", "?"),
    ],
    align=True,
)  # fmt: skip
"""Thresholds of one vehicle: longer than silence_ms, when it began with moving_kmh or more, or the odometer gained gain_m or more over it,
or its ends lie further apart than apart_m (NaN: no such sign; all three NaN: any silence); severity, and `again` from so many times within
repeat_ms on (0: never). from_end: the episode begins silence_ms after the last fix, not at it."""

SILENCE_STATE = np.dtype(
    [
        ("since_ms", "<i8"), ("last_ms", "<i8"), ("before_ms", "<i8", (2,)), ("odometer_m", "<f8"), ("speed_kmh", "<f4"),
        ("last_lon", "<i4"), ("last_lat", "<i4"), ("severity", "u1"), ("acc", "u1"),
    ],
    align=True,
)  # fmt: skip
"""What is remembered of a vehicle. since_ms: when the open episode began, 0 none; last_ms: of its last fix, 0 none; before_ms: when the two
episodes before began, the newest first."""


@njit(cache=True, nogil=True)
def _open(state, rules, edges, count, slot, took_ms, apart_m):  # type: ignore[no-untyped-def]
    """Open the episode of a silence; how many edges there are now."""
    state.since_ms = state.last_ms + (rules.silence_ms if rules.from_end else 0)
    times = 1
    for before in state.before_ms:
        if before > 0 and state.since_ms - before <= rules.repeat_ms:
            times += 1
    state.severity = rules.again if 0 < rules.times <= times else rules.severity
    state.before_ms[1] = state.before_ms[0]
    state.before_ms[0] = state.since_ms
    return _tell(state, edges, count, slot, OPEN, state.since_ms, took_ms, apart_m)


@njit(cache=True, nogil=True)
def _tell(state, edges, count, slot, kind, t_ms, took_ms, apart_m):  # type: ignore[no-untyped-def]
    row = put(edges, count, slot, kind, state.since_ms, t_ms, (state.last_lon, state.last_lat))
    row.peak, row.amount, row.severity, row.quality = took_ms / 1000.0, apart_m, state.severity, 0
    return count + 1


@njit(cache=True, nogil=True)
def _known(state, rules):  # type: ignore[no-untyped-def]
    """True when the silence is a breach whatever comes after it."""
    any_silence = np.isnan(rules.moving_kmh) and np.isnan(rules.gain_m) and np.isnan(rules.apart_m)
    return rules.judged and (any_silence or (state.speed_kmh >= rules.moving_kmh and state.acc != 0))


@njit(cache=True, nogil=True)
def _row(state, today, day_ms):  # type: ignore[no-untyped-def]
    """Which limits hold: those of the day on which the silence began, or of the day itself where the episode begins at the end of a silence."""
    begun = state.since_ms if state.since_ms else (0 if today.from_end else state.last_ms)
    return 1 if 0 < begun < day_ms else 0


@njit(cache=True, nogil=True)
def silences(start, t_ms, place, speed_kmh, acc, odometer_m, limits, day_ms, states, until_ms, edges):  # type: ignore[no-untyped-def]
    """Judge the gaps of many vehicles; how many `EDGE` rows were filled, peak being seconds of silence, amount metres between its ends.

    Args:
        start: (V + 1,) rows of each vehicle; t_ms (n,) rising within one; place (n, 2) int32 1e-6 degree, 0, 0 unknown; speed_kmh (n,) float32 and
            odometer_m (n,) float64, NaN unknown; acc (n,) int8 1 on, 0 off, -1 unknown.
        limits: (V, 2) `SILENCE_LIMITS`: of this day, and of the day on which what is open or may open began.
        day_ms: first instant of the day that all fixes lie on.
        states: (V,) `SILENCE_STATE`, written; until_ms (V,): nothing older will come.
    """
    count = 0
    for v in range(start.size - 1):
        state = states[v]
        for i in range(start[v], start[v + 1]):
            rules = limits[v, _row(state, limits[v, 0], day_ms)]
            took = t_ms[i] - state.last_ms
            placed = place[i, 0] != 0 or place[i, 1] != 0
            if state.last_ms and took > rules.silence_ms:
                known = placed and (state.last_lon != 0 or state.last_lat != 0)
                apart = metres(state.last_lon, state.last_lat, place[i, 0], place[i, 1]) if known else 0.0
                gained = odometer_m[i] - state.odometer_m >= rules.gain_m
                if not state.since_ms and rules.judged and (_known(state, rules) or gained or apart > rules.apart_m):
                    count = _open(state, rules, edges, count, v, took, apart)
                if state.since_ms:
                    count = _tell(state, edges, count, v, CLOSE, t_ms[i], took, apart)
                    state.since_ms = 0
            state.last_ms = t_ms[i]
            if placed:
                state.last_lon, state.last_lat = place[i, 0], place[i, 1]
            state.speed_kmh, state.odometer_m, state.acc = speed_kmh[i], odometer_m[i], acc[i] != 0
        rules = limits[v, _row(state, limits[v, 0], day_ms)]
        took = until_ms[v] - state.last_ms
        if state.last_ms and not state.since_ms and took > rules.silence_ms and _known(state, rules):
            count = _open(state, rules, edges, count, v, took, 0.0)
    return count
