"""What the rules of speed share: their parameters and the call of their kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.edges import fields, room
from tracking.kernels.overspeed import speeding
from tracking.violations.model import Array, Limits, Rows
from tracking.violations.parameters import Parameter, clock, number, rising, seconds

SPEED: dict[str, Parameter] = {
    "tolerance_kmh": number(0, 30, "km/h"),
    "min_s": seconds(0, 600),
    "merge_s": seconds(0, 600),
    "max_gap_s": seconds(1, 600),
    "extend_s": seconds(0, 3_600),
    "night": clock(),
}
"""How far, how long, and what belongs together."""

GRADES: dict[str, Parameter] = {"excess_grades": rising(3, 0, 5)}
"""Shares over the limit: below the second minor, from there general, from the third severe; the first parts two grades of minor."""


def pack(row: Mapping[str, Any], when: int, factor: float, general_over: float, severe_over: float) -> tuple[Any, ...]:
    """An `OVERSPEED_LIMITS` record of a row's numbers."""
    return (
        row["min_s"], row["merge_s"], row["max_gap_s"], row["extend_s"], *row["night"], row["tolerance_kmh"], factor, general_over,
        severe_over, when, True,
    )  # fmt: skip


def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """Edges of speeding."""
    edges = room(len(rows), rows.vehicles)
    found = speeding(
        rows.start,
        rows.t_ms,
        rows.place,
        rows.speed_kmh,
        rows.limit_kmh,
        rows.doubtful,
        fields(limits),
        rows.day_ms,
        fields(states),
        until_ms,
        fields(edges),
    )
    return edges[:found]
