"""The log record: appending, checking and finding records in a buffer.

A record is a little-endian header of 32 bytes and its payload, without padding: `length u32 · crc u32 · received_us i64 ·
link u64 · kind u8 · door u8 · profile u8 · reason u8 · since_durable u32`. `length` counts the payload only; zero ends the data.
`crc` is the CRC-32 of zlib over header bytes 8 to 32 and the payload.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

HEADER = 32
"""Bytes before the payload."""

MAX_PAYLOAD = 1 << 20
"""Longest payload; a longer length in a file is damage."""

FRAME, DROPPED, LINK_EVENT, MQTT, PEER, REPLAYED, LOST = range(7)
"""Kinds. LOST fills the place of records that a repair could not save; readers skip it."""

KINDS = ("frame", "dropped", "link_event", "mqtt", "peer", "replayed", "lost")
DOORS = ("none", "tcp", "udp", "mqtt", "peer", "replay")
DOOR_PEER, DOOR_REPLAY = DOORS.index("peer"), DOORS.index("replay")

FAR = 0xFFFFFFFF
"""since_durable saturates here."""

RECORD = np.dtype(
    [
        ("start", "<i8"),
        ("end", "<i8"),
        ("received_us", "<i8"),
        ("link", "<u8"),
        ("since_durable", "<u4"),
        ("kind", "u1"),
        ("door", "u1"),
        ("profile", "u1"),
        ("reason", "u1"),
    ]
)
"""One row a record found by `scan`: start, end of the payload in the buffer; the rest as in the header."""

ENDED, FILLED, BROKEN, CUT = range(4)
"""Why `scan` stopped: a zero length or the end of the buffer; no more rows; a bad record; a record that passes the end."""


def _tables() -> npt.NDArray[np.uint32]:
    """(16, 256) tables of CRC-32 with the reflected polynomial 0xEDB88320 (zlib, IEEE 802.3), for 16 bytes a step."""
    tables = np.zeros((16, 256), np.uint32)
    tables[0] = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        tables[0] = (tables[0] >> 1) ^ np.where(tables[0] & 1, np.uint32(0xEDB88320), np.uint32(0))
    for k in range(1, 16):
        tables[k] = (tables[k - 1] >> 8) ^ tables[0][tables[k - 1] & 255]
    return tables


_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8, _T9, _T10, _T11, _T12, _T13, _T14, _T15 = _tables()
_LOW = np.uint32(255)
_8, _16, _24 = np.uint32(8), np.uint32(16), np.uint32(24)
_ALL = np.uint32(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def _word(buffer, i):  # type: ignore[no-untyped-def]
    """Little-endian u32 at an unsigned place; four byte loads become one, and the sign check falls away."""
    low = np.uint32(buffer[i]) | (np.uint32(buffer[i + np.uint64(1)]) << _8)
    return low | (np.uint32(buffer[i + np.uint64(2)]) << _16) | (np.uint32(buffer[i + np.uint64(3)]) << _24)


@njit(cache=True, nogil=True)
def crc32(buffer, start, end):  # type: ignore[no-untyped-def]
    """CRC-32 of buffer[start:end], equal to `zlib.crc32`.

    Args:
        buffer: (n,) uint8.
    Source: slicing-by-16 after Kounavis and Berry, "A Systematic Approach to Building High Performance CRC" (Intel, 2005).
    """
    crc = _ALL
    i = np.uint64(start)
    last = np.uint64(end)
    while i + np.uint64(16) <= last:
        a = crc ^ _word(buffer, i)
        b = _word(buffer, i + np.uint64(4))
        c = _word(buffer, i + np.uint64(8))
        d = _word(buffer, i + np.uint64(12))
        ab = _T15[a & _LOW] ^ _T14[(a >> _8) & _LOW] ^ _T13[(a >> _16) & _LOW] ^ _T12[a >> _24]
        ab ^= _T11[b & _LOW] ^ _T10[(b >> _8) & _LOW] ^ _T9[(b >> _16) & _LOW] ^ _T8[b >> _24]
        cd = _T7[c & _LOW] ^ _T6[(c >> _8) & _LOW] ^ _T5[(c >> _16) & _LOW] ^ _T4[c >> _24]
        cd ^= _T3[d & _LOW] ^ _T2[(d >> _8) & _LOW] ^ _T1[(d >> _16) & _LOW] ^ _T0[d >> _24]
        crc = ab ^ cd
        i += np.uint64(16)
    while i < last:
        crc = (crc >> _8) ^ _T0[(crc ^ np.uint32(buffer[i])) & _LOW]
        i += np.uint64(1)
    return crc ^ _ALL


@njit(cache=True, nogil=True)
def _put(out, at, value, size):  # type: ignore[no-untyped-def]
    """Write an unsigned value little-endian."""
    rest = np.uint64(value)
    place = np.uint64(at)
    for k in range(np.uint64(size)):
        out[place + k] = np.uint8(rest & np.uint64(255))
        rest >>= np.uint64(8)


@njit(cache=True, nogil=True)
def _copy(out, at, source, start, size):  # type: ignore[no-untyped-def]
    """Copy bytes. Unsigned places: without the check for negative ones the loop becomes a vector copy (5 ns instead of 96)."""
    to = np.uint64(at)
    of = np.uint64(start)
    for k in range(np.uint64(size)):
        out[to + k] = source[of + k]


@njit(cache=True, nogil=True)
def _get(buffer, at, size):  # type: ignore[no-untyped-def]
    """Little-endian unsigned value, uint64."""
    value = np.uint64(0)
    place = np.uint64(at)
    for k in range(np.uint64(size)):
        value |= np.uint64(buffer[place + k]) << (np.uint64(8) * k)
    return value


@njit(cache=True, nogil=True)
def append(  # type: ignore[no-untyped-def]
    out, used, received_us, link, kind, door, profile, reason, since_durable, source, start, end, delimited
):
    """Write one record at out[used:]; returns the new used. The caller guarantees room.

    Args:
        out: (n,) uint8, a group's buffer. received_us: epoch µs UTC.
        link: gateway << 48 | worker << 32 | counter. kind, door, profile, reason: one byte each.
        since_durable: distance from the durable mark to this record, at most `FAR`.
        source: (m,) uint8; source[start:end] is the payload and may not be empty.
        delimited: 1 puts 0x7e before and after it.
    """
    length = end - start + 2 * delimited
    at = used + HEADER
    if delimited == 1:
        out[at] = 0x7E
        out[at + length - 1] = 0x7E
        at += 1
    _copy(out, at, source, start, end - start)
    _put(out, used, length, 4)
    _put(out, used + 8, np.int64(received_us), 8)
    _put(out, used + 16, np.uint64(link), 8)
    out[used + 24] = kind
    out[used + 25] = door
    out[used + 26] = profile
    out[used + 27] = reason
    _put(out, used + 28, since_durable, 4)
    total = used + HEADER + length
    _put(out, used + 4, crc32(out, used + 8, total), 4)
    return total


@njit(cache=True, nogil=True)
def check(buffer, at, end):  # type: ignore[no-untyped-def]
    """Place after the record at buffer[at:end]; 0 where the data ends, -1 for a bad record, -2 when it passes the end."""
    if at + HEADER > end:
        rest = 0
        for k in range(at, end):
            rest |= buffer[k]
        return 0 if rest == 0 else -2
    length = np.int64(_get(buffer, at, 4))
    if length == 0:
        return 0 if _get(buffer, at + 4, 4) == 0 else -1
    if length > MAX_PAYLOAD or buffer[at + 24] > LOST:
        return -1
    after = at + HEADER + length
    if after > end:
        return -2
    if np.uint32(_get(buffer, at + 4, 4)) != crc32(buffer, at + 8, after):
        return -1
    return after


@njit(cache=True, nogil=True)
def scan(buffer, at, end, rows):  # type: ignore[no-untyped-def]
    """Read records one behind the other; returns (number of rows, place after the last, why it stopped).

    Args:
        buffer: (n,) uint8; records stand in buffer[at:end].
        rows: (m,) `RECORD`, filled from the front.
    """
    count = 0
    while count < len(rows):
        after = check(buffer, at, end)
        if after <= 0:
            return count, at, ENDED if after == 0 else (BROKEN if after == -1 else CUT)
        row = rows[count]
        row["start"] = at + HEADER
        row["end"] = after
        row["received_us"] = np.int64(_get(buffer, at + 8, 8))
        row["link"] = _get(buffer, at + 16, 8)
        row["kind"] = buffer[at + 24]
        row["door"] = buffer[at + 25]
        row["profile"] = buffer[at + 26]
        row["reason"] = buffer[at + 27]
        row["since_durable"] = np.uint32(_get(buffer, at + 28, 4))
        count += 1
        at = after
    return count, at, FILLED


@njit(cache=True, nogil=True)
def find(buffer, at, end):  # type: ignore[no-untyped-def]
    """Place of the first good record at or behind `at`; -1 when there is none."""
    for place in range(at, end - HEADER):
        if buffer[place + 24] <= LOST and check(buffer, place, end) > 0:
            return place
    return -1


@njit(cache=True, nogil=True)
def after_zeros(buffer, at, end):  # type: ignore[no-untyped-def]
    """Place of the first byte that is not zero; `end` when all are."""
    for place in range(at, end):
        if buffer[place] != 0:
            return place
    return end
