"""A vehicle is faster than its limit for longer than half a minute: DJ, IR articles 45 and 78."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.overspeed import ANY_TIME, BY_DAY, OVERSPEED_LIMITS, OVERSPEED_STATE
from tracking.violations import speeding
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import flag


def _pack(row: Mapping[str, Any]) -> tuple[Any, ...]:
    _, general, severe = row["excess_grades"]
    return speeding.pack(row, BY_DAY if row["night_apart"] else ANY_TIME, 1.0, general, severe)


@rule(
    "SPD-LIMIT",
    version=1,
    state=OVERSPEED_STATE,
    limits=OVERSPEED_LIMITS,
    parameters=speeding.SPEED | speeding.GRADES | {"night_apart": flag()},
    pack=_pack,
    peak="share over the limit",
    amount="s over the limit",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A vehicle is faster than its limit for longer than half a minute: DJ, IR articles 45 and 78."""
    return speeding.judge(rows, limits, states, until_ms)
