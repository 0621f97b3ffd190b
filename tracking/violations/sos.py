"""The emergency button was pressed: bit 0. Never closed by the clock, always seen by a person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.bits import BITS_LIMITS, BITS_STATE
from tracking.kernels.edges import SEVERE
from tracking.violations import bits
from tracking.violations.model import Array, Limits, Rows, rule


@rule(
    "SOS",
    version=1,
    reads="said",
    state=BITS_STATE,
    limits=BITS_LIMITS,
    parameters=bits.BITS,
    pack=lambda row: bits.pack(row, bits.mask(0), SEVERE),
    peak="bits that were set, as a number",
    amount="s set",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """The emergency button was pressed: bit 0. Never closed by the clock, always seen by a person."""
    return bits.judge(rows, limits, states, until_ms)
