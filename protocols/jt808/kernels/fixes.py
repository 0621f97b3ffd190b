"""Position bodies. The slow twin is the declarative definition of 0x0200 and 0x0704."""

from __future__ import annotations

import numpy as np
from numba import njit

from protocols.jt808.kernels.rows import HAS_FUEL, HAS_ODOMETER, HAS_RECORDER, HAS_SATELLITES

_BASE = 28
_LATITUDE_LIMIT = 90_000_000
_LONGITUDE_LIMIT = 180_000_000

_LENGTHS = np.full(256, -1, np.int16)
for _id, _length in (
    (0x01, 4), (0x02, 2), (0x03, 2), (0x04, 2), (0x05, 30), (0x06, 2), (0x12, 6), (0x13, 7), (0x14, 4), (0x15, 4),
    (0x16, 4), (0x17, 2), (0x18, 3), (0x25, 4), (0x2A, 2), (0x2B, 4), (0x30, 1), (0x31, 1),
):  # fmt: skip
    _LENGTHS[_id] = _length
_DOUBTFUL = np.zeros(256, np.bool_)
_DOUBTFUL[[0x07, 0x11, 0xE0]] = True
LENGTHS = _LENGTHS
"""(256,) int16: body length of each fixed standard item, -1 when the kernel does not know the id."""
DOUBTFUL = _DOUBTFUL
"""(256,) bool: standard items of variable length; their check is left to the declarative path when they look wrong."""


@njit(cache=True, nogil=True)
def _u16(b, i):  # type: ignore[no-untyped-def]
    return (np.uint32(b[i]) << np.uint32(8)) | np.uint32(b[i + 1])


@njit(cache=True, nogil=True)
def _u32(b, i):  # type: ignore[no-untyped-def]
    return (np.uint32(b[i]) << np.uint32(24)) | (np.uint32(b[i + 1]) << np.uint32(16)) | _u16(b, i + 2)


_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
_DAYS_IN = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_DAY_2000 = 10_957
"""Days of the epoch to 2000-01-01."""


@njit(cache=True, nogil=True)
def device_time(b, i):  # type: ignore[no-untyped-def]
    """Epoch ms UTC of six BCD bytes yyMMddhhmmss at +08:00; -1 when they are no time.

    Source: JT/T 808-2019 clause 8.12, table 23 (GMT+8); years 2000 to 2099, of which every fourth is a leap year.
    """
    odd = np.uint8(0)
    for k in range(i, i + 6):
        odd |= b[k] & np.uint8(0x88) & ((b[k] << np.uint8(1)) | (b[k] << np.uint8(2)))
    year = np.int64(b[i] >> 4) * 10 + (b[i] & 15)
    month = np.int64(b[i + 1] >> 4) * 10 + (b[i + 1] & 15)
    day = np.int64(b[i + 2] >> 4) * 10 + (b[i + 2] & 15)
    hour = np.int64(b[i + 3] >> 4) * 10 + (b[i + 3] & 15)
    minute = np.int64(b[i + 4] >> 4) * 10 + (b[i + 4] & 15)
    second = np.int64(b[i + 5] >> 4) * 10 + (b[i + 5] & 15)
    if odd != 0 or month < 1 or month > 12 or day < 1 or hour > 23 or minute > 59 or second > 59:
        return np.int64(-1)
    leap = (year & 3) == 0
    if day > _DAYS_IN[month - 1] + (1 if leap and month == 2 else 0):
        return np.int64(-1)
    days = _DAY_2000 + year * 365 + ((year + 3) >> 2) + _DAYS_BEFORE[month - 1] + (1 if leap and month > 2 else 0) + day - 1
    return ((days * 24 + hour - 8) * 3600 + minute * 60 + second) * 1000


@njit(cache=True, nogil=True)
def items_understood(b, start, end):  # type: ignore[no-untyped-def]
    """True when the additional items from start to end are whole and each known one has its length."""
    i = start
    while i < end:
        if i + 2 > end or b[i] == 0:
            return False
        length = np.int64(b[i + 1])
        if i + 2 + length > end:
            return False
        known = LENGTHS[b[i]]
        if DOUBTFUL[b[i]] or (known >= 0 and known != length):
            return False
        i += 2 + length
    return True


@njit(cache=True, nogil=True)
def understood(b, start, end):  # type: ignore[no-untyped-def]
    """True when a position body from start to end is one that the kernel decodes without any doubt."""
    if end - start < _BASE or device_time(b, start + 22) < 0:
        return False
    if _u32(b, start + 8) > _LATITUDE_LIMIT or _u32(b, start + 12) > _LONGITUDE_LIMIT:
        return False
    return items_understood(b, start + _BASE, end)


@njit(cache=True, nogil=True)
def judge(b, message_id, start, end):  # type: ignore[no-untyped-def]
    """How many fixes a body of 0x0200 or 0x0704 holds that the kernel takes whole; 0 when Python must decide.

    Args:
        b: (n,) uint8 unescaped; start, end: the body.
    Source: JT/T 808-2019 clauses 8.12 and 8.49.
    """
    if message_id == 0x0200:
        return 1 if understood(b, start, end) else 0
    if message_id != 0x0704 or end - start < 3 or b[start + 2] > 1:
        return 0
    count = np.int64(_u16(b, start))
    i = start + 3
    for _ in range(count):
        if i + 2 > end:
            return 0
        length = np.int64(_u16(b, i))
        if i + 2 + length > end or not understood(b, i + 2, i + 2 + length):
            return 0
        i += 2 + length
    return count if i == end else 0


@njit(cache=True, nogil=True)
def decode(b, start, end, fixes, k):  # type: ignore[no-untyped-def]
    """Fill one `WIRE_FIX` row from a body that `understood` accepts; frame, item and source are the caller's."""
    fix = fixes[k]
    fix.alarm_bits = _u32(b, start)
    status = _u32(b, start + 4)
    fix.status_bits = status
    latitude = np.int32(_u32(b, start + 8))
    longitude = np.int32(_u32(b, start + 12))
    fix.lat_e6 = -latitude if status & np.uint32(4) else latitude
    fix.lon_e6 = -longitude if status & np.uint32(8) else longitude
    fix.altitude_m = np.int16(_u16(b, start + 16))
    fix.speed_kmh10 = np.uint16(_u16(b, start + 18))
    fix.heading_deg = np.uint16(_u16(b, start + 20))
    fix.t_ms = device_time(b, start + 22)
    fix.extras_start = start + _BASE
    fix.extras_end = end
    present = 0
    other = 0
    i = start + _BASE
    while i < end:
        if b[i] == 0x01:
            fix.odometer_01km = _u32(b, i + 2)
            present |= HAS_ODOMETER
        elif b[i] == 0x02:
            fix.fuel_l10 = np.uint16(_u16(b, i + 2))
            present |= HAS_FUEL
        elif b[i] == 0x03:
            fix.recorder_kmh10 = np.uint16(_u16(b, i + 2))
            present |= HAS_RECORDER
        elif b[i] == 0x31:
            fix.satellites = b[i + 2]
            present |= HAS_SATELLITES
        else:
            other = 1
        i += 2 + np.int64(b[i + 1])
    fix.present = present
    fix.other_items = other
