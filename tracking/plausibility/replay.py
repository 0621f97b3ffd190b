"""REPLAY: fixes of another day are sent again under a new date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.plausibility.model import Array, DayRows, check


@check("REPLAY", version=1, action="hold", source="ours", defaults={"repeat_s": 60, "least_m": 300})
def judge(day: DayRows, p: Mapping[str, float]) -> tuple[float, dict[str, Any]] | None:
    """Places to 1e-6 degree and the steps of time between them come again in the same order, on the move, for longer than `repeat_s`.

    A receiver's noise never repeats over two fixes of a moving vehicle, let alone over a minute.
    """
    here = _shingles(day.rows)
    longest, facts = 0.0, {}
    for before in day.before:
        known = np.isin(here, _shingles(before)) & (here != 0)
        for first, last in _runs(known):
            begin, end = first, min(last + 2, len(day.rows) - 1)
            seconds = float(day.rows["t_ms"][end] - day.rows["t_ms"][begin]) / 1000
            metres = float(day.leg_m[begin:end].sum())
            if seconds > longest and metres >= p["least_m"]:
                longest = seconds
                facts = {
                    "from_ms": int(day.rows["t_ms"][begin]),
                    "until_ms": int(day.rows["t_ms"][end]),
                    "metres": metres,
                    "other_day_ms": int(before["t_ms"][0]),
                }
    return (longest, facts) if longest > p["repeat_s"] else None


def _shingles(rows: Array) -> NDArray[np.int64]:
    """(n - 2,) a number of three neighbouring fixes: their places and the two steps of time; 0 where the vehicle stands."""
    if len(rows) < 3:
        return np.zeros(0, np.int64)
    order = np.argsort(rows["t_ms"], kind="stable")
    t_ms, lon, lat = (rows[name][order].astype(np.uint64) for name in ("t_ms", "lon_e6", "lat_e6"))
    mixed = np.zeros(len(rows) - 2, np.uint64)
    with np.errstate(over="ignore"):
        for part in (lon[:-2], lat[:-2], lon[1:-1], lat[1:-1], lon[2:], lat[2:], t_ms[1:-1] - t_ms[:-2], t_ms[2:] - t_ms[1:-1]):
            mixed = (mixed ^ part) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
    still = (lon[:-2] == lon[1:-1]) & (lat[:-2] == lat[1:-1]) | (lon[1:-1] == lon[2:]) & (lat[1:-1] == lat[2:])
    return np.where(still, 0, mixed.view(np.int64))


def _runs(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]])))
    return [(int(begin), int(end) - 1) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
