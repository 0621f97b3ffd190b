"""From stored fixes to the rows that rules read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import ABSENT, Flag
from domain.track import ACC_ON
from tracking.violations.model import Array, Rows

JUDGED = np.dtype(
    [("limit_kmh", "<f4"), ("driver", "<i4"), ("edge", "<i4"), ("limit_origin", "u1"), ("road_class", "u1"), ("doubtful", "?")], align=True
)
"""What is known of a fix beside its `POSITION`. limit_kmh: NaN none, where the match was unsure (doubtful) the highest of the plausible edges;
driver: of the card that was in, 0 none; edge: of the network, -1 off the road; limit_origin, road_class: as the network names them."""


def unknown(count: int) -> Array:
    """(count,) `JUDGED` rows of fixes that are only stored: no limit, no driver, no road."""
    rows = np.zeros(count, JUDGED)
    rows["limit_kmh"], rows["edge"] = np.nan, -1
    return rows


def rows_of(positions: NDArray[Any], judged: Array, start: NDArray[np.int64], day_ms: int) -> Rows:
    """Rows of `POSITION` rows of V vehicles.

    Args:
        positions, judged: (n,), by vehicle and rising time, one a time, of one day; without unqualified records and drift.
        start: (V + 1,) rows of each vehicle.
    """
    speed = positions["speed_kmh10"].astype(np.float32) / np.float32(10)
    speed[positions["speed_kmh10"] < 0] = np.nan
    odometer = np.where(positions["odometer_m"] == ABSENT, np.nan, positions["odometer_m"].astype(np.float64))
    acc = np.where(positions["flags"] & Flag.NO_STATUS, -1, positions["status_bits"] & ACC_ON).astype(np.int8)
    place = np.stack([positions["lon_e6"], positions["lat_e6"]], axis=1)
    limit, doubtful, driver = (np.ascontiguousarray(judged[name]) for name in ("limit_kmh", "doubtful", "driver"))
    t_ms, alarms = np.ascontiguousarray(positions["t_ms"]), np.ascontiguousarray(positions["alarm_bits"])
    return Rows(start, t_ms, place, speed, acc, alarms, odometer, limit, doubtful, driver, day_ms)
