"""64-bit marks of rows of numbers, the same on every machine and in every version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def mix(columns: Sequence[NDArray[Any]]) -> Words:
    """(n,) uint64: a hash of each row over the columns, all (n,) whole numbers.

    Source: finaliser of SplitMix64 (Steele, Lea, Flood 2014), chained over the columns.
    """
    state = np.zeros(columns[0].size, np.uint64)
    for column in columns:
        word = np.ascontiguousarray(column).astype(np.int64 if column.dtype.kind == "i" else np.uint64).view(np.uint64)
        state = _finish((state + np.uint64(0x9E3779B97F4A7C15)) ^ word)
    return state


def _finish(word: Words) -> Words:
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def edge_keys(
    way_id: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], against: NDArray[np.bool_], length_m: NDArray[np.float64]
) -> Words:
    """(E,) keys of (way id, first node id, last node id, against the way); equal ones are told apart by length, then row."""
    parts = [way_id, first, last, against.astype(np.int64)]
    keys = mix(parts)
    order = np.lexsort([np.arange(keys.size), length_m, keys])
    same = np.concatenate([[False], keys[order][1:] == keys[order][:-1]])
    if same.any():
        begin = np.maximum.accumulate(np.where(same, 0, np.arange(keys.size)))
        nth = np.zeros(keys.size, np.int64)
        nth[order] = np.arange(keys.size) - begin
        keys = np.where(nth > 0, mix([*parts, nth]), keys)
    return keys
