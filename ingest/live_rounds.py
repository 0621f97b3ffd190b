"""Rows of many vehicles in rounds: between two rounds a track may end, at instants that depend on the fixes alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

GRID_MS = 300_000
"""Tracks end between two fixes of a vehicle that lie in different spans of this length; midnight and 03:00 begin spans."""


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """Rows (n,) int64 that are fed in one go; turns (m,) int64, those of them before which their vehicle's track may end."""

    rows: NDArray[np.int64]
    turns: NDArray[np.int64]


def rounds(slots: Array, t_ms: Array, seen_ms: Array) -> list[Round]:
    """Each vehicle's rows cut at the grid, its first piece in the first round, and so on. Where a batch is cut changes nothing.

    Args:
        slots: (n,) int, rows of one vehicle side by side; t_ms: (n,) int64, rising for each vehicle; seen_ms: (n,) int64, the vehicle's
            last fix before these.
    """
    if not len(slots):
        return []
    fresh = np.append(True, slots[1:] != slots[:-1])
    before = np.where(fresh, seen_ms, np.append(0, t_ms[:-1]))
    turn = t_ms // GRID_MS != before // GRID_MS
    piece = np.cumsum(fresh | turn)
    first = np.flatnonzero(fresh)
    rank = piece - np.repeat(piece[first], np.diff(np.append(first, len(slots))))
    order = np.argsort(rank, kind="stable")
    found = np.split(order, np.flatnonzero(np.diff(rank[order])) + 1)
    return [Round(rows, rows[turn[rows]]) for rows in found]
