"""Position bodies. The slow twin is the declarative definition of 0x0200 and 0x0704."""

from __future__ import annotations

import numpy as np
from numba import njit

from protocols.jt808.kernels.rows import HAS_FUEL, HAS_ODOMETER, HAS_RECORDER, HAS_SATELLITES
from protocols.jt808.kernels.words import big16, big32

_BASE = np.uint64(28)
_1, _2, _3 = np.uint64(1), np.uint64(2), np.uint64(3)
_LATITUDE_LIMIT = np.uint64(90_000_000)
_LONGITUDE_LIMIT = np.uint64(180_000_000)

_ANY = -1
_DOUBTFUL = -2
LENGTHS = np.full(256, _ANY, np.int16)
"""(256,) int16: body length of each fixed standard item, -1 when the kernel does not know the id, -2 for what is left to the
declarative path: id 0, and standard items of variable length."""
for _id, _length in (
    (0x01, 4), (0x02, 2), (0x03, 2), (0x04, 2), (0x05, 30), (0x06, 2), (0x12, 6), (0x13, 7), (0x14, 4), (0x15, 4),
    (0x16, 4), (0x17, 2), (0x18, 3), (0x25, 4), (0x2A, 2), (0x2B, 4), (0x30, 1), (0x31, 1),
):  # fmt: skip
    LENGTHS[_id] = _length
LENGTHS[[0x00, 0x07, 0x11, 0xE0]] = _DOUBTFUL

HAS_OTHER = 16
"""Beside the `HAS_*` of the row: an item without a column."""

