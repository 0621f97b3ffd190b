"""A vehicle operates while its terminal is silent: DJ article 36. It moved when the silence began, or drove through it by its odometer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.units import DAY_MS
from tracking.kernels.edges import GENERAL, SEVERE
from tracking.kernels.silences import SILENCE_LIMITS, SILENCE_STATE
from tracking.violations import silences
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import number, seconds


def _pack(row: Mapping[str, Any]) -> tuple[Any, ...]:
    signs = (row["moving_kmh"], row["odometer_gain_m"], silences.NONE)
    repeat = (int(row["repeat"]), int(row["repeat_days"] * DAY_MS), SEVERE)
    return silences.pack(row["silence_s"], GENERAL, signs=signs, repeat=repeat)


@rule(
    "OFFLINE",
    version=1,
    reads="said",
    begun="last_ms",
    state=SILENCE_STATE,
    limits=SILENCE_LIMITS,
    parameters={
        "silence_s": seconds(60, 86_400),
        "moving_kmh": number(0, 40, "km/h"),
        "odometer_gain_m": number(0, 100_000, "m"),
        "repeat": number(0, 3),
        "repeat_days": number(1, 366, "days"),
    },
    pack=_pack,
    peak="s of silence",
    amount="m between its ends",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A vehicle operates while its terminal is silent: DJ article 36. It moved when the silence began, or drove through it by its odometer."""
    return silences.judge(rows, limits, states, until_ms)
