"""Frames out of bytes: unescape, XOR, header. The slow twin is `protocols.jt808.framing` with `header`."""

from __future__ import annotations

import numpy as np
from numba import njit

from protocols.jt808.kernels.rows import ASK, OK, SUBPACKET

BAD = 2
"""The XOR is wrong or the run is too short to hold a header; nothing in it can be trusted."""
EMPTY = 3
"""Nothing between two delimiters."""

_SHORTEST = 13


@njit(cache=True, nogil=True)
def unescape(source, start, end, out, at):  # type: ignore[no-untyped-def]
    """Undo the escaping of one run.

    Args:
        source: (n,) uint8; start, end: the run between two delimiters.
        out, at: (m,) uint8 and the place to write to; room for end - start bytes.
    Returns:
        (length, lone): bytes written, and True when a 0x7d stood before neither 0x01 nor 0x02.
    Source: JT/T 808-2019 clause 4.4.2.
    """
    escapes = 0
    for i in range(end - start):
        out[at + i] = source[start + i]
        escapes += source[start + i] == 0x7D
    if escapes == 0:
        return end - start, False
    k = at
    lone = False
    i = start
    while i < end:
        b = source[i]
        if b == 0x7D:
            after = source[i + 1] if i + 1 < end else 0
            if after == 1:
                i += 1
            elif after == 2:
                b = np.uint8(0x7E)
                i += 1
            else:
                lone = True
        out[k] = b
        k += 1
        i += 1
    return k - at, lone


@njit(cache=True, nogil=True)
def non_bcd(id_hi, id_lo):  # type: ignore[no-untyped-def]
    """True when a nibble of the packed id is above 9."""
    lo = np.uint64(id_lo)
    hi = np.uint64(id_hi)
    eight = np.uint64(0x8888888888888888)
    one, two = np.uint64(1), np.uint64(2)
    low = lo & eight & ((lo << one) | (lo << two))
    high = hi & np.uint64(0x8888) & ((hi << one) | (hi << two))
    return (low | high) != np.uint64(0)


@njit(cache=True, nogil=True)
def read_header(scratch, at, n, frames, i):  # type: ignore[no-untyped-def]
    """Fill a `FRAME` row from an unescaped frame with its XOR byte; the layout is chosen by arithmetic.

    Args:
        scratch, at, n: the unescaped frame and its length.
        frames, i: the row to fill; raw_start and raw_end are the caller's.
    Returns:
        `OK`, or `ASK` for what the declarative path must judge: a length that fits no layout, a version bit
        that contradicts it, encryption, reserved bits, an id that is not BCD, a sub-packet.
    Source: JT/T 808-2019 clause 4.4.3; layout rule of this product.
    """
    frame = frames[i]
    attributes = (np.int64(scratch[at + 2]) << 8) | scratch[at + 3]
    declared = attributes & 0x3FF
    verdict = OK
    if n - 13 == declared:
        version, digits, head = 0, 6, 12
    elif n - 18 == declared:
        version, digits, head = 1, 10, 17
    else:
        frame.verdict = ASK
        return ASK
    if ((attributes >> 14) & 1) != version or attributes & 0x9C00:
        verdict = ASK
    frame.flags = 0
    if attributes & 0x2000:
        frame.flags = SUBPACKET
        verdict = ASK
    where = at + 5 if version == 1 else at + 4
    hi = np.uint64(0)
    lo = np.uint64(0)
    for k in range(digits):
        hi = (hi << np.uint64(8)) | (lo >> np.uint64(56))
        lo = (lo << np.uint64(8)) | np.uint64(scratch[where + k])
    frame.id_hi = np.uint16(hi)
    frame.id_lo = lo
    if non_bcd(hi, lo):
        verdict = ASK
    frame.message_id = (np.uint16(scratch[at]) << 8) | scratch[at + 1]
    frame.serial = (np.uint16(scratch[at + head - 2]) << 8) | scratch[at + head - 1]
    frame.version = version
    frame.body_start = at + head
    frame.body_end = at + n - 1
    frame.verdict = verdict
    return verdict


@njit(cache=True, nogil=True)
def parse(source, start, end, scratch, at, frames, i):  # type: ignore[no-untyped-def]
    """One run to one `FRAME` row; the unescaped bytes stay in scratch from `at`.

    Args:
        source, start, end: the run, escaped, without delimiters.
        scratch, at: (m,) uint8 with room for end - start bytes from `at`.
        frames, i: the row to fill.
    Returns:
        (verdict, length): `OK`, `ASK`, `BAD` or `EMPTY`, and the unescaped length.
    """
    frame = frames[i]
    frame.raw_start = start
    frame.raw_end = end
    frame.message_id = 0
    frame.body_start = at
    frame.body_end = at
    frame.flags = 0
    if end == start:
        frame.verdict = ASK
        return EMPTY, 0
    n, lone = unescape(source, start, end, scratch, at)
    check = np.uint8(0)
    for k in range(at, at + n):
        check ^= scratch[k]
    if check != 0 or n < _SHORTEST:
        frame.verdict = ASK
        return BAD, n
    verdict = read_header(scratch, at, n, frames, i)
    if lone:
        verdict = ASK
        frame.verdict = ASK
    return verdict, n
