"""IGNITION: the vehicle drives with its ignition said to be off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from domain.position import Flag
from tracking.plausibility.model import DayRows, check


@check("IGNITION", version=1, action="review", source="ours", defaults={"kmh": 20, "share": 0.05, "least_s": 600})
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """Of the time on the move more than `share` with the engine off and above `kmh`, by speed and by distance."""
    moving = day.moving()
    seconds = float(day.leg_s[moving].sum())
    if seconds < p["least_s"]:
        return None
    said = (day.rows["flags"] & Flag.NO_STATUS) == 0
    off = said & ((day.rows["status_bits"] & 1) == 0) & (day.speed_kmh > p["kmh"])
    derived = day.leg_m / np.maximum(day.leg_s, 1e-3) * 3.6
    without = moving & off[:-1] & off[1:] & (derived > p["kmh"] / 2)
    share = float(day.leg_s[without].sum()) / seconds
    return (share, {"seconds": float(day.leg_s[without].sum()), "moving_s": seconds}) if share > p["share"] else None
