"""A driver of passengers drives longer than eight hours in any twenty-four: SG article 38(2), which says "in principle"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.units import DAY_MS
from tracking.kernels.edges import SEVERE
from tracking.kernels.windows import WINDOW_LIMITS
from tracking.violations import windows
from tracking.violations.model import Array, driver_rule
from tracking.violations.parameters import seconds


@driver_rule(
    "FAT-24H",
    version=1,
    limits=WINDOW_LIMITS,
    parameters={"max_day_s": seconds(3_600, 86_400)},
    pack=lambda row: (1 * DAY_MS, row["max_day_s"], SEVERE, True),
    peak="s at the wheel in the window",
    amount="s at the wheel beyond the limit",
)
def judge(start: NDArray[np.int64], begin_ms: NDArray[np.int64], end_ms: NDArray[np.int64], limits: Array, until_ms: int) -> Array:
    """A driver of passengers drives longer than eight hours in any twenty-four: SG article 38(2), which says "in principle"."""
    return windows.judge(start, begin_ms, end_ms, limits, until_ms)
