"""LATE_BACKFILL: much of the day came more than a day later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracking.plausibility.model import DayRows, check


@check("LATE_BACKFILL", version=1, action="review", source="ours", defaults={"late_s": 86_400, "share": 0.3, "least": 20})
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """More than `share` of its records were received more than `late_s` after their time."""
    if day.late_ms.size < p["least"]:
        return None
    share = float(np.mean(day.late_ms > p["late_s"] * 1000))
    return (share, {"records": int(day.late_ms.size), "latest_s": float(day.late_ms.max()) / 1000}) if share > p["share"] else None
