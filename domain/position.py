"""Fixes: rows of one structured array, always in batches, never one object per fix."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt

POSITION = np.dtype(
    [
        ("t_ms", "<i8"),
        ("received_ms", "<i8"),
        ("vehicle_id", "<i4"),
        ("lon_e6", "<i4"),
        ("lat_e6", "<i4"),
        ("alarm_bits", "<i4"),
        ("status_bits", "<i4"),
        ("odometer_m", "<i4"),
        ("speed_kmh10", "<i2"),
        ("heading_deg", "<i2"),
        ("altitude_m", "<i2"),
        ("recorder_kmh10", "<i2"),
        ("fuel_l10", "<i2"),
        ("satellites", "<i2"),
        ("source", "<i2"),
        ("flags", "<i2"),
    ]
)
"""One row a fix, exact integers as on the wire; the columns of the table `positions`.

t_ms device time and received_ms gateway time, epoch ms UTC; lon_e6, lat_e6 in 1e-6 degree WGS-84, signed;
alarm_bits and status_bits as sent (JT/T 808 tables 24 and 25), the top bit in the sign; odometer_m metres, fuel_l10 0.1 L,
recorder_kmh10 and speed_kmh10 0.1 km/h, satellites a count: `ABSENT` where the terminal did not say;
heading_deg 0 to 359; altitude_m metres, signed; source a `Source`; flags `Flag` bits.
JT/T 808 always says speed, heading and altitude; other doors may not: then `ABSENT`, and `ABSENT_ALTITUDE`, stand in the table too.
"""

ABSENT = -1
"""Sentinel of odometer_m, recorder_kmh10, fuel_l10 and satellites, null in the table; and of speed_kmh10 and heading_deg, kept there."""

ABSENT_ALTITUDE = -32_768
"""Sentinel of altitude_m."""

OPTIONAL_COLUMNS = ("odometer_m", "recorder_kmh10", "fuel_l10", "satellites")

LOCATED = 1 << 1
"""Status bit 1: the terminal had a fix (JT/T 808-2019 table 25)."""

ODOMETER_LIMIT_M = 2_147_483_000
"""Above this the odometer is stored as absent, with `Flag.ODOMETER_RANGE`."""


class Source(IntEnum):
    """How a fix reached us."""

    LIVE = 1
    BATCH = 2
    BLIND = 3
    MQTT = 4
    PEER = 5
    REPLAY = 6


class Flag(IntFlag):
    """What was odd about a fix that was stored all the same."""

    TRUNCATED_ITEM = 1
    ITEM_LENGTH = 2
    TAIL_AFTER_ZERO_ID = 4
    TRAILING_BYTES = 8
    ITEM_COUNT = 16
    ODOMETER_RANGE = 32
    FUEL_RANGE = 64
    SPEED_RANGE = 128
    HEADING_RANGE = 256
    RECORDER_RANGE = 512
    NO_GNSS = 1024
    NO_STATUS = 2048
    """No status bits came: whether the ignition is on is not known."""


def located(positions: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """(n,) bool: the fix has a place: status bit 1 set and not 0/0."""
    place = (positions["lon_e6"] != 0) | (positions["lat_e6"] != 0)
    return np.asarray(((positions["status_bits"] & LOCATED) != 0) & place, np.bool_)
