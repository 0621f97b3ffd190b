"""Text of many rows without a step per row: columns become digits in numpy, all rows of a chunk at once.

Every field has the width of its longest value; shorter ones are padded with spaces outside of quotes, which JSON and XML ignore and
compression takes away.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.uint8]
"""(width, n) characters: one row a place, so that digits are written to memory in order."""

CHUNK = 2_048
"""Rows at a time: a megabyte of text stays in the cache of the processor."""

_SPACE, _ZERO, _MINUS = ord(" "), ord("0"), ord("-")
_NULL = np.frombuffer(b"null", np.uint8)
_DAY_MS = 86_400_000


def whole(values: NDArray[np.integer], absent: NDArray[np.bool_] | None = None) -> Column:
    """Whole numbers; `null` where absent. (n,) any integers."""
    wide = values.astype(np.int64)
    out = _signed(np.abs(wide), wide < 0, 4 if absent is not None else 1)
    return _without(out, absent)


def decimal(values: NDArray[np.integer], places: int, absent: NDArray[np.bool_] | None = None) -> Column:
    """Numbers of `places` decimals, given as whole numbers of the last place: 106740407 with 6 places is 106.740407."""
    wide = values.astype(np.int64)
    size = np.abs(wide)
    front = _signed(size // 10**places, wide < 0, 4 if absent is not None else 1)
    out = np.concatenate([front, np.full((1, len(wide)), ord("."), np.uint8), _padded(size % 10**places, places)])
    return _without(out, absent)


def instants(t_ms: NDArray[np.int64], absent: NDArray[np.bool_] | None = None) -> Column:
    """Quoted RFC 3339 instants of epoch ms UTC, to the millisecond; `null` where absent."""
    days, which = np.unique(t_ms // _DAY_MS, return_inverse=True)
    names = np.datetime_as_string(days.astype("datetime64[D]")).astype("S10")
    rest = t_ms % _DAY_MS
    out = np.empty((26, len(t_ms)), np.uint8)
    out[0], out[11], out[14], out[17], out[20], out[24], out[25] = (ord(c) for c in '"T::.Z"')
    out[1:11] = names.view(np.uint8).reshape(-1, 10)[which].T
    out[12:14], out[15:17] = _padded(rest // 3_600_000, 2), _padded(rest // 60_000 % 60, 2)
    out[18:20], out[21:24] = _padded(rest // 1_000 % 60, 2), _padded(rest % 1_000, 3)
    return _without(out, absent)


def texts(values: Sequence[str | None]) -> Column:
    """Quoted JSON strings; `null` for None."""
    encode = json.encoder.encode_basestring
    said = np.array(["null" if one is None else encode(one) for one in values], np.str_)
    return _letters(np.char.encode(said, "utf-8") if len(said) else said.astype("S4"))


def choices(numbers: NDArray[np.integer], words: Sequence[bytes]) -> Column:
    """One of a few words by its number, as it stands (quotes included)."""
    return _letters(np.array(words, np.bytes_)[numbers])


def rows_of(parts: Sequence[bytes | Column], count: int) -> Iterator[bytes]:
    """Text of the rows in chunks.

    Args:
        parts: what a row is made of, in order: fixed text, and columns of `count` rows. A row begins with the fixed text that parts it
            from the row before; that of the first row is left out: its first byte, a comma.
        count: rows.
    """
    fixed = [np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part for part in parts]
    width = sum(len(part) for part in fixed)
    for start in range(0, count, CHUNK):
        end = min(start + CHUNK, count)
        out, at = np.empty((end - start, width), np.uint8), 0
        for part in fixed:
            out[:, at : at + len(part)] = part if part.ndim == 1 else part[:, start:end].T
            at += len(part)
        yield out.tobytes()[1 if start == 0 else 0 :]


def gzipped(parts: Iterator[bytes], level: int = 1) -> Iterator[bytes]:
    """The parts as one gzip stream (RFC 1952), sent on as it fills."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    for part in parts:
        packed = packer.compress(part)
        if packed:
            yield packed
    yield packer.flush()


def _padded(values: NDArray[np.int64], width: int) -> Column:
    """Digits with leading zeros."""
    left = values.astype(np.uint32) if width <= 9 else values.astype(np.uint64)
    out = np.empty((width, len(values)), np.uint8)
    for place in range(width - 1, -1, -1):
        next_ = left // 10
        out[place] = left - next_ * 10
        left = next_
    out += _ZERO
    return out


def _signed(size: NDArray[np.int64], negative: NDArray[np.bool_], least: int) -> Column:
    """Digits without leading zeros, right-aligned, a minus before the first where negative; at least so wide."""
    digits = len(str(int(size.max()))) if len(size) else 1
    width = max(digits + bool(negative.any()), least)
    out = np.full((width, len(size)), _SPACE, np.uint8)
    out[width - digits :] = _padded(size, digits)
    for place in range(digits - 1):
        out[width - digits + place][size < 10 ** (digits - 1 - place)] = _SPACE
    rows = np.flatnonzero(negative)
    long = np.floor(np.log10(np.maximum(size[rows], 1))).astype(np.int64) + 1
    out[width - long - 1, rows] = _MINUS
    return out


def _letters(words: NDArray[np.bytes_]) -> Column:
    width = max(words.dtype.itemsize, 1)
    out = np.ascontiguousarray(words.view(np.uint8).reshape(len(words), width).T) if len(words) else np.empty((width, 0), np.uint8)
    out[out == 0] = _SPACE
    return out


def _without(out: Column, absent: NDArray[np.bool_] | None) -> Column:
    if absent is not None and absent.any():
        rows = np.flatnonzero(absent)
        out[:, rows] = _SPACE
        out[: len(_NULL), rows] = _NULL[:, None]
    return out
