"""Pieces of driving, by vehicle and driver: what the rules that follow a person over vehicles are folded from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.driving import DRIVING_LIMITS, DRIVING_STATE
from tracking.kernels.edges import fields
from tracking.kernels.pieces import wheel_pieces
from tracking.violations import driving
from tracking.violations.model import Array, Rows

PIECE = np.dtype([("begin_ms", "<i8"), ("end_ms", "<i8"), ("slot", "<i4"), ("driver", "<i4"), ("spell_ms", "<i8")], align=True)
"""A vehicle was driven from begin_ms to end_ms. driver: of its card, 0 unknown; spell_ms: when the spell began. A
row without length: the spell's first card came in."""


def pieces_of(rows: Rows, numbers: dict[str, Any], states: Array) -> Array:
    """`PIECE` rows of fixes of one day or less, by vehicle and time.

    Args:
        numbers: of a row of FAT-4H's thresholds: what driving, standing and rest are.
        states: (V,) `DRIVING_STATE`, written to.
    """
    limits = np.array([driving.pack(numbers, 0)], DRIVING_LIMITS)
    found = np.empty(2 * len(rows) + 1, PIECE)
    count = wheel_pieces(
        rows.start, rows.t_ms, rows.place, rows.speed_kmh, rows.acc, rows.driver, fields(limits), fields(states), fields(found)
    )
    return found[:count]


def blank(count: int) -> Array:
    """(count,) states of vehicles that nothing is known of."""
    return np.zeros(count, DRIVING_STATE)


def attributed(pieces: Array) -> Array:
    """What was driven before the first card of a spell is that driver's. pieces: of one call or of many, each vehicle's in time order."""
    out = pieces[np.lexsort((pieces["begin_ms"], pieces["spell_ms"], pieces["slot"]))]
    for row in range(len(out) - 2, -1, -1):
        after = out[row + 1]
        if out["driver"][row] == 0 and (after["slot"], after["spell_ms"]) == (out["slot"][row], out["spell_ms"][row]):
            out["driver"][row] = after["driver"]
    return out[out["end_ms"] > out["begin_ms"]]


def union(begin_ms: NDArray[np.int64], end_ms: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pieces of one driver over vehicles as disjoint rising ones: driving two vehicles at once is driving once."""
    order = np.argsort(begin_ms, kind="stable")
    begin, end = begin_ms[order], np.maximum.accumulate(end_ms[order]) if begin_ms.size else end_ms
    first = np.concatenate([[True], begin[1:] > end[:-1]])[: begin.size]
    last = np.concatenate([first[1:], [True]])[: begin.size]
    return begin[first], end[last]
