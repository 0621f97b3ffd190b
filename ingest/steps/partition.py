"""Which reader takes which terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def partition_of(id_hi: Array, id_lo: Array, partitions: int) -> Array:
    """Partition of each terminal, equal on every machine and in every version.

    Args:
        id_hi, id_lo: (n,) uint16 and uint64, packed terminal numbers.
    Returns:
        (n,) int64 in 0 to partitions - 1.
    Source: finaliser of splitmix64 (Steele, Lea, Flood 2014).
    """
    mixed = id_lo + id_hi.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    part: Array = (mixed % np.uint64(partitions)).astype(np.int64)
    return part
