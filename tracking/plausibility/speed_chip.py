"""SPEED_CHIP: a device between sensor and recorder makes the reported speed smaller than the driven one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracking.plausibility.model import DayRows, check


@check("SPEED_CHIP", version=1, action="review", source="trade source: 6 km/h; the rest ours", defaults={"less_kmh": 6, "least_s": 1200})
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """On steady legs the mean of distance over time is `less_kmh` or more above the mean of what was reported, for `least_s` or longer."""
    speed = day.speed_kmh
    derived = day.leg_m / np.maximum(day.leg_s, 1e-3) * 3.6
    steady = day.moving(20) & (np.abs(speed[1:] - speed[:-1]) <= 10) & (derived <= 160)
    seconds = float(day.leg_s[steady].sum())
    if seconds < p["least_s"]:
        return None
    weights = day.leg_s[steady]
    driven = float(np.average(derived[steady], weights=weights))
    said = float(np.average((speed[1:] + speed[:-1])[steady] / 2, weights=weights))
    less = driven - said
    return (less, {"driven_kmh": driven, "reported_kmh": said, "seconds": seconds}) if less >= p["less_kmh"] else None
