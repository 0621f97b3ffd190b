"""What the rules of terminals' alarm bits share: their parameters and the call of their kernel. Names of bits: JT/T 808-2019 table 24."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.bits import bit_runs
from tracking.kernels.edges import fields, room
from tracking.violations.model import Array, Limits, Rows
from tracking.violations.parameters import Parameter, seconds

BITS: dict[str, Parameter] = {"min_s": seconds(0, 3_600), "merge_s": seconds(0, 86_400), "extend_s": seconds(0, 86_400)}
"""How long a bit must be set, and what belongs together."""


def mask(*bits: int) -> int:
    """The number of which these bits are set."""
    return sum(1 << bit for bit in bits)


def pack(row: Mapping[str, Any], bits: int, severity: int, by_day: bool = False) -> tuple[Any, ...]:
    """A `BITS_LIMITS` record of a row's numbers."""
    return bits, row["min_s"], row["merge_s"], row["extend_s"], severity, by_day, True


def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """Edges of runs of bits."""
    edges = room(len(rows), rows.vehicles)
    return edges[
        : bit_runs(rows.start, rows.t_ms, rows.place, rows.alarm_bits, fields(limits), rows.day_ms, fields(states), until_ms, fields(edges))
    ]
