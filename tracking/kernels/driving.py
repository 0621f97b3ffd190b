"""Time at the wheel: spells of driving between rests, by day and by night. Twins: `tests/tracking/naive_driving.py`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.clock import inside_hours, next_edge, window_day
from tracking.kernels.edges import CLOSE, EXTEND, OPEN, PARTIAL, put

DRIVEN, STOOD, UNKNOWN = 1, 2, 3
"""What a vehicle did between two fixes. UNKNOWN neither counts nor rests: the spell goes on and its episode is PARTIAL."""

NIGHT_PART, WHOLE_SPELL = 0, 1
"""`night_counts`: at night the driving of this night is held against the night's limit, or the whole spell."""

DRIVING_LIMITS = np.dtype(
    [
        ("spell_ms", "<i8"), ("night_ms", "<i8"), ("rest_ms", "<i8"), ("gap_ms", "<i8"), ("silence_ms", "<i8"), ("extend_ms", "<i8"),
        ("night_from_ms", "<i8"), ("night_to_ms", "<i8"), ("moving_kmh", "<f8"), ("gap_kmh", "<f8"), ("rest_m", "<f8"), ("drift_m", "<f8"),
        ("night_counts", "u1"), ("short_stops", "?"), ("severity", "u1"), ("judged", "?"),
    ],
    align=True,
)  # fmt: skip
"""Thresholds of one vehicle: driving longer than spell_ms, or at night longer than night_ms (`FAR` where there is no such limit)
without a stop of rest_ms; a gap longer than gap_ms is judged by its ends; after silence_ms nothing is said any more; short_stops:
stops shorter than a rest count as driving."""

FAR = 1 << 60
"""A limit that nothing reaches."""

DRIVING_STATE = np.dtype(
    [
        ("since_ms", "<i8"), ("spell_ms", "<i8"), ("last_ms", "<i8"), ("stood_ms", "<i8"), ("wheel_ms", "<i8"), ("driven_ms", "<i8"), ("night_ms", "<i8"),
        ("beyond_ms", "<i8"), ("told_ms", "<i8"), ("peak_ms", "<i8"), ("driver", "<i4"), ("night_day", "<i4"),
        ("last_lon", "<i4"), ("last_lat", "<i4"), ("still_lon", "<i4"), ("still_lat", "<i4"), ("lon_e6", "<i4"), ("lat_e6", "<i4"),
        ("seen", "u1"), ("moving", "u1"), ("off", "u1"), ("quality", "u1"),
    ],
    align=True,
)  # fmt: skip
"""What is remembered of a vehicle. since_ms: when the open episode began, spell_ms: when the spell began, 0 none; stood_ms: since when it stands, 0 it does not;
wheel_ms: the last instant of driving; driven_ms: of the spell; night_ms: of the night of night_day; beyond_ms: since the episode opened."""

_EARTH_M, _RADIAN = 6_371_008.8, math.pi / 180e6


@njit(cache=True, nogil=True)
def metres(lon_a, lat_a, lon_b, lat_b):  # type: ignore[no-untyped-def]
    """Distance of two near places, 1e-6 degree, on the mean sphere, equirectangular."""
    across = (lon_b - lon_a) * _RADIAN * math.cos((lat_a + lat_b) * 0.5 * _RADIAN)
    return _EARTH_M * math.hypot(across, (lat_b - lat_a) * _RADIAN)


@njit(cache=True, nogil=True)
def _tell(state, rules, edges, count, slot, kind, t_ms):  # type: ignore[no-untyped-def]
    """An edge of the open episode; how many edges there are now."""
    row = put(edges, count, slot, kind, state.since_ms, t_ms, (state.lon_e6, state.lat_e6))
    row.peak, row.amount = state.peak_ms / 1000.0, state.beyond_ms / 1000.0
    row.severity, row.quality = rules.severity, state.quality
    state.told_ms = t_ms
    return count + 1


