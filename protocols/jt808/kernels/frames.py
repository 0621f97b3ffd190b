"""Frames out of bytes: unescape, XOR, header. The slow twin is `protocols.jt808.framing` with `header`."""

from __future__ import annotations

import numpy as np
from numba import njit

from protocols.jt808.kernels.rows import ASK, OK, SUBPACKET
from protocols.jt808.kernels.words import big16, big32, big64, eight, put_eight

BAD = 2
"""The XOR is wrong or the run is too short to hold a header; nothing in it can be trusted."""
EMPTY = 3
"""Nothing between two delimiters."""

_SHORTEST = 13
_EIGHT = np.uint64(8)
_ESCAPES = np.uint64(0x7D7D7D7D7D7D7D7D)
_TOPS = np.uint64(0x8080808080808080)
_REST = np.uint64(0x7F7F7F7F7F7F7F7F)


@njit(cache=True, nogil=True, forceinline=True)
def _escaped(word):  # type: ignore[no-untyped-def]
    """True when one of the eight bytes is 0x7d: a byte that differs from it carries into its top bit, or has it set."""
    differs = word ^ _ESCAPES
    return (((differs & _REST) + _REST) | differs) & _TOPS != _TOPS


@njit(cache=True, nogil=True, forceinline=True)
def _folded(word, byte):  # type: ignore[no-untyped-def]
    """XOR of the eight bytes and one more."""
    word ^= word >> np.uint64(32)
    word ^= word >> np.uint64(16)
    word ^= word >> np.uint64(8)
    return np.uint8(word & np.uint64(0xFF)) ^ byte


@njit(cache=True, nogil=True, forceinline=True)
def unescape(source, start, end, out, at):  # type: ignore[no-untyped-def]
    """Undo the escaping of one run, eight bytes at a time where none is 0x7d.

    Args:
        source: (n,) uint8; start, end: the run between two delimiters.
        out, at: (m,) uint8 and the place to write to; room for end - start bytes.
    Returns:
        (length, lone, check): bytes written; True when a 0x7d stood before neither 0x01 nor 0x02; XOR of the bytes written.
    Source: JT/T 808-2019 clause 4.4.2.
    """
    i, last, k = np.uint64(start), np.uint64(end), np.uint64(at)
    lone = False
    words = np.uint64(0)
    check = np.uint8(0)
    while i < last:
        if last - i >= _EIGHT:
            word = eight(source, i)
            if not _escaped(word):
                put_eight(out, k, word)
                words ^= word
                i += _EIGHT
                k += _EIGHT
                continue
        stop = min(i + _EIGHT, last)
        while i < stop:
            b = source[i]
            i += np.uint64(1)
            if b == 0x7D:
                after = source[i] if i < last else np.uint8(0)
                if after == 1 or after == 2:
                    b = np.uint8(0x7C) + after
                    i += np.uint64(1)
                else:
                    lone = True
            out[k] = b
            check ^= b
            k += np.uint64(1)
    return np.int64(k) - at, lone, _folded(words, check)


@njit(cache=True, nogil=True, forceinline=True)
def non_bcd(id_hi, id_lo):  # type: ignore[no-untyped-def]
    """True when a nibble of the packed id is above 9."""
    lo = np.uint64(id_lo)
    hi = np.uint64(id_hi)
    eights = np.uint64(0x8888888888888888)
    one, two = np.uint64(1), np.uint64(2)
    low = lo & eights & ((lo << one) | (lo << two))
    high = hi & np.uint64(0x8888) & ((hi << one) | (hi << two))
    return (low | high) != np.uint64(0)


@njit(cache=True, nogil=True, forceinline=True)
def read_header(scratch, at, n, frame):  # type: ignore[no-untyped-def]
    """Fill a `FRAME` row from an unescaped frame with its XOR byte; the layout is chosen by arithmetic.

    Args:
        scratch, at, n: the unescaped frame and its length, 13 bytes at least.
        frame: the row to fill; raw_start and raw_end are the caller's.
    Returns:
        `OK`, or `ASK` for what the declarative path must judge: a length that fits no layout, a version bit
        that contradicts it, encryption, reserved bits, an id that is not BCD, a sub-packet.
    Source: JT/T 808-2019 clause 4.4.3; layout rule of this product.
    """
    place = np.uint64(at)
    first = big32(scratch, place)
    attributes = np.int64(first & np.uint64(0xFFFF))
    declared = attributes & 0x3FF
    if n - 13 == declared:
        version, head = 0, 12
        behind = big64(scratch, place + np.uint64(4))
        hi = np.uint64(0)
        lo = behind >> np.uint64(16)
        serial = behind
    elif n - 18 == declared:
        version, head = 1, 17
        hi = big16(scratch, place + np.uint64(5))
        lo = big64(scratch, place + np.uint64(7))
        serial = big16(scratch, place + np.uint64(15))
    else:
        frame.verdict = ASK
        return ASK
    # Encryption and reserved bits, a sub-packet.
    doubtful = attributes & 0xBC00 != 0 or (attributes >> 14) & 1 != version or non_bcd(hi, lo)
    verdict = ASK if doubtful else OK
    frame.flags = SUBPACKET if attributes & 0x2000 else 0
    frame.id_hi = np.uint16(hi)
    frame.id_lo = lo
    frame.message_id = np.uint16(first >> np.uint64(16))
    frame.serial = np.uint16(serial & np.uint64(0xFFFF))
    frame.version = version
    frame.body_start = at + head
    frame.body_end = at + n - 1
    frame.verdict = verdict
    return verdict


@njit(cache=True, nogil=True, forceinline=True)
def parse(source, start, end, scratch, at, frames, i):  # type: ignore[no-untyped-def]
    """One run to one `FRAME` row; the unescaped bytes stay in scratch from `at`.

    Args:
        source, start, end: the run, escaped, without delimiters.
        scratch, at: (m,) uint8 with room for end - start bytes from `at`.
        frames, i: the row to fill, whatever it held before; what cannot be read becomes 0.
    Returns:
        (verdict, length): `OK`, `ASK`, `BAD` or `EMPTY`, and the unescaped length.
    """
    frame = frames[i]
    frame.raw_start = start
    frame.raw_end = end
    frame.id_lo = 0
    frame.id_hi = 0
    frame.message_id = 0
    frame.serial = 0
    frame.version = 0
    frame.flags = 0
    frame.body_start = at
    frame.body_end = at
    frame.verdict = ASK
    # One way out: behind several, references to the arrays would be counted for every frame.
    verdict, n = EMPTY, 0
    if end > start:
        n, lone, check = unescape(source, start, end, scratch, at)
        if check != 0 or n < _SHORTEST:
            verdict = BAD
        else:
            verdict = read_header(scratch, at, n, frame)
            if lone:
                verdict = ASK
                frame.verdict = ASK
    return verdict, n
