"""The receiver or its antenna fails: bits 4 GNSS fault, 5 antenna cut, 6 antenna short."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.bits import BITS_LIMITS, BITS_STATE
from tracking.kernels.edges import MINOR
from tracking.violations import bits
from tracking.violations.model import Array, Limits, Rows, rule


@rule(
    "ANTENNA",
    version=1,
    reads="said",
    state=BITS_STATE,
    limits=BITS_LIMITS,
    parameters=bits.BITS,
    pack=lambda row: bits.pack(row, bits.mask(4, 5, 6), MINOR),
    peak="bits that were set, as a number",
    amount="s set",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """The receiver or its antenna fails: bits 4 GNSS fault, 5 antenna cut, 6 antenna short."""
    return bits.judge(rows, limits, states, until_ms)
