"""ODO_ROLLBACK: the odometer runs backwards, or further than a vehicle can drive in a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from domain.position import ABSENT
from tracking.plausibility.model import DayRows, check


@check("ODO_ROLLBACK", version=1, action="hold", source="ours", defaults={"back_m": 1000, "day_m": 800_000})
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """It goes back by `back_m` or more and stays there, or gains more than `day_m`. One wrong reading between two right ones is a slip."""
    read = day.rows["odometer_m"].astype(np.int64)
    known = np.flatnonzero(read != ABSENT)
    if known.size < 3:
        return None
    value = read[known]
    slip = np.zeros(value.size, bool)
    slip[1:-1] = (np.abs(value[1:-1] - value[:-2]) >= p["back_m"]) & (np.abs(value[2:] - value[:-2]) < np.abs(value[1:-1] - value[:-2]) / 2)
    value, known = value[~slip], known[~slip]
    back = value[:-1] - value[1:]
    worst = int(np.argmax(back))
    if back[worst] >= p["back_m"]:
        return float(back[worst]), {
            "from_m": int(value[worst]),
            "to_m": int(value[worst + 1]),
            "t_ms": int(day.rows["t_ms"][known[worst + 1]]),
        }
    gained = int(value[-1] - value[0])
    return (float(gained), {"from_m": int(value[0]), "to_m": int(value[-1])}) if gained > p["day_m"] else None
