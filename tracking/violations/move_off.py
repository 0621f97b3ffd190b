"""A vehicle is elsewhere after a silence: it was moved with its terminal off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.silences import SILENCE_LIMITS, SILENCE_STATE
from tracking.violations import silences
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import choice, number, seconds

SEVERITIES = ("notice", "minor", "general", "severe")


def _pack(row: Mapping[str, Any]) -> tuple[Any, ...]:
    signs = (silences.NONE, silences.NONE, row["displacement_m"])
    return silences.pack(row["gap_s"], row["severity"] + 1, signs=signs)


@rule(
    "MOVE-OFF",
    version=1,
    reads="said",
    begun="last_ms",
    state=SILENCE_STATE,
    limits=SILENCE_LIMITS,
    parameters={"gap_s": seconds(60, 86_400), "displacement_m": number(100, 1_000_000, "m"), "severity": choice(SEVERITIES)},
    pack=_pack,
    peak="s of silence",
    amount="m between its ends",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A vehicle is elsewhere after a silence: it was moved with its terminal off."""
    return silences.judge(rows, limits, states, until_ms)
