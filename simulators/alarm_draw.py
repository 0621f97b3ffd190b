"""Which fixes of a fleet carry an alarm of active safety."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.equipment import Equipment
from simulators.safety import place_at
from simulators.truth import TruthWriter


class AlarmDraw:
    """Draws alarms at a rate; the same seed and fixes give the same alarms.

    Args:
        per_hour: alarms of a vehicle that is under way; 0 for none.
        seed: of the run.
        interval_s: (n,) seconds between the fixes of each vehicle.
    """

    def __init__(self, per_hour: float, seed: int, interval_s: NDArray[np.int64]) -> None:
        self._random = Random(f"{seed}:alarms")
        self._share = (interval_s * per_hour / 3600.0).tolist() if per_hour > 0 else None

    def draw(self, row: int, equipment: Equipment, fix: Any, truth: TruthWriter | None) -> bytes:
        """The item to put behind a fix (`simulators.truth.FIX` row), with id and length; empty for none. The truth is told first."""
        if self._share is None or self._random.random() >= self._share[row]:
            return b""
        one = equipment.safety.raise_alarm(place_at(fix))
        if truth is not None:
            truth.alarm({"terminal": row, **equipment.safety.truth(one)})
        return bytes((one.item, len(one.raw))) + one.raw
