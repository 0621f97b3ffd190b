"""ODO_ROLLBACK: the odometer runs backwards, or further than a vehicle can drive in a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from domain.position import ABSENT
from tracking.plausibility.model import DayRows, check


@check(
    "ODO_ROLLBACK",
    version=1,
    action="hold",
    source="ours",
    defaults={"back_m": 1000, "stays_s": 300, "stays": 5, "day_m": 800_000, "fast_mps": 60},
)
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """It goes back by `back_m` or more and stays there: at least `stays` readings and `stays_s` seconds before and after say so. Or it gains more than
    `day_m` in steps that a vehicle can drive. Wrong readings, also at either end or a few in a row, are slips."""
    read = day.rows["odometer_m"].astype(np.int64)
    known = np.flatnonzero(read != ABSENT)
    value, t_s = read[known], day.rows["t_ms"][known] / 1000
    for at in np.flatnonzero(value[:-1] - value[1:] >= p["back_m"]) + 1:
        before, after = value[:at][t_s[:at] >= t_s[at - 1] - p["stays_s"]], value[at:][t_s[at:] <= t_s[at] + p["stays_s"]]
        long = t_s[at - 1] - t_s[0] >= p["stays_s"] and t_s[-1] - t_s[at] >= p["stays_s"]
        back = float(np.median(before) - after.max()) if long and min(before.size, after.size) >= p["stays"] else 0.0
        if back >= p["back_m"] and np.median(value[at:]) - value[at] < p["day_m"] and before.min() > after.max():
            return back, {"from_m": int(value[at - 1]), "to_m": int(value[at]), "t_ms": int(day.rows["t_ms"][known[at]])}
    steps = np.diff(value)
    real = (steps >= 0) & (steps <= np.diff(t_s) * p["fast_mps"] + p["back_m"])
    gained = float(steps[real].sum())
    return (gained, {"from_m": int(value[0]), "to_m": int(value[-1])}) if gained > p["day_m"] else None