@njit(cache=True, nogil=True)
def _end_episode(state, rules, edges, count, slot):  # type: ignore[no-untyped-def]
    """Close what is open, at the last instant of driving; how many edges there are now."""
    if state.since_ms:
        count = _tell(state, rules, edges, count, slot, CLOSE, state.wheel_ms)
        state.since_ms, state.beyond_ms, state.peak_ms = 0, 0, 0
    return count


@njit(cache=True, nogil=True)
def _end_spell(state, rules, edges, count, slot):  # type: ignore[no-untyped-def]
    """A rest, another driver, or too long a silence; how many edges there are now."""
    count = _end_episode(state, rules, edges, count, slot)
    state.spell_ms, state.driven_ms, state.night_ms, state.quality, state.driver = 0, 0, 0, 0, 0
    return count


@njit(cache=True, nogil=True)
def _counted(state, rules, night):  # type: ignore[no-untyped-def]
    """(driving that the night's limit is held against; milliseconds until either limit is passed, FAR when neither can be)."""
    of_night = state.driven_ms if rules.night_counts == WHOLE_SPELL else state.night_ms
    left = rules.spell_ms - state.driven_ms
    if night:
        left = min(left, rules.night_ms - of_night)
    return of_night, left


@njit(cache=True, nogil=True)
def _drive(state, rules, edges, count, slot, begin_ms, end_ms):  # type: ignore[no-untyped-def]
    """The vehicle was driven from one instant to another; how many edges there are now."""
    while begin_ms < end_ms:
        upto = min(end_ms, next_edge(begin_ms, rules.night_from_ms, rules.night_to_ms))
        night = inside_hours(begin_ms, rules.night_from_ms, rules.night_to_ms)
        if night:
            this_night = window_day(begin_ms, rules.night_from_ms, rules.night_to_ms)
            if this_night != state.night_day:
                state.night_day, state.night_ms = this_night, 0
        of_night, left = _counted(state, rules, night)
        length = upto - begin_ms
        if state.since_ms and left >= 0:
            count = _end_episode(state, rules, edges, count, slot)
        if not state.since_ms and rules.judged and left < length:
            state.since_ms = begin_ms + max(left + 1, 0)
            state.lon_e6, state.lat_e6 = state.last_lon, state.last_lat
            state.wheel_ms = state.since_ms
            count = _tell(state, rules, edges, count, slot, OPEN, state.since_ms)
        state.spell_ms = state.spell_ms if state.spell_ms else begin_ms
        state.driven_ms += length
        state.night_ms += length if night else 0
        if state.since_ms:
            state.beyond_ms += upto - max(begin_ms, state.since_ms)
            state.peak_ms = max(state.peak_ms, state.driven_ms if rules.spell_ms < FAR else of_night + length)
        state.wheel_ms = upto
        begin_ms = upto
    return count


@njit(cache=True, nogil=True)
def _mean_kmh(state, t_ms, lon_e6, lat_e6):  # type: ignore[no-untyped-def]
    """Mean speed since the last fix."""
    return metres(state.last_lon, state.last_lat, lon_e6, lat_e6) / (t_ms - state.last_ms) * 3600.0


@njit(cache=True, nogil=True)
def leg(state, rules, t_ms, lon_e6, lat_e6, acc):  # type: ignore[no-untyped-def]
    """What the vehicle did since its last fix."""
    if t_ms - state.last_ms <= rules.gap_ms:
        return DRIVEN if state.moving else STOOD
    if not state.moving and acc == 0 and state.off and metres(state.still_lon, state.still_lat, lon_e6, lat_e6) <= rules.drift_m:
        return STOOD
    if _mean_kmh(state, t_ms, lon_e6, lat_e6) >= rules.gap_kmh:
        return DRIVEN
    return STOOD if metres(state.last_lon, state.last_lat, lon_e6, lat_e6) <= rules.rest_m else UNKNOWN


