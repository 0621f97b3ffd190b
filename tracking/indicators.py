"""Record and track quality of one vehicle-day, in exact integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import Flag, located
from tracking.legs import geodesics

_SPOILT = Flag.SPEED_RANGE | Flag.HEADING_RANGE
_KMH = 3.6e3
"""km/h of metres a millisecond."""


@dataclass(frozen=True, slots=True)
class QualityParameters:
    """What a qualified record, a complete leg and a drift point are (JT/T 809-2011 4.5.8; the legs and the drift unconfirmed)."""

    west_deg: float = 73.55
    east_deg: float = 135.0 + 5.0 / 60.0
    south_deg: float = 3.85
    north_deg: float = 53.55
    speed_kmh: float = 160.0
    low_m: float = -200.0
    high_m: float = 6_500.0
    future_s: float = 5.0
    complete_gap_s: float = 300.0
    complete_gap_m: float = 2_000.0
    drift_kmh: float = 160.0


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of one vehicle-day: rows stored, qualified rows, drift points, metres of complete legs and of all legs."""

    records: int = 0
    qualified_records: int = 0
    drift_points: int = 0
    complete_m: int = 0
    total_track_m: int = 0


def qualified(rows: NDArray[Any], parameters: QualityParameters) -> NDArray[np.bool_]:
    """(n,) bool: every field of the record is inside its range; the ranges hold their ends."""
    p = parameters
    lon, lat = rows["lon_e6"] / 1e6, rows["lat_e6"] / 1e6
    inside = (lon >= p.west_deg) & (lon <= p.east_deg) & (lat >= p.south_deg) & (lat <= p.north_deg)
    inside &= (rows["speed_kmh10"] >= 0) & (rows["speed_kmh10"] <= p.speed_kmh * 10) & ((rows["flags"] & _SPOILT) == 0)
    inside &= (rows["heading_deg"] >= 0) & (rows["heading_deg"] < 360)
    inside &= (rows["altitude_m"] >= p.low_m) & (rows["altitude_m"] <= p.high_m)
    return np.asarray(inside & located(rows) & (rows["t_ms"] <= rows["received_ms"] + p.future_s * 1000), np.bool_)


def drifting(rows: NDArray[Any], parameters: QualityParameters) -> NDArray[np.bool_]:
    """(n,) bool of rows in time order: outside the ranges, or too fast from both neighbours that have a place."""
    p = parameters
    lon, lat = rows["lon_e6"] / 1e6, rows["lat_e6"] / 1e6
    placed = located(rows)
    out = placed & ~((lon >= p.west_deg) & (lon <= p.east_deg) & (lat >= p.south_deg) & (lat <= p.north_deg))
    good = np.flatnonzero(placed & ~out)
    if good.size > 2:
        fast = geodesics(lon[good], lat[good]) * _KMH > p.drift_kmh * np.diff(rows["t_ms"][good])
        out[good[1:-1]] = fast[:-1] & fast[1:]
    return np.asarray(out, np.bool_)


def quality_of(rows: NDArray[Any], window_ms: tuple[int, int], parameters: QualityParameters | None = None) -> Quality:
    """Quality of the rows of a window.

    Args:
        rows: `POSITION` rows of one vehicle in time order, one a time, with a margin on both sides.
    """
    p = parameters or QualityParameters()
    inside = (rows["t_ms"] >= window_ms[0]) & (rows["t_ms"] < window_ms[1])
    good, drift = qualified(rows, p), drifting(rows, p)
    used = np.flatnonzero(good & ~drift & inside)
    lon, lat = rows["lon_e6"][used] / 1e6, rows["lat_e6"][used] / 1e6
    metres = np.floor(geodesics(lon, lat) * 1000.0 + 0.5).astype(np.int64)
    complete = (np.diff(rows["t_ms"][used]) <= p.complete_gap_s * 1000) & (metres <= p.complete_gap_m * 1000)
    sums = [int(metres[complete].sum()), int(metres.sum())]
    return Quality(
        int(inside.sum()), int((good & inside).sum()), int((drift & inside).sum()), (sums[0] + 500) // 1000, (sums[1] + 500) // 1000
    )
