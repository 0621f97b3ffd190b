"""TWO_PLACES: one terminal id speaks from two places at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracking.kernels.driving import metres as _metres
from tracking.plausibility.model import DayRows, check


@check(
    "TWO_PLACES", version=1, action="hold", source="ours",
    defaults={"kmh": 200, "apart_m": 2000, "fixes": 12, "together_s": 300, "returns": 2, "within_s": 600, "gap_s": 90},
)  # fmt: skip
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """Two ways, each driven at a possible speed, that the id leaps between: `returns` leaps to and fro within `within_s`.

    A jump of a bad antenna leads to places that no way joins: a second way needs `fixes` fixes over `together_s`, none more than `gap_s` apart.
    """
    leaps = np.flatnonzero((day.leg_m > p["apart_m"]) & (day.leg_m > p["kmh"] / 3.6 * np.maximum(day.leg_s, 1)))
    if leaps.size < 2 * p["returns"]:
        return None
    times = day.rows["t_ms"][leaps]
    need = int(2 * p["returns"]) - 1
    if not np.any(times[need:] - times[:-need] <= p["within_s"] * 1000):
        return None
    ways = _ways(day, p["kmh"])
    long = [best for way in ways if len(best := _dense(day, way, p["gap_s"])) >= p["fixes"]]
    for one in range(len(long)):
        for other in range(one + 1, len(long)):
            a, b = (day.rows["t_ms"][long[row]] for row in (one, other))
            together_s = (min(a[-1], b[-1]) - max(a[0], b[0])) / 1000
            if together_s >= p["together_s"]:
                first = [day.rows[long[row][0]] for row in (one, other)]
                places = [[int(row["lon_e6"]) / 1e6, int(row["lat_e6"]) / 1e6] for row in first]
                return float(leaps.size), {"leaps": int(leaps.size), "together_s": float(together_s), "places": places}
    return None


def _dense(day: DayRows, way: list[int], gap_s: float) -> list[int]:
    """The longest part of a way without a gap."""
    cuts = np.flatnonzero(np.diff(day.rows["t_ms"][way]) > gap_s * 1000) + 1
    return max((part.tolist() for part in np.split(np.array(way), cuts)), key=len)


def _ways(day: DayRows, kmh: float) -> list[list[int]]:
    """Rows parted into ways: each goes to the nearest way that it can have been reached from at the speed, else it begins one."""
    lon, lat, t_ms = day.rows["lon_e6"], day.rows["lat_e6"], day.rows["t_ms"]
    ways: list[list[int]] = []
    for row in range(len(day.rows)):
        if ways and len(ways) == 1 and row and day.leg_m[row - 1] <= kmh / 3.6 * max(day.leg_s[row - 1], 1):
            ways[0].append(row)
            continue
        last = np.array([way[-1] for way in ways[-8:]], np.int64)
        if last.size:
            metres = np.array([_metres(lon[one], lat[one], lon[row], lat[row]) for one in last])
            near = int(np.argmin(metres))
            if metres[near] <= kmh / 3.6 * max((t_ms[row] - t_ms[last[near]]) / 1000, 1):
                ways[-8:][near].append(row)
                continue
        ways.append([row])
    return ways
