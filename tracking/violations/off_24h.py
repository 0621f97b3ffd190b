"""Nothing was heard of an active vehicle for a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.edges import NOTICE
from tracking.kernels.silences import SILENCE_LIMITS, SILENCE_STATE
from tracking.violations import silences
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import seconds


def _pack(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return silences.pack(row["silence_s"], NOTICE, from_end=True)


@rule(
    "OFF-24H",
    version=1,
    reads="said",
    state=SILENCE_STATE,
    limits=SILENCE_LIMITS,
    parameters={"silence_s": seconds(3_600, 31_536_000)},
    pack=_pack,
    peak="s of silence",
    amount="m between its ends",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """Nothing was heard of an active vehicle for a day."""
    return silences.judge(rows, limits, states, until_ms)