_MONTHS = np.arange("2000-01", "2100-01", dtype="datetime64[M]")
_AT = (np.arange(1200) // 12) * 16 + np.arange(1200) % 12 + 1
MONTH_DAYS = np.zeros(1600, np.uint8)
"""(1600,) uint8: days of the month at 16 * (year - 2000) + month, 0 where there is none."""
MONTH_DAYS[_AT] = ((_MONTHS + np.timedelta64(1, "M")).astype("datetime64[D]") - _MONTHS.astype("datetime64[D]")).astype(np.uint8)
MONTH_START_S = np.zeros(1600, np.int64)
"""(1600,) int64: epoch s of midnight at +08:00 before the day before the first of that month."""
MONTH_START_S[_AT] = _MONTHS.astype("datetime64[s]").astype(np.int64) - (24 + 8) * 3600


@njit(cache=True, nogil=True, forceinline=True)
def device_time(bcd):  # type: ignore[no-untyped-def]
    """Epoch ms UTC of six BCD bytes yyMMddhhmmss at +08:00, given as the low 48 bits of a uint64; -1 when they are no time.

    Source: JT/T 808-2019 clause 8.12, table 23 (GMT+8); years 2000 to 2099.
    """
    odd = bcd & np.uint64(0x8888_8888_8888) & ((bcd << _1) | (bcd << _2))
    value = bcd - np.uint64(6) * ((bcd >> np.uint64(4)) & np.uint64(0x0F0F_0F0F_0F0F))
    # A byte above month 12, day 31, hour 23, minute 59, second 59 reaches its top bit.
    beyond = (value + np.uint64(0x0073_6068_4444)) & np.uint64(0x8080_8080_8080)
    if odd | beyond != np.uint64(0):
        return np.int64(-1)
    byte = np.uint64(0xFF)
    month = ((value >> np.uint64(36)) & np.uint64(0xFF0)) | ((value >> np.uint64(32)) & byte)
    day = np.int64((value >> np.uint64(24)) & byte)
    if day == 0 or day > MONTH_DAYS[month]:
        return np.int64(-1)
    hour = np.int64((value >> np.uint64(16)) & byte)
    minute = np.int64((value >> np.uint64(8)) & byte)
    second = np.int64(value & byte)
    return (MONTH_START_S[month] + ((day * 24 + hour) * 60 + minute) * 60 + second) * 1000


@njit(cache=True, nogil=True, forceinline=True)
def _time(b, start):  # type: ignore[no-untyped-def]
    return device_time((big16(b, start + np.uint64(22)) << np.uint64(32)) | big32(b, start + np.uint64(24)))


@njit(cache=True, nogil=True, forceinline=True)
def items(b, start, end):  # type: ignore[no-untyped-def]
    """The additional items from start to end (uint64) that have a column.

    Returns:
        (present, odometer_01km, fuel_l10, recorder_kmh10, satellites); present: `HAS_*` bits and `HAS_OTHER`, -1 when an item is
        not whole or a known one has not its length.
    """
    present = 0
    odometer, fuel, recorder = np.uint64(0), np.uint64(0), np.uint64(0)
    satellites = np.uint8(0)
    i = start
    while i < end:
        value = i + _2
        if value > end:
            return -1, odometer, fuel, recorder, satellites
        item = b[i]
        length = b[i + _1]
        known = LENGTHS[item]
        i = value + np.uint64(length)
        if i > end or (known != _ANY and known != length):
            return -1, odometer, fuel, recorder, satellites
        if item == 0x01:
            odometer = big32(b, value)
            present |= HAS_ODOMETER
        elif item == 0x02:
            fuel = big16(b, value)
            present |= HAS_FUEL
        elif item == 0x03:
            recorder = big16(b, value)
            present |= HAS_RECORDER
        elif item == 0x31:
            satellites = b[value]
            present |= HAS_SATELLITES
        else:
            present |= HAS_OTHER
    return present, odometer, fuel, recorder, satellites


@njit(cache=True, nogil=True)
def understood(b, start, end):  # type: ignore[no-untyped-def]
    """True when a position body from start to end (uint64) is one that `decode` takes."""
    if end - start < _BASE or _time(b, start) < 0:
        return False
    if big32(b, start + np.uint64(8)) > _LATITUDE_LIMIT or big32(b, start + np.uint64(12)) > _LONGITUDE_LIMIT:
        return False
    return items(b, start + _BASE, end)[0] >= 0


@njit(cache=True, nogil=True)
def judge(b, message_id, start, end):  # type: ignore[no-untyped-def]
    """How many fixes a body of 0x0200 or 0x0704 holds that the kernel takes whole; 0 when Python must decide.

    Args:
        b: (n,) uint8 unescaped; start, end: the body.
    Source: JT/T 808-2019 clauses 8.12 and 8.49.
    """
    first, last = np.uint64(start), np.uint64(end)
    if message_id == 0x0200:
        return 1 if understood(b, first, last) else 0
    if message_id != 0x0704 or end - start < 3 or b[first + _2] > 1:
        return 0
    count = np.int64(big16(b, first))
    i = first + _3
    for _ in range(count):
        if i + _2 > last:
            return 0
        begin = i + _2
        i = begin + big16(b, i)
        if i > last or not understood(b, begin, i):
            return 0
    return count if i == last else 0


@njit(cache=True, nogil=True, forceinline=True)
def decode(b, start, end, fix):  # type: ignore[no-untyped-def]
    """Fill a `WIRE_FIX` row from a position body, whatever it held before; frame, item and source are the caller's.

    Args:
        b: (n,) uint8 unescaped; start, end: the body, uint64.
    Returns:
        False, and nothing written, when the declarative path must decide.
    Source: JT/T 808-2019 clause 8.12.
    """
    if end - start < _BASE:
        return False
    t_ms = _time(b, start)
    latitude, longitude = big32(b, start + np.uint64(8)), big32(b, start + np.uint64(12))
    if t_ms < 0 or latitude > _LATITUDE_LIMIT or longitude > _LONGITUDE_LIMIT:
        return False
    present, odometer, fuel, recorder, satellites = items(b, start + _BASE, end)
    if present < 0:
        return False
    status = big32(b, start + np.uint64(4))
    fix.t_ms = t_ms
    fix.extras_start = start + _BASE
    fix.extras_end = end
    fix.alarm_bits = big32(b, start)
    fix.status_bits = status
    fix.lat_e6 = -np.int32(latitude) if status & np.uint64(4) else np.int32(latitude)
    fix.lon_e6 = -np.int32(longitude) if status & np.uint64(8) else np.int32(longitude)
    fix.odometer_01km = odometer
    fix.altitude_m = np.int16(np.uint16(big16(b, start + np.uint64(16))))
    fix.speed_kmh10 = big16(b, start + np.uint64(18))
    fix.heading_deg = big16(b, start + np.uint64(20))
    fix.fuel_l10 = fuel
    fix.recorder_kmh10 = recorder
    fix.satellites = satellites
    fix.present = present & ~HAS_OTHER
    fix.other_items = 1 if present & HAS_OTHER else 0
    return True


@njit(cache=True, nogil=True, forceinline=True)
def decode_body(b, frame, number, fixes, k):  # type: ignore[no-untyped-def]
    """Fill the `WIRE_FIX` rows of one frame.

    Args:
        b: (n,) uint8 unescaped; frame: its `FRAME` row; number: place of that row; fixes, k: where the rows begin.
    Returns:
        How many, as `judge` counts them; 0 when Python must decide, and what the rows hold then means nothing.
    Source: JT/T 808-2019 clauses 8.12 and 8.49.
    """
    first, last = np.uint64(frame.body_start), np.uint64(frame.body_end)
    if frame.message_id == 0x0200:
        if not decode(b, first, last, fixes[k]):
            return 0
        _place(fixes[k], number, 0, 1)
        return 1
    if frame.message_id != 0x0704 or last - first < _3 or b[first + _2] > 1:
        return 0
    count = np.int64(big16(b, first))
    source = 3 if b[first + _2] == 1 else 2
    i = first + _3
    for item in range(count):
        if i + _2 > last:
            return 0
        begin = i + _2
        i = begin + big16(b, i)
        if i > last or not decode(b, begin, i, fixes[k + item]):
            return 0
        _place(fixes[k + item], number, item, source)
    return count if i == last else 0


@njit(cache=True, nogil=True, forceinline=True)
def _place(fix, number, item, source):  # type: ignore[no-untyped-def]
    """Which frame and item a row is of, and how it came."""
    fix.frame = number
    fix.item = item
    fix.source = source
