"""The terminal fails: bits 7 undervoltage, 8 power cut, 9 display, 10 speech, 11 camera, 12 card reader. One episode a day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.bits import BITS_LIMITS, BITS_STATE
from tracking.kernels.edges import NOTICE
from tracking.violations import bits
from tracking.violations.model import Array, Limits, Rows, rule


@rule(
    "DEVICE",
    version=1,
    reads="said",
    state=BITS_STATE,
    limits=BITS_LIMITS,
    parameters=bits.BITS,
    pack=lambda row: bits.pack(row, bits.mask(7, 8, 9, 10, 11, 12), NOTICE, by_day=True),
    peak="bits that were set, as a number",
    amount="s set",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """The terminal fails: bits 7 undervoltage, 8 power cut, 9 display, 10 speech, 11 camera, 12 card reader. One episode a day."""
    return bits.judge(rows, limits, states, until_ms)
