"""Days driven over small roads, as rows of positions."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import LOCATED, POSITION
from domain.units import day_bounds
from tests.tracking.small_roads import degrees, roads
from tracking.network.model import RoadNetwork

DAY = date(2026, 1, 5)
BEGIN_S = day_bounds(DAY)[0] // 1000
WIDTH = 12_000.0


def ring(limit_kmh: int | None = None) -> tuple[RoadNetwork, dict[str, int]]:
    """A rectangle of roads, 12 km by 6 km, cut in the middle, with a spur."""
    places = {"a": (0, 0), "b": (WIDTH, 0), "c": (WIDTH, 6_000), "d": (0, 6_000), "m": (6_000, 0), "n": (6_000, 6_000), "s": (6_000, 9_000)}
    return roads(places, ["ambcnda", "mn", "ns"], limit_kmh)  # type: ignore[arg-type]


def drive(
    corners: list[tuple[float, float, float]],
    *,
    start_h: float = 8.0,
    speed_mps: float = 12.0,
    interval_s: int = 10,
    noise_m: float = 5.0,
    odometer: float | None = 1.0,
    ignition: bool = True,
    seed: int = 1,
) -> NDArray[Any]:
    """`POSITION` rows of a drive over (x, y, seconds of standing there) in metres; odometer: its scale, None for none."""
    t, s, x, y = [0.0], [0.0], [corners[0][0]], [corners[0][1]]
    for row, (cx, cy, wait) in enumerate(corners):
        way = float(np.hypot(cx - x[-1], cy - y[-1])) if row else 0.0
        for seconds, metres in ((way / speed_mps, way), (wait, 0.0)):
            if seconds:
                t, s, x, y = [*t, t[-1] + seconds], [*s, s[-1] + metres], [*x, cx], [*y, cy]
    at = np.arange(0.0, t[-1] + 1e-6, interval_s)
    random = np.random.default_rng(seed)
    along = np.interp(at, t, s)
    lon, lat = degrees(np.interp(at, t, x) + random.normal(0, noise_m, at.size), np.interp(at, t, y) + random.normal(0, noise_m, at.size))
    moving = np.interp(at + 0.5, t, s) > along
    rows = np.zeros(at.size, POSITION)
    rows["t_ms"] = (BEGIN_S + start_h * 3600 + at) * 1000
    rows["received_ms"] = rows["t_ms"] + 500
    rows["lon_e6"], rows["lat_e6"] = np.round(lon * 1e6), np.round(lat * 1e6)
    rows["status_bits"] = LOCATED | (moving if not ignition else 1)
    rows["speed_kmh10"] = np.where(moving, round(speed_mps * 36), 0)
    rows["odometer_m"] = -1 if odometer is None else np.floor((50_000_000 + along * odometer) / 100) * 100
    dx, dy = np.gradient(np.interp(at, t, x)), np.gradient(np.interp(at, t, y))
    rows["heading_deg"] = np.round(np.degrees(np.arctan2(dx, dy))) % 360
    rows["satellites"], rows["recorder_kmh10"], rows["fuel_l10"], rows["source"] = 10, -1, -1, 1
    return rows


def laps(count: int) -> list[tuple[float, float, float]]:
    """Times round the ring, 36 km each."""
    return [(0.0, 0.0, 0.0), *[(WIDTH, 0.0, 0.0), (WIDTH, 6_000.0, 0.0), (0.0, 6_000.0, 0.0), (0.0, 0.0, 0.0)] * count]


def shifted(rows: NDArray[Any], which: Any, north_m: float) -> NDArray[Any]:
    """The rows with some of them moved north."""
    out = rows.copy()
    out["lat_e6"][which] += round(north_m / 0.1108)
    return out
