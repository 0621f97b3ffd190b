"""When a vehicle stood at a place of its way, as well as fixes some seconds apart can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracking.driven_way import DrivenWay

Floats = NDArray[np.float64]

AT_STOP_M = 40.0
"""Standing fixes so near along the way stand at the stop (ours)."""
STANDING_MPS = 1.5
"""A leg slower than this, its noise included, is standing (ours)."""
BRAKE_MPS2, GAIN_MPS2 = 0.9, 0.8
"""What a bus loses and gains at a stop (ours)."""
_FASTEST_S = 120.0
"""Between fixes farther apart nothing is said about braking."""


@dataclass(frozen=True, slots=True, eq=False)
class StopTimes:
    """(k,) arrive_ms and depart_ms int64; nearest_m metres along the way to the nearest fix; gap_s between the fixes around."""

    arrive_ms: NDArray[np.int64]
    depart_ms: NDArray[np.int64]
    nearest_m: Floats
    gap_s: Floats


def stop_times(way: DrivenWay, s_m: Floats) -> StopTimes:
    """Arrival and departure at measures along a way.

    Standing fixes near the place give the time between them; the seconds before the first and after the last of them come
    from the reported speeds (else the speed of the leg) and even braking. Where no fix stands, the vehicle may have
    stood between two fixes: then braking and gaining must leave time over; else the passing time is interpolated.

    Args:
        way: at least two fixes; s_m: (k,) metres along, rising.
    """
    out = np.array([_one(way, float(at)) for at in s_m]).reshape(-1, 4)
    return StopTimes(np.round(out[:, 0]).astype(np.int64), np.round(out[:, 1]).astype(np.int64), out[:, 2], out[:, 3])


def _one(way: DrivenWay, at: float) -> tuple[float, float, float, float]:
    s, t = way.fix_s_m, way.fix_t_ms
    last = s.size - 1
    after = int(np.searchsorted(s, at, side="right"))
    low, high = max(min(after - 1, last - 1), 0), min(max(after, 1), last)
    nearest = float(min(abs(s[low] - at), abs(s[high] - at)))
    gap_s = float(t[high] - t[low]) / 1000.0
    span = _standing(way, at, low, high)
    if span is not None:
        first, final = span
        arrive = float(t[first]) if first == 0 else _before(way, first, float(s[first]))
        depart = float(t[final]) if final == last else _after(way, final, float(s[final]))
        return arrive, depart, min(nearest, float(np.abs(s[[first, final]] - at).min())), gap_s
    if gap_s <= _FASTEST_S and s[low] < at < s[high]:
        arrive, depart = _before(way, high, at, low), _after(way, low, at, high)
        if arrive < depart and arrive < t[high] and depart > t[low]:
            return arrive, depart, nearest, gap_s
    reach = float(s[high] - s[low])
    fraction = min(max((at - float(s[low])) / reach, 0.0), 1.0) if reach > 0 else 0.0
    passed = float(t[low]) + fraction * float(t[high] - t[low])
    return passed, passed, nearest, gap_s


def _standing(way: DrivenWay, at: float, low: int, high: int) -> tuple[int, int] | None:
    """First and last fix of the standing nearest to a place, None when no fix stands there."""
    best, found = AT_STOP_M, None
    row = low
    while row >= 0 and at - way.fix_s_m[row] <= AT_STOP_M:
        row -= 1
    row += 1
    while row < way.fix_s_m.size and way.fix_s_m[row] - at <= AT_STOP_M:
        final = row
        while final + 1 < way.fix_s_m.size and _slow(way, final) and way.fix_s_m[final + 1] - at <= AT_STOP_M:
            final += 1
        stands = final > row or way.fix_kmh[row] <= 3.6 * STANDING_MPS
        distance = float(np.abs(way.fix_s_m[[row, final]] - at).min())
        if stands and distance <= best:
            if found is not None and distance == best and final - row <= found[1] - found[0]:
                row = final + 1
                continue
            best, found = distance, (row, final)
        row = final + 1
    return found


def _slow(way: DrivenWay, row: int) -> bool:
    """True when the leg after a fix is standing."""
    seconds = float(way.fix_t_ms[row + 1] - way.fix_t_ms[row]) / 1000.0
    return bool(way.fix_s_m[row + 1] - way.fix_s_m[row] <= STANDING_MPS * seconds)


def _speed(way: DrivenWay, row: int, beside: int) -> float:
    """m/s at a moving fix: reported, else the mean of the leg away from the stop."""
    said = float(way.fix_kmh[row])
    if said == said:
        return said / 3.6
    other = row + (row - beside)
    if not 0 <= other < way.fix_s_m.size or way.fix_t_ms[other] == way.fix_t_ms[row]:
        other = beside
    seconds = abs(float(way.fix_t_ms[other] - way.fix_t_ms[row])) / 1000.0
    return abs(float(way.fix_s_m[other] - way.fix_s_m[row])) / seconds if seconds > 0 else 0.0


def _before(way: DrivenWay, row: int, at: float, moving: int | None = None) -> float:
    """Epoch ms of coming to a halt at a measure between the fix before (row - 1, or moving) and fix row."""
    prior = row - 1 if moving is None else moving
    start, end = float(way.fix_t_ms[prior]), float(way.fix_t_ms[row])
    if end - start > _FASTEST_S * 1000.0:
        return end
    seconds = _seconds(at - float(way.fix_s_m[prior]), _speed(way, prior, row), BRAKE_MPS2)
    return min(start + 1000.0 * seconds, end)


def _after(way: DrivenWay, row: int, at: float, moving: int | None = None) -> float:
    """Epoch ms of setting off from a measure between fix row and the fix after (row + 1, or moving)."""
    later = row + 1 if moving is None else moving
    start, end = float(way.fix_t_ms[row]), float(way.fix_t_ms[later])
    if end - start > _FASTEST_S * 1000.0:
        return start
    seconds = _seconds(float(way.fix_s_m[later]) - at, _speed(way, later, row), GAIN_MPS2)
    return max(end - 1000.0 * seconds, start)


def _seconds(metres: float, speed_mps: float, change_mps2: float) -> float:
    """Time over metres between a speed and standing: even speed and then even change; a slower speed first rises."""
    if metres <= 0.0:
        return 0.0
    brake_m = speed_mps * speed_mps / (2.0 * change_mps2)
    if brake_m >= metres:
        return 2.0 * metres / max(speed_mps, 0.5)
    if speed_mps < 3.0:
        return 2.0 * float(np.sqrt(metres / change_mps2))
    return (metres - brake_m) / speed_mps + speed_mps / change_mps2
