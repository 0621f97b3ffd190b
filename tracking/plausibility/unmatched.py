"""UNMATCHED: much of the way lies off every road known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracking.plausibility.model import DayRows, check


@check("UNMATCHED", version=1, action="review", source="ours", defaults={"share": 0.1, "least_m": 5000})
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """More than `share` of the kilometres are off the road; nothing is said of a day that was not matched or is shorter than `least_m`."""
    if not day.driven_m >= p["least_m"]:
        return None
    share = day.off_road_m / day.driven_m
    return (share, {"off_road_m": day.off_road_m, "driven_m": day.driven_m}) if share > p["share"] else None
