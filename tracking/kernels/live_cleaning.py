"""Cleaning as rows come: what a row is good for, from what was seen before it. The day looks again at both sides."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import lean
from tracking.kernels.live_state import LAST, WAITING
from tracking.kernels.spells import DRIFT, FROZEN, INVALID, KEPT, STILL, THINNED

LATE = 7
"""Not newer than a row before it: left to the day."""
CLEANING_NAMES = (
    "west", "south", "east", "north", "frozen_fixes", "frozen_kmh", "odometer_gain_m", "fastest_mps", "slack_m", "agree_fixes",
    "still_m", "leave_m", "still_s", "slow_kmh", "leave_kmh", "asleep_s", "spacing_sigmas", "turned", "turned_mps", "spacing_s",
)  # fmt: skip
CLEANING = np.dtype([(name, "<f8") for name in CLEANING_NAMES])
"""`CleaningParameters` as the kernels read them: metres, seconds, degrees of place, radians turned."""
_FULL = 250


@lean
def _frozen(rec, row, speed, odometer, rules):  # type: ignore[no-untyped-def]
    """True when the receiver repeats a place while the vehicle drives."""
    fast = speed >= rules.frozen_kmh
    if row.lon_e6 != rec.same_lon or row.lat_e6 != rec.same_lat:
        rec.same_lon, rec.same_lat, rec.same_odometer_m = row.lon_e6, row.lat_e6, odometer
        rec.same_fast = 1 if fast else 0
        return False
    rec.same_fast = min(rec.same_fast + 1, _FULL) if fast else 0
    if math.isnan(rec.same_odometer_m) or odometer < rec.same_odometer_m:
        rec.same_odometer_m = odometer
    return rec.same_fast >= rules.frozen_fixes or odometer - rec.same_odometer_m >= rules.odometer_gain_m


@lean
def distance(x, y, to_x, to_y):  # type: ignore[no-untyped-def]
    """Metres between two places of the plane."""
    dx, dy = to_x - x, to_y - y
    return math.sqrt(dx * dx + dy * dy)


@lean
def _reached(x, y, t_ms, from_x, from_y, from_ms, rules):  # type: ignore[no-untyped-def]
    """True when somebody can have driven there."""
    return distance(x, y, from_x, from_y) <= rules.slack_m + max(rules.fastest_mps * (t_ms - from_ms) / 1000.0, 0.0)


@lean
def _drifts(rec, x, y, t_ms, rules):  # type: ignore[no-untyped-def]
    """True for a jump; not once so many fixes agree about the new place."""
    if math.isnan(rec.valid_x) or _reached(x, y, t_ms, rec.valid_x, rec.valid_y, rec.valid_ms, rules):
        rec.drifts = 0
        return False
    again = rec.drifts > 0 and _reached(x, y, t_ms, rec.drift_x, rec.drift_y, rec.drift_ms, rules)
    rec.drifts = rec.drifts + 1 if again else 1
    rec.drift_x, rec.drift_y, rec.drift_ms = x, y, t_ms
    if rec.drifts < rules.agree_fixes:
        return True
    rec.drifts = 0
    return False


@lean
def _stands(rec, x, y, t_ms, speed, asleep, odometer, rules):  # type: ignore[no-untyped-def]
    """True for a fix of a stop; the rules of `spells.mark_still`, row by row, in the plane. asleep: the ignition is off."""
    if math.isnan(rec.still_odometer_m) or odometer < rec.still_odometer_m:
        rec.still_odometer_m = odometer
    gained = odometer - rec.still_odometer_m >= rules.odometer_gain_m
    fast = speed >= rules.leave_kmh
    left = rec.still and gained
    away = distance(x, y, rec.still_x, rec.still_y) if rec.still_fixes > 0 and not left else math.inf
    if rec.still and not left:
        out = away > rules.leave_m
        sleeps = asleep and speed <= rules.slow_kmh and t_ms - rec.inside_ms <= rules.asleep_s * 1000.0 and rec.tail < rec.still_fixes
        if not (out and (fast or rec.beyond)) or sleeps:
            if not out and not fast:
                rec.inside_ms, rec.tail = t_ms, -1
                rec.still_fixes += 1
                rec.still_x += (x - rec.still_x) / rec.still_fixes
                rec.still_y += (y - rec.still_y) / rec.still_fixes
            rec.tail += 1
            rec.beyond = 1 if out and not sleeps else 0
            return True
        left, away = True, math.inf
    rec.still = 0
    if gained or rec.still_fixes == 0 or away > rules.still_m * math.sqrt(1.0 + 1.0 / rec.still_fixes):
        rec.still_ms, rec.still_fixes, rec.still_x, rec.still_y, rec.still_odometer_m = t_ms, 0, 0.0, 0.0, odometer
    rec.still_fixes += 1
    rec.still_x += (x - rec.still_x) / rec.still_fixes
    rec.still_y += (y - rec.still_y) / rec.still_fixes
    near = not left and not gained and distance(x, y, rec.valid_x, rec.valid_y) <= rules.leave_m
    slow = speed <= rules.slow_kmh and rec.slow and near
    if slow and rec.still_fixes == 1:
        rec.still_ms, rec.still_fixes = rec.valid_ms, 2
        rec.still_x, rec.still_y = 0.5 * (x + rec.valid_x), 0.5 * (y + rec.valid_y)
    rec.inside_ms, rec.beyond, rec.tail = t_ms, 0, 0
    if t_ms - rec.still_ms >= rules.still_s * 1000.0 or (asleep and not fast) or slow:
        rec.still = 1
    rec.slow = speed <= rules.slow_kmh
    return rec.still == 1 and rec.still_fixes > 1


@lean
def receive(rec, row, x, y, table):  # type: ignore[no-untyped-def]
    """Code of a row; thinning aside. row: `POSITION`; x, y: plane metres; table: (1,) `CLEANING`."""
    rules = table[0]
    if row.t_ms <= rec.seen_ms:
        return LATE
    rec.seen_ms = row.t_ms
    lon, lat = row.lon_e6 / 1e6, row.lat_e6 / 1e6
    inside = rules.west <= lon <= rules.east and rules.south <= lat <= rules.north
    if row.status_bits & 2 == 0 or not inside or (row.lon_e6 == 0 and row.lat_e6 == 0):
        return INVALID
    speed = row.speed_kmh10 / 10.0 if row.speed_kmh10 >= 0 else np.nan
    odometer = np.float64(row.odometer_m) if row.odometer_m >= 0 else np.nan
    if _frozen(rec, row, speed, odometer, rules):
        return FROZEN
    if _drifts(rec, x, y, row.t_ms, rules):
        return DRIFT
    off = row.status_bits & 1 == 0 and row.flags & 2048 == 0
    stands = _stands(rec, x, y, row.t_ms, speed, off, odometer, rules)
    rec.valid_x, rec.valid_y, rec.valid_ms = x, y, row.t_ms
    return STILL if stands else KEPT


@lean
def says_more(rec, fix, table):  # type: ignore[no-untyped-def]
    """KEPT or THINNED for a fix after the last column; the rules of `spells.mark_thinned`, row by row."""
    rules = table[0]
    if rec.columns == 0:
        return KEPT
    if distance(fix.x, fix.y, rec.fix[LAST, 0], rec.fix[LAST, 1]) >= rules.spacing_sigmas * math.sqrt(rec.gnss2):
        return KEPT
    if fix.speed >= rules.turned_mps:
        turned = abs(fix.heading - rec.fix[LAST, 7]) % (2.0 * math.pi)
        if min(turned, 2.0 * math.pi - turned) >= rules.turned:
            return KEPT
    return KEPT if fix.t - rec.fix[LAST, 4] >= rules.spacing_s else THINNED


@lean
def silent(rec, t, table):  # type: ignore[no-untyped-def]
    """True when the waiting fix is the last before a silence, or the one that a record begins with."""
    return rec.waits == 1 and (rec.columns == 0 or t - rec.fix[WAITING, 4] > table[0].spacing_s)
