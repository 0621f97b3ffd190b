"""A driver drives longer than four hours without a stop of twenty minutes: IR article 62(7)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.driving import DRIVING_LIMITS, DRIVING_STATE
from tracking.kernels.edges import SEVERE
from tracking.violations import driving
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import seconds


@rule(
    "FAT-4H",
    version=1,
    state=DRIVING_STATE,
    limits=DRIVING_LIMITS,
    parameters=driving.MOTION | {"max_spell_s": seconds(3_600, 86_400)},
    pack=lambda row: driving.pack(row, SEVERE, spell_ms=row["max_spell_s"]),
    peak="s at the wheel since the last rest",
    amount="s at the wheel beyond the limit",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A driver drives longer than four hours without a stop of twenty minutes: IR article 62(7)."""
    return driving.judge(rows, limits, states, until_ms)
