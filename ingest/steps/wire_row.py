"""One declaratively decoded fix as a row of the kernel's layout, so that both ways meet before anything is judged."""

from __future__ import annotations

from typing import Any

import numpy as np

from protocols.jt808.kernels.rows import HAS_FUEL, HAS_ODOMETER, HAS_RECORDER, HAS_SATELLITES, WIRE_FIX
from protocols.jt808.messages.location import Location

_COLUMNS = {
    0x01: ("odometer_01km", 4, HAS_ODOMETER),
    0x02: ("fuel_l10", 2, HAS_FUEL),
    0x03: ("recorder_kmh10", 2, HAS_RECORDER),
    0x31: ("satellites", 1, HAS_SATELLITES),
}
"""Items with a column of their own: field, length, presence bit."""


def wire_row(location: Location) -> np.ndarray[Any, Any]:
    """(1,) `WIRE_FIX` of a usable fix; frame, item, source and the place of its items are the caller's."""
    row = np.zeros(1, WIRE_FIX)
    for name in ("alarm_bits", "status_bits", "altitude_m", "speed_kmh10", "heading_deg"):
        row[name] = getattr(location, name)
    row["t_ms"] = location.time_ms
    row["lat_e6"], row["lon_e6"] = location.signed_e6
    for extra in location.extras:
        column, length, present = _COLUMNS.get(extra.id, ("", -1, 0))
        if len(extra.raw) == length:
            row[column] = int.from_bytes(extra.raw, "big")
            row["present"] |= present
        else:
            row["other_items"] = 1
    if location.tail:
        row["other_items"] = 1
    return row
