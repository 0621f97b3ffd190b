"""What the rules of silence share: the record of their limits and the call of their kernel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.edges import fields, room
from tracking.kernels.silences import silences
from tracking.violations.model import Array, Limits, Rows

NONE = math.nan
"""No such sign is looked for."""


def pack(
    silence_ms: int, severity: int, *, signs: tuple[float, float, float] = (NONE, NONE, NONE), repeat: tuple[int, int, int] = (0, 0, 0),
    from_end: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """A `SILENCE_LIMITS` record. signs: km/h at its beginning, odometer gain m, metres between its ends; repeat: (times, ms, severity then)."""
    times, within_ms, again = repeat
    return silence_ms, within_ms, *signs, times, severity, again, from_end, True


def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """Edges of silences."""
    edges = room(len(rows), rows.vehicles)
    found = silences(
        rows.start,
        rows.t_ms,
        rows.place,
        rows.speed_kmh,
        rows.acc,
        rows.odometer_m,
        fields(limits),
        rows.day_ms,
        fields(states),
        until_ms,
        fields(edges),
    )
    return edges[:found]
