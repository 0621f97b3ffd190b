"""Fixes that nobody drove to: jumps, excursions, needles. Twins: `tests/tracking/naive_spells.py`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.spells import DRIFT, KEPT, apart

LOOK = 50
"""Runs that are looked ahead over, at most."""


@njit(cache=True, nogil=True)
def jump(t_ms, place, speed_kmh, i, j, limits):  # type: ignore[no-untyped-def]
    """True when nobody drives from fix i to fix j.

    Args:
        limits: (fastest m/s; slack m; m/s^2 between two reported speeds, or 0 when those are not to be trusted; the longest
            step in seconds over which they say anything; slack m of theirs).
    """
    length = apart(place, i, j)
    if length <= limits[1]:
        return False
    seconds = (t_ms[j] - t_ms[i]) / 1000.0
    if length > limits[1] + limits[0] * seconds:
        return True
    if limits[2] > 0.0 and seconds <= limits[3]:
        reach = (speed_kmh[i] + speed_kmh[j]) / 7.2 * seconds + 0.25 * limits[2] * seconds * seconds
        return length > limits[4] + reach
    return False


@njit(cache=True, nogil=True)
def speed_faults(t_ms, place, speed_kmh, limits, keep):  # type: ignore[no-untyped-def]
    """(steps between kept fixes that both reported speeds could judge, those of them that are jumps)."""
    judged, wrong, before = 0, 0, -1
    for i in range(t_ms.size):
        if keep[i] != KEPT:
            continue
        if before >= 0 and not math.isnan(speed_kmh[i] + speed_kmh[before]) and t_ms[i] - t_ms[before] <= limits[3] * 1000.0:
            judged += 1
            wrong += jump(t_ms, place, speed_kmh, before, i, limits)
        before = i
    return judged, wrong


@njit(cache=True, nogil=True)
def consistent_runs(t_ms, place, speed_kmh, limits, keep):  # type: ignore[no-untyped-def]
    """Kept fixes cut at jumps: (first row, last row, fixes) of each run, int64 (runs,)."""
    n = t_ms.size
    first, last, fixes = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    runs = 0
    for i in range(n):
        if keep[i] != KEPT:
            continue
        if runs > 0 and not jump(t_ms, place, speed_kmh, last[runs - 1], i, limits):
            fixes[runs - 1] += 1
        else:
            first[runs], fixes[runs] = i, 1
            runs += 1
        last[runs - 1] = i
    return first[:runs], last[:runs], fixes[:runs]


@njit(cache=True, nogil=True)
def mark_drift(t_ms, place, speed_kmh, limits, agree, excursion_s, keep):  # type: ignore[no-untyped-def]
    """Code DRIFT: runs of fixes that cannot be reached and do not stay.

    A run that follows from the last kept fix is kept. Else a run of less than `agree` fixes is drift; a longer one is drift
    when within `excursion_s` a run begins where the vehicle can have come to from the last kept fix, and the runs up to it
    hold fewer fixes than those before and than it; otherwise the jump stays, as the end of a gap.
    """
    first, last, fixes = consistent_runs(t_ms, place, speed_kmh, limits, keep)
    runs = first.size
    largest = 0
    for r in range(runs):
        if fixes[r] > fixes[largest]:
            largest = r
    kept, together = -1, 0
    for r in range(runs):
        follows = kept >= 0 and not jump(t_ms, place, speed_kmh, kept, first[r], limits)
        stays = fixes[r] >= agree or r == largest
        if not follows and stays and kept >= 0:
            between = 0
            for q in range(r + 1, min(runs, r + LOOK)):
                between += fixes[q - 1]
                if t_ms[first[q]] - t_ms[kept] > excursion_s * 1000.0 or between >= together:
                    break
                if fixes[q] > between and not jump(t_ms, place, speed_kmh, kept, first[q], limits):
                    stays = False
                    break
        if follows or stays:
            together = together + fixes[r] if follows else fixes[r]
            kept = last[r]
        else:
            for i in range(first[r], last[r] + 1):
                if keep[i] == KEPT:
                    keep[i] = DRIFT


@njit(cache=True, nogil=True)
def mark_needles(t_ms, place, speed_kmh, limits, angle, leg_m, span_s, keep):  # type: ignore[no-untyped-def]
    """Code DRIFT: the tip of a needle of less than `angle` radians, both legs over leg_m, within span_s, unless the reported
    speeds explain its length (a vehicle that turned there)."""
    a, b = -1, -1
    for c in range(t_ms.size):
        if keep[c] != KEPT:
            continue
        needle = False
        if a >= 0 and t_ms[c] - t_ms[a] < span_s * 1000.0:
            ax, ay = (place[a, 0] - place[b, 0]) * place[b, 2], (place[a, 1] - place[b, 1]) * place[b, 3]
            cx, cy = (place[c, 0] - place[b, 0]) * place[b, 2], (place[c, 1] - place[b, 1]) * place[b, 3]
            one, two = math.sqrt(ax * ax + ay * ay), math.sqrt(cx * cx + cy * cy)
            if one > leg_m and two > leg_m and ax * cx + ay * cy > math.cos(angle) * one * two:
                told = (speed_kmh[a] + speed_kmh[b]) * (t_ms[b] - t_ms[a]) + (speed_kmh[b] + speed_kmh[c]) * (t_ms[c] - t_ms[b])
                needle = not (limits[2] > 0.0 and one + two <= 1.3 * told / 7200.0 + limits[1])
        if needle:
            keep[b] = DRIFT
        else:
            a = b
        b = c
