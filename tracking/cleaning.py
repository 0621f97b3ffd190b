"""Cleaning: what each fix of a track is good for. Nothing is deleted; every row gets a code."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.kernels import drift, spells

Floats = NDArray[np.float64]


class Keep(IntEnum):
    """What became of a fix."""

    KEPT = spells.KEPT
    STILL = spells.STILL
    THINNED = spells.THINNED
    DUPLICATE = spells.DUPLICATE
    INVALID = spells.INVALID
    FROZEN = spells.FROZEN
    DRIFT = spells.DRIFT


STOP = np.dtype(
    [
        ("first_fix", "<i8"),
        ("last_fix", "<i8"),
        ("represent", "<i8"),
        ("anchor_lon_deg", "<f8"),
        ("anchor_lat_deg", "<f8"),
        ("from_ms", "<i8"),
        ("to_ms", "<i8"),
    ]
)
"""One stop: rows of the track that it begins and ends with, the one row that stands for it (kept, the others are `Keep.STILL`),
its mean place in degrees WGS-84, and its time, epoch ms, both ends fixes of the stop."""


@dataclass(frozen=True, slots=True)
class CleaningParameters:
    """Thresholds of cleaning; defaults by the design note, except those marked ours.

    bounds: (west, south, east, north) degrees; fixes outside are invalid. surge_mps2: what a vehicle gains and loses between
    two reported speeds, at most (ours); trust_s: the longest step that reported speeds say something about, and drift_sigmas the noise
    allowed for then (ours);
    distrust_share: reported speeds that contradict more of the steps than this are left out of account (ours);
    excursion_s: the longest run of fixes that is drift because it leaves and returns by jumps, and asleep_s the longest time for
    which places away from a stop are not believed while the ignition is off (ours);
    jitter_s: fixes at most so far apart show their noise by their scatter.
    """

    bounds: tuple[float, float, float, float] = (-180.0, -90.0, 180.0, 90.0)
    frozen_fixes: int = 3
    frozen_kmh: float = 10.0
    odometer_gain_m: float = 200.0
    drift_kmh: float = 160.0
    agree_fixes: int = 3
    surge_mps2: float = 1.2
    trust_s: float = 30.0
    drift_sigmas: float = 8.0
    distrust_share: float = 0.1
    excursion_s: float = 180.0
    asleep_s: float = 600.0
    jitter_s: float = 3.0
    needle_deg: float = 20.0
    needle_sigmas: float = 5.0
    needle_s: float = 60.0
    still_s: float = 60.0
    still_m: float = 15.0
    still_sigmas: float = 3.0
    slow_kmh: float = 1.0
    leave_m: float = 30.0
    leave_sigmas: float = 5.0
    leave_kmh: float = 8.0
    spacing_sigmas: float = 2.5
    turned_deg: float = 30.0
    turned_kmh: float = 10.0
    spacing_s: float = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """What cleaning found in a track of n fixes.

    order: int64[n], rows of the track in time order, stable; keep: uint8[n] of `Keep`, in the track's row order;
    stops: (k,) `STOP` in time order.
    """

    order: NDArray[np.int64]
    keep: NDArray[np.uint8]
    stops: NDArray[Any]

    def places(self, track: Track) -> tuple[Floats, Floats]:
        """(lon, lat) in the track's row order, with the anchor of each stop in the row that stands for it."""
        lon, lat = track.lon_deg.copy(), track.lat_deg.copy()
        lon[self.stops["represent"]] = self.stops["anchor_lon_deg"]
        lat[self.stops["represent"]] = self.stops["anchor_lat_deg"]
        return lon, lat


def time_order(track: Track) -> NDArray[np.int64]:
    """int64[n] rows by time, stable; of equal times the located one, the one with more satellites, the first received leads."""
    if not track.timed or bool((np.diff(track.t_ms) > 0).all()):
        return np.arange(len(track), dtype=np.int64)
    satellites = np.nan_to_num(track.satellites, nan=-1.0)
    return np.lexsort((track.received_ms, -satellites, ~track.located, track.t_ms)).astype(np.int64)


