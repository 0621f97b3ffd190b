"""What the rules of time at the wheel share: the parameters of standing, gaps and nights, and the call of their kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.driving import FAR, wheel_time
from tracking.kernels.edges import fields, room
from tracking.violations.model import Array, Limits, Rows
from tracking.violations.parameters import Parameter, choice, clock, flag, number, seconds

MOTION: dict[str, Parameter] = {
    "min_rest_s": seconds(60, 36_000),
    "gap_s": seconds(1, 1_200),
    "max_silence_s": seconds(600, 28_800),
    "extend_s": seconds(0, 3_600),
    "moving_kmh": number(0, 40, "km/h"),
    "gap_driving_kmh": number(0, 40, "km/h"),
    "rest_displacement_m": number(0, 5_000, "m"),
    "drift_radius_m": number(0, 1_000, "m"),
    "short_stops_count": flag(),
}
"""What is driving, standing and rest, in every rule of time at the wheel."""

NIGHT: dict[str, Parameter] = {"night": clock(), "night_counts": choice(("night_part", "whole_spell"))}
"""What the night is, and which driving is held against its limit."""

NO_NIGHT: dict[str, Any] = {"night": (0, 0), "night_counts": 0}


def pack(row: Mapping[str, Any], severity: int, spell_ms: int = FAR, night_ms: int = FAR) -> tuple[Any, ...]:
    """A `DRIVING_LIMITS` record of a row's numbers."""
    night = row.get("night", NO_NIGHT["night"])
    return (
        spell_ms, night_ms, row["min_rest_s"], row["gap_s"], row["max_silence_s"], row["extend_s"], *night, row["moving_kmh"],
        row["gap_driving_kmh"], row["rest_displacement_m"], row["drift_radius_m"], row.get("night_counts", 0), row["short_stops_count"],
        severity, True,
    )  # fmt: skip


def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """Edges of time at the wheel beyond the limits."""
    edges = room(len(rows), rows.vehicles)
    found = wheel_time(
        rows.start,
        rows.t_ms,
        rows.place,
        rows.speed_kmh,
        rows.acc,
        rows.driver,
        fields(limits),
        rows.day_ms,
        fields(states),
        until_ms,
        fields(edges),
    )
    return edges[:found]
