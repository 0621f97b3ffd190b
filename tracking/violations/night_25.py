"""A coach of long distance moves between two and five at night: SG article 38(5). Relay permits and short shuttles are exempt by the register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.driving import DRIVING_LIMITS, DRIVING_STATE
from tracking.kernels.edges import SEVERE
from tracking.violations import driving
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import clock, number, seconds


def _pack(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Stops that are no longer than a silence end nothing: the driving of a window counts together."""
    whole = dict(row) | {"min_rest_s": row["max_silence_s"], "short_stops_count": False}
    return driving.pack(whole, SEVERE, night_ms=row["min_s"])


@rule(
    "NIGHT-25",
    version=1,
    state=DRIVING_STATE,
    limits=DRIVING_LIMITS,
    parameters={name: one for name, one in driving.MOTION.items() if name not in ("min_rest_s", "short_stops_count")}
    | {"night": clock(), "min_s": seconds(0, 3_600), "exempt_km": number(0, 1_000, "km")},
    pack=_pack,
    peak="s of driving in the window",
    amount="s of driving beyond what is passed over",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A coach of long distance moves between two and five at night: SG article 38(5)."""
    return driving.judge(replace(rows, driver=np.zeros_like(rows.driver)), limits, states, until_ms)