def clean(track: Track, parameters: CleaningParameters | None = None, sigma_m: float = 6.0) -> Cleaned:
    """Codes and stops of a track.

    Args:
        track: in any order; columns of NaN (speed, heading) and unknown ignition switch their terms off, no times all of time.
        parameters: thresholds.
        sigma_m: noise of the fixes, 1 sigma an axis, metres; dense fixes that scatter more say so themselves.
    """
    p = parameters or CleaningParameters()
    order = time_order(track)
    given = track if bool((order[1:] > order[:-1]).all()) else track.rows(order)
    if np.isinf(given.odometer_m).any() or np.isinf(given.speed_kmh).any():
        given = replace(given, odometer_m=_finite(given.odometer_m), speed_kmh=_finite(given.speed_kmh))
    place = spells.places(given.lon_deg, given.lat_deg)
    n = len(track)
    keep = np.empty(n, np.uint8)
    spells.mark_invalid(given.t_ms, place, given.located, np.array(p.bounds), track.timed, keep)
    believed = False
    if track.timed:
        spells.mark_frozen(place, given.speed_kmh, given.odometer_m, p.frozen_kmh, p.odometer_gain_m, p.frozen_fixes, keep)
        sigma_m = max(sigma_m, _jitter_m(given, place, p, keep))
        believed = _mark_drift(given, place, p, sigma_m, keep)
    stops, anchors = np.empty((n, 2), np.int64), np.empty((n, 2))
    still_s = p.still_s if track.timed else math.inf
    radii = max(p.still_m, p.still_sigmas * sigma_m), max(p.leave_m, p.leave_sigmas * sigma_m)
    rules = np.array([*radii, still_s, p.slow_kmh, p.leave_kmh, p.odometer_gain_m, p.asleep_s if believed else 0.0])
    found = spells.mark_still(given.t_ms, place, given.speed_kmh, given.acc, given.odometer_m, rules, keep, stops, anchors)
    codes = np.empty(n, np.uint8)
    codes[order] = keep
    return Cleaned(order, codes, _stops(given.t_ms, order, stops[:found], anchors[:found]))


def thin(track: Track, cleaned: Cleaned, sigma_m: float | Floats, parameters: CleaningParameters | None = None) -> NDArray[np.uint8]:
    """uint8[n] of `Keep` in the track's row order: the codes of `clean`, and `Keep.THINNED` for dense fixes.

    Args:
        sigma_m: noise, metres: one figure, or float64[n] in the track's row order.
    """
    p = parameters or CleaningParameters()
    order = cleaned.order
    lon, lat = cleaned.places(track)
    stop = np.zeros(len(track), bool)
    stop[cleaned.stops["represent"]] = True
    sigma = np.broadcast_to(np.asarray(sigma_m, np.float64), order.shape)
    keep = cleaned.keep[order]
    rules = np.array([p.spacing_sigmas, p.turned_deg, p.turned_kmh, p.spacing_s if track.timed else math.inf])
    place = spells.places(lon[order], lat[order])
    speed, heading = track.speed_kmh[order], track.heading_deg[order]
    spells.mark_thinned(track.t_ms[order], place, speed, heading, sigma[order], stop[order], rules, keep)
    codes = np.empty(order.size, np.uint8)
    codes[order] = keep
    return codes


def _mark_drift(given: Track, place: Floats, p: CleaningParameters, sigma_m: float, keep: NDArray[np.uint8]) -> bool:
    """Reported speeds judge steps too, unless they contradict too many of them; returns whether they do."""
    t_ms, speed = given.t_ms, given.speed_kmh
    limits = np.array([p.drift_kmh / 3.6, 4.0 * sigma_m, p.surge_mps2, p.trust_s, p.drift_sigmas * sigma_m])
    judged, wrong = drift.speed_faults(t_ms, place, speed, limits, keep)
    if wrong > p.distrust_share * judged or judged == 0:
        limits[2] = 0.0
    drift.mark_drift(t_ms, place, speed, limits, p.agree_fixes, p.excursion_s, keep)
    drift.mark_needles(t_ms, place, speed, limits, math.radians(p.needle_deg), p.needle_sigmas * sigma_m, p.needle_s, keep)
    return bool(limits[2] > 0.0)


def _finite(column: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.isinf(column), np.asarray(np.nan, column.dtype), column)


def _jitter_m(given: Track, place: Floats, p: CleaningParameters, keep: NDArray[np.uint8]) -> float:
    """Noise of dense fixes, one sigma an axis, metres, from their second differences; 0 where there are too few."""
    squares = spells.bends(given.t_ms, place, p.jitter_s * 1000.0, max(keep.size // 2_000, 1), keep)
    return math.sqrt(float(np.median(squares)) / (12.0 * math.log(2.0))) if squares.size >= 30 else 0.0


def _stops(t_ms: NDArray[np.int64], order: NDArray[np.int64], rows: NDArray[np.int64], anchors: Floats) -> NDArray[Any]:
    stops = np.zeros(len(rows), STOP)
    stops["first_fix"], stops["last_fix"] = order[rows[:, 0]], order[rows[:, 1]]
    stops["represent"] = stops["first_fix"]
    stops["anchor_lon_deg"], stops["anchor_lat_deg"] = anchors[:, 0], anchors[:, 1]
    stops["from_ms"], stops["to_ms"] = t_ms[rows[:, 0]], t_ms[rows[:, 1]]
    return stops
