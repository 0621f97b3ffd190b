"""Spells of a track: frozen, drifting, standing, dense. Twins: `tests/tracking/naive_spells.py`.

All columns are contiguous and in time order; `keep` holds the codes below and is written in place. Absent numbers are NaN.
`place` is (n, 4) float64: longitude and latitude, degrees WGS-84, and metres of one degree of each there (`places`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.geodesy import A_M, E2

KEPT, STILL, THINNED, DUPLICATE, INVALID, FROZEN, DRIFT = 0, 1, 2, 3, 4, 5, 6
_RAD = math.pi / 180.0


@njit(cache=True, nogil=True)
def places(lon, lat):  # type: ignore[no-untyped-def]
    """(n, 4) `place` of (n,) degrees; the scales are those of a latitude at most 0.001 degree away (2e-5 of a length)."""
    place = np.empty((lon.size, 4))
    known, east, north = np.nan, np.nan, np.nan
    for i in range(lon.size):
        if not abs(lat[i]) <= 90.0:
            known, east, north = np.nan, np.nan, np.nan
        elif not abs(lat[i] - known) <= 0.001:
            known = lat[i]
            sine = math.sin(known * _RAD)
            w2 = 1.0 - E2 * sine * sine
            prime = A_M / math.sqrt(w2)
            east, north = _RAD * prime * math.cos(known * _RAD), _RAD * prime * (1.0 - E2) / w2
        place[i, 0], place[i, 1], place[i, 2], place[i, 3] = lon[i], lat[i], east, north
    return place


@njit(cache=True, nogil=True)
def apart(place, i, j):  # type: ignore[no-untyped-def]
    """Metres between two fixes that are near each other (1e-3 of the length at 10 km): for thresholds, never for lengths."""
    dx, dy = (place[j, 0] - place[i, 0]) * place[i, 2], (place[j, 1] - place[i, 1]) * place[i, 3]
    return math.sqrt(dx * dx + dy * dy)


@njit(cache=True, nogil=True)
def bends(t_ms, place, longest_ms, every, keep):  # type: ignore[no-untyped-def]
    """Squared second differences of place, m2, of kept rows that follow each other in equal steps of at most longest_ms."""
    out = np.empty(t_ms.size)
    count = 0
    for i in range(2, t_ms.size, every):
        step = t_ms[i] - t_ms[i - 1]
        if step > longest_ms or step != t_ms[i - 1] - t_ms[i - 2] or keep[i] + keep[i - 1] + keep[i - 2] != KEPT:
            continue
        dx = (place[i, 0] - 2.0 * place[i - 1, 0] + place[i - 2, 0]) * place[i, 2]
        dy = (place[i, 1] - 2.0 * place[i - 1, 1] + place[i - 2, 1]) * place[i, 3]
        out[count] = dx * dx + dy * dy
        count += 1
    return out[:count]


@njit(cache=True, nogil=True)
def mark_invalid(t_ms, place, located, bounds, timed, keep):  # type: ignore[no-untyped-def]
    """Codes DUPLICATE (same time as the row before) and INVALID (no place, or outside bounds: west, south, east, north)."""
    for i in range(t_ms.size):
        keep[i] = KEPT
        lon, lat = place[i, 0], place[i, 1]
        inside = bounds[0] <= lon <= bounds[2] and bounds[1] <= lat <= bounds[3]
        if timed and i > 0 and t_ms[i] == t_ms[i - 1]:
            keep[i] = DUPLICATE
        elif not located[i] or not inside or (lon == 0.0 and lat == 0.0):
            keep[i] = INVALID


@njit(cache=True, nogil=True)
def mark_frozen(place, speed_kmh, odometer_m, fast_kmh, gain_m, fixes, keep):  # type: ignore[no-untyped-def]
    """Code FROZEN: the same place over `fixes` rows while the speed is `fast_kmh` or the odometer gains `gain_m`.

    The first row of a place stays kept: there the receiver still knew it. Of a run that stood before, only the rows from
    the first fast one, or from the odometer's first step on, are frozen.
    """
    n = keep.size
    first = 0
    while first < n:
        last, count = first, 0
        streak, streak_row, begin = 0, first, n
        base, step_row = np.nan, n
        i = first
        while i < n and (keep[i] != KEPT or keep[first] != KEPT or (place[i, 0] == place[first, 0] and place[i, 1] == place[first, 1])):
            if keep[first] != KEPT:
                break
            if keep[i] == KEPT:
                last, count = i, count + 1
                if speed_kmh[i] >= fast_kmh:
                    streak_row = streak_row if streak > 0 else i
                    streak += 1
                else:
                    streak = 0
                if streak >= fixes:
                    begin = min(begin, streak_row)
                if math.isnan(base) or odometer_m[i] < base:
                    base, step_row = odometer_m[i], n
                if odometer_m[i] > base and step_row == n:
                    step_row = i
                if odometer_m[i] - base >= gain_m:
                    begin = min(begin, step_row)
            i += 1
        if count >= fixes:
            for j in range(max(begin, first + 1), last + 1):
                if keep[j] == KEPT:
                    keep[j] = FROZEN
        first = last + 1


@njit(cache=True, nogil=True)
def mark_still(t_ms, place, speed_kmh, acc, odometer_m, rules, keep, stops, anchors):  # type: ignore[no-untyped-def]
    """Code STILL for all but the first row of each stop, with hysteresis.

    Args:
        rules: (enter radius m, leave radius m, seconds inside the radius, infinite without times; slow km/h; fast km/h;
            odometer gain m; seconds for which places beyond are not believed, fewer than those inside, while the ignition is
            off and the speed slow).
        stops, anchors: (n, 2) int64 and float64, filled with first and last row, and with the mean longitude and latitude.
    Returns:
        Number of stops.
    """
    found, before, first, last, count = 0, -1, -1, -1, 0
    still, beyond, tail = False, False, 0
    x, y, base = 0.0, 0.0, np.nan
    for i in range(t_ms.size):
        if keep[i] == DUPLICATE:
            continue
        if math.isnan(base) or odometer_m[i] < base:
            base = odometer_m[i]
        gained = odometer_m[i] - base >= rules[5]
        if still and gained:
            found, still, first = _leave(first, last, x, y, keep, stops, anchors, found), False, -1
        if keep[i] != KEPT:
            continue
        fast = speed_kmh[i] >= rules[4]
        lon, lat = place[i, 0], place[i, 1]
        away = math.sqrt(((lon - x) * place[i, 2]) ** 2 + ((lat - y) * place[i, 3]) ** 2) if first >= 0 else np.inf
        if still:
            out = away > rules[1]
            asleep = acc[i] == 0 and speed_kmh[i] <= rules[3] and t_ms[i] - t_ms[last] <= rules[6] * 1000.0 and tail < count
            if not (out and (fast or beyond)) or asleep:
                if not out and not fast:
                    last, count, tail = i, count + 1, -1
                    x, y = x + (lon - x) / count, y + (lat - y) / count
                tail += 1
                beyond = out and not asleep
                before = i
                continue
            found, still, first = _leave(first, last, x, y, keep, stops, anchors, found), False, -1
            away = np.inf
        if gained or first < 0 or away > rules[0] * math.sqrt(1.0 + 1.0 / count):
            first, count, x, y, base = i, 0, 0.0, 0.0, odometer_m[i]
        last, count = i, count + 1
        x, y = x + (lon - x) / count, y + (lat - y) / count
        slow = before >= 0 and speed_kmh[i] <= rules[3] and speed_kmh[before] <= rules[3]
        if slow and first > before and keep[before] == KEPT and not gained and apart(place, before, i) <= rules[1]:
            first, count, x, y = before, 2, 0.5 * (lon + place[before, 0]), 0.5 * (lat + place[before, 1])
        still = t_ms[i] - t_ms[first] >= rules[2] * 1000.0 or (acc[i] == 0 and not fast) or (slow and first <= before)
        beyond, tail = False, 0
        before = i
    if still:
        found = _leave(first, last, x, y, keep, stops, anchors, found)
    return found


@njit(cache=True, nogil=True)
def _leave(first, last, x, y, keep, stops, anchors, found):  # type: ignore[no-untyped-def]
    """Write one stop down; returns the number of stops with it."""
    stops[found, 0], stops[found, 1] = first, last
    anchors[found, 0], anchors[found, 1] = x, y
    for i in range(first + 1, last + 1):
        if keep[i] == KEPT:
            keep[i] = STILL
    return found + 1


@njit(cache=True, nogil=True)
def mark_thinned(t_ms, place, speed_kmh, heading_deg, sigma_m, stop, rules, keep):  # type: ignore[no-untyped-def]
    """Code THINNED for fixes that say nothing new since the last kept one; a stop's row, the last row and the ends of a
    silence always say something.

    Args:
        place: with the anchors in the rows of stops; sigma_m: (n,); stop: (n,) bool, the row stands for a stop.
        rules: (spacing in sigmas, degrees turned, at least at km/h, seconds, infinite without times).
    """
    before, waiting = -1, -1
    for i in range(t_ms.size):
        if keep[i] != KEPT:
            continue
        if waiting >= 0 and t_ms[i] - t_ms[waiting] > rules[3] * 1000.0:
            keep[waiting] = KEPT
            before = waiting
        waiting = -1
        new = before < 0 or stop[i] or apart(place, before, i) >= rules[0] * sigma_m[i]
        if not new and speed_kmh[i] >= rules[2]:
            turned = abs((heading_deg[i] - heading_deg[before] + 180.0) % 360.0 - 180.0)
            new = turned >= rules[1]
        if new or t_ms[i] - t_ms[before] >= rules[3] * 1000.0:
            before = i
        else:
            keep[i] = THINNED
            waiting = i
    if waiting >= 0:
        keep[waiting] = KEPT