@njit(cache=True, nogil=True)
def _pass_leg(state, rules, edges, count, slot, t_ms, did):  # type: ignore[no-untyped-def]
    """Count a leg; how many edges there are now."""
    if did == STOOD:
        if state.stood_ms == 0:
            state.stood_ms = state.last_ms
        if t_ms - state.stood_ms >= rules.rest_ms:
            return _end_spell(state, rules, edges, count, slot)
        return count
    if did == UNKNOWN:
        state.stood_ms = 0
        if state.spell_ms:
            state.quality = PARTIAL
        return count
    begin = state.last_ms
    if rules.short_stops and state.spell_ms and state.stood_ms:
        begin = state.wheel_ms
    state.stood_ms = 0
    return _drive(state, rules, edges, count, slot, begin, t_ms)


@njit(cache=True, nogil=True)
def place_fix(state, rules, t_ms, lon_e6, lat_e6, speed, acc):  # type: ignore[no-untyped-def]
    """Remember a fix, and whether the vehicle moves at it: by its speed (unknown: by the leg before), not by drift about the place where the
    engine went off or where it stopped since."""
    if math.isnan(speed) and state.seen:
        speed = _mean_kmh(state, t_ms, lon_e6, lat_e6)
    if not state.seen or (acc == 0 and not state.off):
        state.still_lon, state.still_lat = lon_e6, lat_e6
    drifts = acc == 0 and metres(state.still_lon, state.still_lat, lon_e6, lat_e6) <= rules.drift_m
    moving = speed >= rules.moving_kmh and not drifts
    if state.moving and not moving:
        state.still_lon, state.still_lat = lon_e6, lat_e6
    state.off = acc == 0
    state.last_ms, state.last_lon, state.last_lat, state.seen, state.moving = t_ms, lon_e6, lat_e6, 1, moving


@njit(cache=True, nogil=True)
def wheel_time(start, t_ms, place, speed_kmh, acc, driver, limits, day_ms, states, until_ms, edges):  # type: ignore[no-untyped-def]
    """Judge the fixes of many vehicles; how many `EDGE` rows were filled.

    Args:
        start: (V + 1,) rows of each vehicle; t_ms (n,) rising within one; place (n, 2) int32 1e-6 degree; speed_kmh (n,) float32,
            NaN unknown; acc (n,) int8 1 on, 0 off, -1 unknown; driver (n,) int32 of the card that is in, 0 none.
        limits: (V, 2) `DRIVING_LIMITS`: of this day, and of the day on which what is open began.
        day_ms: first instant of the day that all fixes lie on.
        states: (V,) `DRIVING_STATE`, written; until_ms (V,): nothing older will come.
    """
    count = 0
    for v in range(start.size - 1):
        state = states[v]
        for i in range(start[v], start[v + 1]):
            rules = limits[v, 1 if 0 < state.since_ms < day_ms else 0]
            if state.seen and t_ms[i] - state.last_ms > rules.silence_ms:
                count = _end_spell(state, rules, edges, count, v)
                state.seen, state.moving, state.stood_ms = 0, 0, 0
            if state.seen:
                did = leg(state, rules, t_ms[i], place[i, 0], place[i, 1], acc[i])
                count = _pass_leg(state, rules, edges, count, v, t_ms[i], did)
            place_fix(state, rules, t_ms[i], place[i, 0], place[i, 1], speed_kmh[i], acc[i])
            if driver[i] != 0:
                if state.driver != 0 and state.driver != driver[i]:
                    count = _end_spell(state, rules, edges, count, v)
                state.driver = driver[i]
        rules = limits[v, 1 if 0 < state.since_ms < day_ms else 0]
        if state.seen and until_ms[v] - state.last_ms > rules.silence_ms:
            count = _end_spell(state, rules, edges, count, v)
            state.seen, state.moving, state.stood_ms = 0, 0, 0
        if state.since_ms and state.wheel_ms - state.told_ms >= rules.extend_ms:
            count = _tell(state, rules, edges, count, v, EXTEND, state.wheel_ms)
    return count
