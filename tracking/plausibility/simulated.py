"""SIMULATED: a program, not a receiver, made the track."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from domain.position import ABSENT
from tracking.plausibility.model import DayRows, check


@check(
    "SIMULATED", version=1, action="review", source="ours",
    defaults={"signs": 3, "least_fixes": 200, "residual_kmh": 0.1, "offset_m": 0.5, "stop_s": 300},
)  # fmt: skip
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """Three of five: speeds that fit the distances too well, satellites and altitude that never change on the way, points exactly on roads,
    no noise at stops, a reporting interval without one loss."""
    moving = day.moving(10)
    if moving.sum() < p["least_fixes"]:
        return None
    speed = day.speed_kmh
    derived = day.leg_m / np.maximum(day.leg_s, 1e-3) * 3.6
    steady = moving & (np.abs(speed[1:] - speed[:-1]) < 1)
    residual = float(np.std((derived - (speed[1:] + speed[:-1]) / 2)[steady])) if steady.sum() >= 50 else np.inf
    rows = day.rows[1:][moving]
    satellites = np.unique(rows["satellites"])
    offsets = np.abs(day.offset_m[1:][moving])
    offset = float(np.nanmedian(offsets)) if np.isfinite(offsets).any() else np.inf
    signs = {
        "speed_fits": residual < p["residual_kmh"],
        "sky_constant": satellites.size == 1 and satellites[0] != ABSENT and np.unique(rows["altitude_m"]).size == 1,
        "on_roads": offset < p["offset_m"],
        "stops_still": _still(day, p["stop_s"]),
        "no_loss": bool(np.unique(day.leg_s).size == 1),
    }
    count = sum(bool(sign) for sign in signs.values())
    facts = {"signs": [name for name, sign in signs.items() if sign], "residual_kmh": None if np.isinf(residual) else residual}
    return (float(count), facts) if count >= p["signs"] else None


def _still(day: DayRows, stop_s: float) -> bool:
    """True when the vehicle stood for long, and every fix of a stop is the same place to 1e-6 degree though the engine ran."""
    standing = (day.rows["speed_kmh10"] == 0) & ((day.rows["status_bits"] & 1) == 1)
    both = standing[1:] & standing[:-1]
    return bool(day.leg_s[both].sum() >= stop_s and day.leg_m[both].max(initial=0.0) == 0.0)
