"""A vehicle with passengers is faster at night than four fifths of its limit: DJ as read in CQ. At night in place of SPD-LIMIT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.overspeed import BY_NIGHT, OVERSPEED_LIMITS, OVERSPEED_STATE
from tracking.violations import speeding
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import number


def _pack(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return speeding.pack(row, BY_NIGHT, row["night_factor"], 0.0, 0.0)


@rule(
    "SPD-N80",
    version=1,
    state=OVERSPEED_STATE,
    limits=OVERSPEED_LIMITS,
    parameters=speeding.SPEED | {"night_factor": number(0.1, 1)},
    pack=_pack,
    peak="share over the limit",
    amount="s over the limit",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A vehicle with passengers is faster at night than four fifths of its limit: DJ as read in CQ. At night in place of SPD-LIMIT."""
    return speeding.judge(rows, limits, states, until_ms)
