"""A driver of passengers drives at night longer than two hours without a stop of twenty minutes: SG article 38(1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.driving import DRIVING_LIMITS, DRIVING_STATE
from tracking.kernels.edges import SEVERE
from tracking.violations import driving
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import seconds


@rule(
    "FAT-N2H",
    version=1,
    state=DRIVING_STATE,
    limits=DRIVING_LIMITS,
    parameters=driving.MOTION | driving.NIGHT | {"max_night_spell_s": seconds(1_800, 28_800)},
    pack=lambda row: driving.pack(row, SEVERE, night_ms=row["max_night_spell_s"]),
    peak="s at the wheel that count for the night",
    amount="s at the wheel beyond the limit",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A driver of passengers drives at night longer than two hours without a stop of twenty minutes: SG article 38(1)."""
    return driving.judge(rows, limits, states, until_ms)
