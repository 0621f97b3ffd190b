"""A driver will soon have driven too long: half an hour before FAT-4H or FAT-N2H, for the driver to be warned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.driving import DRIVING_LIMITS, DRIVING_STATE, FAR
from tracking.kernels.edges import NOTICE
from tracking.violations import driving
from tracking.violations.model import Array, Limits, Rows, rule
from tracking.violations.parameters import flag, seconds


def _pack(row: Mapping[str, Any]) -> tuple[Any, ...]:
    ahead = row["pre_warn_s"]
    return driving.pack(row, NOTICE, spell_ms=row["max_spell_s"] - ahead, night_ms=row.get("max_night_spell_s", FAR) - ahead)


@rule(
    "FAT-PRE",
    version=1,
    state=DRIVING_STATE,
    limits=DRIVING_LIMITS,
    parameters=driving.MOTION
    | driving.NIGHT
    | {
        "max_spell_s": seconds(3_600, 86_400),
        "max_night_spell_s": replace(seconds(1_800, 28_800), optional=True),
        "pre_warn_s": seconds(0, 3_600),
        "warn_driver": flag(),
    },
    pack=_pack,
    peak="s at the wheel since the last rest",
    amount="s since the warning",
)
def judge(rows: Rows, limits: Limits, states: Array, until_ms: NDArray[np.int64]) -> Array:
    """A driver will soon have driven too long: half an hour before FAT-4H or FAT-N2H, for the driver to be warned."""
    return driving.judge(rows, limits, states, until_ms)
