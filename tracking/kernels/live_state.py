"""What streaming remembers of a vehicle between two calls, and what it tells: plain records, the same bytes on every machine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.graph import FIX, Lattice, lattice_for

Array = NDArray[Any]

FORMAT = 2
"""Number of the record's layout; raised when it changes."""
BASE, LAST, WAITING = 0, 1, 2
"""Rows of `fix`: the two newest columns' fixes, and a dense fix that becomes a column if silence follows it."""
FIX_WIDTH = len(FIX.names or ())
_LINE = 64
"""Bytes that a processor fetches at once; a record begins with one."""
NODES = 54
"""States of the window that live, the two newest columns whole; when there are more the oldest are committed."""


def match_state(k: int = 8, window: int = 16, nodes: int = NODES) -> np.dtype[Any]:
    """Layout of one vehicle's record.

    A column has k candidates and the off-road state. Nodes are the states that the newest two columns (the tips) come from, in
    the order of time, each with its way from `node_up`, -1 at the beginning of a piece; a committed one is the first (`rooted`).
    Columns stand at `sequence % window`. What every row asks for comes first. likely_edge (-1 off the road), likely_along, likely_side,
    likely_m: the newest column's best place, and metres from what is committed to there. Degrees, plane metres, epoch ms; NaN where unknown.
    """
    states = k + 1
    fields: list[Any] = [
        ("network", "<u8"), ("parameters", "<u8"), ("number", "<i8"),
        ("seen_ms", "<i8"), ("valid_ms", "<i8"), ("valid_x", "<f8"), ("valid_y", "<f8"),
        ("drift_ms", "<i8"), ("drift_x", "<f8"), ("drift_y", "<f8"),
        ("still_ms", "<i8"), ("inside_ms", "<i8"), ("still_x", "<f8"), ("still_y", "<f8"), ("still_odometer_m", "<f8"),
        ("same_odometer_m", "<f8"), ("same_lon", "<i4"), ("same_lat", "<i4"), ("still_fixes", "<i4"), ("tail", "<i4"),
        ("sequence", "<i4"), ("root_sequence", "<i4"), ("off_n", "<i4"), ("check", "<u4"),
        ("nodes", "<i4"), ("count", "<i2", (2,)), ("format", "u1"), ("columns", "u1"), ("first", "u1"), ("rooted", "u1"),
        ("waits", "u1"), ("still", "u1"), ("beyond", "u1"), ("slow", "u1"), ("same_fast", "u1"), ("drifts", "u1"),
        ("limit_low", "u1"), ("limit_high", "u1"), ("confidence", "<f4"), ("likely_edge", "<i4"), ("likely_side", "<f4"),
        ("likely_along", "<f8"), ("likely_m", "<f8"),
        ("committed_m", "<f8"), ("piece_m", "<f8"), ("gnss2", "<f8"), ("off_m", "<f8"),
        ("column_ms", "<i8", (window,)), ("column_sigma", "<f8", (window,)), ("fix", "<f8", (3, FIX_WIDTH)),
        ("tip_score", "<f8", (2, states)), ("tip_side", "<f8", (2, states)), ("tip_alpha", "<f8", (states,)),
        ("node_along", "<f8", (nodes,)), ("node_leg", "<f8", (nodes,)), ("node_edge", "<i4", (nodes,)),
        ("tip_node", "<i2", (2, states)), ("node_up", "<i2", (nodes,)), ("node_column", "<i2", (nodes,)), ("node_turn", "u1", (nodes,)),
    ]  # fmt: skip
    return np.dtype([*fields, ("spare", "u1", (-np.dtype(fields).itemsize % _LINE,))])


MATCH_STATE = match_state()
"""The record of the default parameters."""

ESTIMATE = np.dtype(
    [
        ("along_m", "<f8"), ("driven_m", "<f8"), ("offset_m", "<f4"), ("confidence", "<f4"), ("sigma_m", "<f4"), ("edge", "<i4"),
        ("state", "u1"), ("limit_low_kmh", "u1"), ("limit_high_kmh", "u1"), ("late", "?"),
    ],
    align=True,
)  # fmt: skip
"""What is known of a row when it comes: edge -1, along_m and offset_m NaN off the road; confidence 0 to 1; driven_m metres committed
since the record began and the likeliest way from there, provisional; state a `State`; late: not newer than a row before it, left
to the day. Thinned, standing and void rows repeat the estimate of the last column."""

COMMITTED = np.dtype(
    [
        ("number", "<i8"), ("t_ms", "<i8"), ("along_m", "<f8"), ("leg_m", "<f8"), ("path_m", "<f8"), ("edge", "<i4"), ("slot", "<i4"),
        ("part_start", "<i4"), ("part_end", "<i4"), ("reason", "u1"),
    ],
    align=True,
)  # fmt: skip
"""A fix that will not change any more. number: running for the vehicle; edge: -1 off the road; reason: why a piece begins here, 0
when the way goes on; leg_m: metres from the committed fix before; path_m: from the beginning of its piece; part_start, part_end:
rows of the parts that lead to it."""


END = np.dtype([("along", "<f8"), ("leg", "<f8"), ("sigma", "<f8"), ("edge", "<i4"), ("turn", "<i4")], align=True)
"""A place that a way begins at or leads to, edge -1: no way; leg: its metres; turn: how it was found; sigma: of the fix."""


class Work(NamedTuple):
    """Working memory of a call. lattice: three columns, the base, the one before, the new one; fixes: (3,) `FIX`; order: (k,);
    marks: (nodes, 2) int32; ahead: (k + 1,) zeros; confidence: (1,); low, high: (1,) km/h; used: (1,) committed fixes."""

    lattice: Lattice
    fixes: Array
    order: NDArray[np.int32]
    marks: NDArray[np.int32]
    ahead: NDArray[np.float64]
    confidence: NDArray[np.float64]
    low: NDArray[np.uint8]
    high: NDArray[np.uint8]
    used: NDArray[np.int64]


def work_for(k: int, nodes: int) -> Work:
    """Working memory for records of `match_state(k, ..., nodes)`."""
    return Work(
        lattice_for(3, k), np.zeros(3, FIX), np.zeros(k, np.int32), np.zeros((nodes, 2), np.int32), np.zeros(k + 1), np.zeros(1),
        np.zeros(1, np.uint8), np.zeros(1, np.uint8), np.zeros(1, np.int64),
    )  # fmt: skip
