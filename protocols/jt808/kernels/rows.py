"""Row layouts and codes that the wire kernels share."""

from __future__ import annotations

import numpy as np

FRAME = np.dtype(
    [
        ("raw_start", "<i8"),
        ("raw_end", "<i8"),
        ("body_start", "<i4"),
        ("body_end", "<i4"),
        ("id_lo", "<u8"),
        ("id_hi", "<u2"),
        ("message_id", "<u2"),
        ("serial", "<u2"),
        ("verdict", "u1"),
        ("version", "u1"),
        ("flags", "u1"),
    ]
)
"""One row a frame. raw_start, raw_end: the run between two delimiters in the input, escapes included;
body_start, body_end: the unescaped body in the scratch buffer; id_hi, id_lo: terminal id as packed BCD, 4 and 16 digits,
zero-padded on the left; verdict one of `OK` or `ASK`; version 1 = 2019 header, 0 = 2011/2013; flags `SUBPACKET`."""

WIRE_FIX = np.dtype(
    [
        ("t_ms", "<i8"),
        ("frame", "<i4"),
        ("item", "<i4"),
        ("extras_start", "<i4"),
        ("extras_end", "<i4"),
        ("alarm_bits", "<u4"),
        ("status_bits", "<u4"),
        ("lat_e6", "<i4"),
        ("lon_e6", "<i4"),
        ("odometer_01km", "<u4"),
        ("altitude_m", "<i2"),
        ("speed_kmh10", "<u2"),
        ("heading_deg", "<u2"),
        ("fuel_l10", "<u2"),
        ("recorder_kmh10", "<u2"),
        ("satellites", "u1"),
        ("present", "u1"),
        ("source", "u1"),
        ("other_items", "u1"),
    ]
)
"""One row a fix in wire units. t_ms epoch ms UTC; lat_e6, lon_e6 signed by status bits 2 and 3; frame: row of `FRAME`;
item: place in a 0x0704, 0 in a 0x0200; extras_start, extras_end: all additional items in the scratch buffer;
present: `HAS_*` mask of the standard extras; source a `domain.position.Source`; other_items 1 when more items ride along."""

HAS_ODOMETER = 1
HAS_FUEL = 2
HAS_RECORDER = 4
HAS_SATELLITES = 8

OK = 0
"""The kernel understood the frame fully."""
ASK = 1
"""In doubt: the declarative path decides."""

SUBPACKET = 1


def terminal_key(id_hi: int, id_lo: int) -> str:
    """Terminal id without leading zeros, as terminals are found; "0" for all zeros."""
    return f"{id_hi:04x}{id_lo:016x}".lstrip("0") or "0"


def packed_id(digits: str) -> tuple[int, int]:
    """(id_hi, id_lo) of a terminal id of up to 20 digits."""
    padded = digits.rjust(20, "0")
    return int(padded[:4], 16), int(padded[4:], 16)
