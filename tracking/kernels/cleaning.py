"""The steps of cleaning over a whole track, one call each. Twins of the steps: `tests/tracking/naive_spells.py`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels import drift, spells

RULE_NAMES = (
    "west", "south", "east", "north", "frozen_fixes", "frozen_kmh", "odometer_gain_m", "drift_mps", "agree_fixes", "surge_mps2",
    "trust_s", "drift_sigmas", "distrust_share", "excursion_s", "asleep_s", "jitter_ms", "needle_rad", "needle_sigmas", "needle_s",
    "still_s", "still_m", "still_sigmas", "slow_kmh", "leave_m", "leave_sigmas", "leave_kmh", "spacing_sigmas", "turned_deg",
    "turned_kmh", "spacing_s",
)  # fmt: skip
RULES = np.dtype([(name, "<f8") for name in RULE_NAMES])
"""`CleaningParameters` as these kernels read them: metres, seconds, m/s or km/h, radians or degrees as the names say."""
_FEW = 30


@njit(cache=True, nogil=True)
def rising(t_ms):  # type: ignore[no-untyped-def]
    """True when every time is later than the one before."""
    for i in range(1, t_ms.size):
        if t_ms[i] <= t_ms[i - 1]:
            return False
    return True


@njit(cache=True, nogil=True)
def _jitter_m(t_ms, place, rules, keep):  # type: ignore[no-untyped-def]
    """Noise of dense fixes, one sigma an axis, metres, from their second differences; 0 where there are too few."""
    squares = spells.bends(t_ms, place, rules.jitter_ms, max(keep.size // 2_000, 1), keep)
    return math.sqrt(np.median(squares) / (12.0 * math.log(2.0))) if squares.size >= _FEW else 0.0


@njit(cache=True, nogil=True)
def _mark_drift(t_ms, place, speed_kmh, rules, sigma_m, keep):  # type: ignore[no-untyped-def]
    """Reported speeds judge steps too, unless they contradict too many of them; returns whether they do."""
    limits = np.array([rules.drift_mps, 4.0 * sigma_m, rules.surge_mps2, rules.trust_s, rules.drift_sigmas * sigma_m])
    judged, wrong = drift.speed_faults(t_ms, place, speed_kmh, limits, keep)
    if wrong > rules.distrust_share * judged or judged == 0:
        limits[2] = 0.0
    drift.mark_drift(t_ms, place, speed_kmh, limits, rules.agree_fixes, rules.excursion_s, keep)
    drift.mark_needles(t_ms, place, speed_kmh, limits, rules.needle_rad, rules.needle_sigmas * sigma_m, rules.needle_s, keep)
    return limits[2] > 0.0


@njit(cache=True, nogil=True)
def clean_rows(columns, table, sigma_m, timed, keep, stops, anchors):  # type: ignore[no-untyped-def]
    """Codes and stops of a track in time order.

    Args:
        columns: (t_ms int64, lon, lat degrees, located bool, speed km/h, ignition int8, odometer m), each (n,); table: (1,)
        `RULES`; sigma_m: noise of the fixes; timed: whether the times mean anything.
        keep: (n,) uint8, stops: (n, 2) int64, anchors: (n, 2) float64, filled as in `spells.mark_still`.
    Returns:
        Number of stops.
    """
    t_ms, lon, lat, located, speed_kmh, acc, odometer_m = columns
    rules = table[0]
    place = spells.places(lon, lat)
    bounds = np.array([rules.west, rules.south, rules.east, rules.north])
    spells.mark_invalid(t_ms, place, located, bounds, timed, keep)
    believed = False
    if timed:
        spells.mark_frozen(place, speed_kmh, odometer_m, rules.frozen_kmh, rules.odometer_gain_m, np.int64(rules.frozen_fixes), keep)
        sigma_m = max(sigma_m, _jitter_m(t_ms, place, rules, keep))
        believed = _mark_drift(t_ms, place, speed_kmh, rules, sigma_m, keep)
    enter_m = max(rules.still_m, rules.still_sigmas * sigma_m)
    leave_m = max(rules.leave_m, rules.leave_sigmas * sigma_m)
    still_s = rules.still_s if timed else math.inf
    asleep_s = rules.asleep_s if believed else 0.0
    still = np.array([enter_m, leave_m, still_s, rules.slow_kmh, rules.leave_kmh, rules.odometer_gain_m, asleep_s])
    return spells.mark_still(t_ms, place, speed_kmh, acc, odometer_m, still, keep, stops, anchors)


@njit(cache=True, nogil=True)
def thin_rows(columns, represent, table, sigma_m, timed, order, codes):  # type: ignore[no-untyped-def]
    """Code THINNED for dense fixes of a track.

    Args:
        columns: (t_ms int64, lon, lat degrees with the anchors of stops, speed km/h, heading degrees), each (n,) by row;
        represent: (k,) rows that stand for stops; table: (1,) `RULES`; sigma_m: (n,) by row; order: (n,) rows in time order.
        codes: (n,) uint8 by row, changed.
    """
    t_ms, lon, lat, speed_kmh, heading_deg = columns
    rules = table[0]
    stop = np.zeros(len(order), np.bool_)
    for row in represent:
        stop[row] = True
    keep = codes[order]
    spacing = np.array([rules.spacing_sigmas, rules.turned_deg, rules.turned_kmh, rules.spacing_s if timed else math.inf])
    place = spells.places(lon[order], lat[order])
    spells.mark_thinned(
        t_ms[order], place, speed_kmh[order], heading_deg[order], sigma_m[order], stop[order], spacing, keep
    )  # fmt: skip
    for i in range(len(order)):
        codes[order[i]] = keep[i]
