"""Whole numbers as bytes: differences, signs folded in, seven bits a byte. Paths of a day take a few kilobytes."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from domain.errors import StoreError

Ints = NDArray[np.int64]

_WIDEST = 10
"""Bytes of the widest number: 64 bits, seven a byte."""


def pack(columns: list[Ints]) -> bytes:
    """Columns of one length as bytes.

    Args:
        columns: (n,) int64 each; those whose neighbours are alike become small.
    Source: zigzag and base-128 varints as in Protocol Buffers ("Encoding"), then zlib (RFC 1950).
    """
    count = len(columns[0]) if columns else 0
    body = [_varints(np.array([len(columns), count], np.int64))]
    body += [_varints(_zigzag(_steps(column.astype(np.int64)))) for column in columns]
    return zlib.compress(b"".join(body), 6)


def unpack(body: bytes) -> list[Ints]:
    """Columns of `pack`.

    Raises:
        StoreError: the bytes are not of this form.
    """
    try:
        numbers = _numbers(zlib.decompress(body))
    except zlib.error as error:
        raise StoreError(f"packed columns cannot be read: {error}") from error
    if numbers.size < 2 or numbers.size != 2 + int(numbers[0]) * int(numbers[1]):
        raise StoreError(f"packed columns hold {numbers.size} numbers, which does not fit their head")
    columns, count = int(numbers[0]), int(numbers[1])
    values = numbers[2:].reshape(columns, count)
    signed = (values >> np.uint64(1)).astype(np.int64) ^ -(values & np.uint64(1)).astype(np.int64)
    return [np.cumsum(column) for column in signed]


def _steps(column: Ints) -> Ints:
    steps = column.copy()
    steps[1:] -= column[:-1]
    return steps


def _zigzag(values: Ints) -> NDArray[np.uint64]:
    folded: NDArray[np.uint64] = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    return folded


def _varints(values: NDArray[np.int64] | NDArray[np.uint64]) -> bytes:
    """Base-128 bytes, lowest seven bits first, the top bit set on all but the last of a number."""
    left = values.astype(np.uint64)
    shifts = (np.arange(_WIDEST, dtype=np.uint64) * np.uint64(7))[None, :]
    parts = left[:, None] >> shifts
    used = np.maximum((parts != 0).sum(axis=1), 1)
    rows = (parts & np.uint64(0x7F)).astype(np.uint8)
    place = np.arange(_WIDEST)[None, :]
    rows[place < (used - 1)[:, None]] |= 0x80
    return bytes(rows[place < used[:, None]].tobytes())


def _numbers(body: bytes) -> NDArray[np.uint64]:
    """Numbers of base-128 bytes."""
    flat = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(flat < 0x80)
    if flat.size == 0 or ends.size == 0 or ends[-1] != flat.size - 1:
        raise StoreError("packed columns end in the middle of a number")
    starts = np.concatenate([[0], ends[:-1] + 1])
    shift = (np.arange(flat.size) - np.repeat(starts, ends - starts + 1)).astype(np.uint64) * np.uint64(7)
    return np.add.reduceat((flat & 0x7F).astype(np.uint64) << shift, starts)
