"""Cleaning: what each fix of a track is good for. Nothing is deleted; every row gets a code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.kernels import spells
from tracking.kernels.cleaning import RULE_NAMES, RULES, clean_rows, rising, thin_rows

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
    spacing_sigmas: float = 3.0
    turned_deg: float = 30.0
    turned_kmh: float = 10.0
    spacing_s: float = 30.0


_DEFAULT = CleaningParameters()


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
        if not len(self.stops):
            return track.lon_deg, track.lat_deg
        lon, lat = track.lon_deg.copy(), track.lat_deg.copy()
        lon[self.stops["represent"]] = self.stops["anchor_lon_deg"]
        lat[self.stops["represent"]] = self.stops["anchor_lat_deg"]
        return lon, lat


def time_order(track: Track) -> NDArray[np.int64]:
    """int64[n] rows by time, stable; of equal times the located one, the one with more satellites, the first received leads."""
    if not track.timed or rising(track.t_ms):
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
    order = time_order(track)
    given = track if rising(order) else track.rows(order)
    n = len(track)
    keep, stops, anchors = np.empty(n, np.uint8), np.empty((n, 2), np.int64), np.empty((n, 2))
    columns = (
        given.t_ms, given.lon_deg, given.lat_deg, given.located, _finite(given.speed_kmh), given.acc, _finite(given.odometer_m)
    )  # fmt: skip
    found = clean_rows(columns, _rules(parameters or _DEFAULT), float(sigma_m), track.timed, keep, stops, anchors)
    codes = keep
    if given is not track:
        codes = np.empty(n, np.uint8)
        codes[order] = keep
    return Cleaned(order, codes, _stops(given.t_ms, order, stops[:found], anchors[:found]))


def thin(track: Track, cleaned: Cleaned, sigma_m: float | Floats, parameters: CleaningParameters | None = None) -> NDArray[np.uint8]:
    """uint8[n] of `Keep` in the track's row order: the codes of `clean`, and `Keep.THINNED` for dense fixes.

    Args:
        sigma_m: noise, metres: one figure, or float64[n] in the track's row order.
    """
    codes = cleaned.keep.copy()
    sigma = np.full(codes.size, sigma_m) if isinstance(sigma_m, float) else np.asarray(sigma_m, np.float64)
    columns = (track.t_ms, *cleaned.places(track), track.speed_kmh, track.heading_deg)
    thin_rows(columns, cleaned.stops["represent"], _rules(parameters or _DEFAULT), sigma, track.timed, cleaned.order, codes)
    return codes


@lru_cache(maxsize=64)
def _rules(p: CleaningParameters) -> NDArray[Any]:
    """(1,) `RULES` of the parameters."""
    said: dict[str, float] = {name: getattr(p, name) for name in RULE_NAMES if hasattr(p, name)}
    said |= dict(zip(("west", "south", "east", "north"), p.bounds, strict=True))
    said |= {"drift_mps": p.drift_kmh / 3.6, "jitter_ms": p.jitter_s * 1000.0, "needle_rad": math.radians(p.needle_deg)}
    return np.array([tuple(said[name] for name in RULE_NAMES)], RULES)


def _finite(column: NDArray[Any]) -> NDArray[Any]:
    """The column with NaN for what is infinite."""
    endless = np.isinf(column)
    return np.where(endless, np.asarray(np.nan, column.dtype), column) if endless.any() else column


def _stops(t_ms: NDArray[np.int64], order: NDArray[np.int64], rows: NDArray[np.int64], anchors: Floats) -> NDArray[Any]:
    stops = np.zeros(len(rows), STOP)
    if not len(rows):
        return stops
    stops["first_fix"], stops["last_fix"] = order[rows[:, 0]], order[rows[:, 1]]
    stops["represent"] = stops["first_fix"]
    stops["anchor_lon_deg"], stops["anchor_lat_deg"] = anchors[:, 0], anchors[:, 1]
    stops["from_ms"], stops["to_ms"] = t_ms[rows[:, 0]], t_ms[rows[:, 1]]
    return stops
