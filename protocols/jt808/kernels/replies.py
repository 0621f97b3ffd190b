"""0x8001, built in bulk. The slow twin is `codec.encode(PlatformReply(...))`."""

from __future__ import annotations

import numpy as np
from numba import njit

LONGEST_REPLY = 48
"""Bytes that one 0x8001 may need: 23 bytes all escaped and two delimiters."""


@njit(cache=True, nogil=True)
def _put(out, at, byte):  # type: ignore[no-untyped-def]
    if byte == 0x7E:
        out[at] = 0x7D
        out[at + 1] = 2
        return at + 2
    if byte == 0x7D:
        out[at] = 0x7D
        out[at + 1] = 1
        return at + 2
    out[at] = byte
    return at + 1


@njit(cache=True, nogil=True)
def general_reply(out, at, frame, digits, digits_at, serial, result):  # type: ignore[no-untyped-def]
    """Write one escaped 0x8001 with its delimiters.

    Args:
        out, at: (n,) uint8 with `LONGEST_REPLY` bytes of room from `at`.
        frame: `FRAME` row of the frame that is answered.
        digits, digits_at: bytes of the terminal id as on the wire, 6 or 10 of them by frame.version.
        serial: the platform's own serial; result: 0 done, 1 failed, 2 bad message, 3 not supported.
    Returns:
        Place behind the frame.
    Source: JT/T 808-2019 clause 8.2, table 9.
    """
    k = at + 1
    out[at] = 0x7E
    check = np.uint8(0)
    for b in (np.uint8(0x80), np.uint8(0x01), np.uint8(0x40 if frame.version == 1 else 0), np.uint8(5)):
        check ^= b
        k = _put(out, k, b)
    n = 6
    if frame.version == 1:
        check ^= np.uint8(1)
        k = _put(out, k, np.uint8(1))
        n = 10
    for i in range(n):
        b = digits[digits_at + i]
        check ^= b
        k = _put(out, k, b)
    for value in (np.uint16(serial), frame.serial, frame.message_id):
        high = np.uint8(value >> np.uint16(8))
        low = np.uint8(value & np.uint16(255))
        check ^= high ^ low
        k = _put(out, k, high)
        k = _put(out, k, low)
    check ^= np.uint8(result)
    k = _put(out, k, np.uint8(result))
    k = _put(out, k, check)
    out[k] = 0x7E
    return k + 1
