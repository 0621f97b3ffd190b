"""What the matching kernels are given: the network, the scratch of a thread, the parameters, the lattice. Few arrays of records:
what is read together lies together, and a call passes little."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NODE = np.dtype([("x", "<f8"), ("y", "<f8"), ("out_start", "<i4"), ("out_end", "<i4"), ("dead_end", "?")], align=True)
"""Plane metres, its rows of arcs; dead_end: the only way on is back."""
ARC = np.dtype(
    [("cost", "<f8"), ("length", "<f8"), ("free_s", "<f8"), ("head", "<i4"), ("edge", "<i4"), ("twin", "<i4"), ("base", "<i4")], align=True
)
"""An edge as its tail sees it, the arcs of a node side by side; base: the edge that it doubles behind a banned turn, else itself. cost: metres of an ordinary road; free_s: seconds at free speed."""
EDGE = np.dtype(
    [
        ("cost", "<f8"), ("length", "<f8"), ("free_s", "<f8"), ("pace", "<f8"), ("head", "<i4"), ("tail", "<i4"), ("twin", "<i4"),
        ("shape_start", "<i4"), ("shape_end", "<i4"),
    ],
    align=True,
)  # fmt: skip
"""pace: seconds a metre at free speed."""
SEGMENT = np.dtype([("ax", "<f4"), ("ay", "<f4"), ("bx", "<f4"), ("by", "<f4"), ("edge", "<i4"), ("shape", "<i4")])
"""A straight piece of a road in a cell of the grid, plane metres; shape: the row of its first point."""
POINT = np.dtype([("x", "<f4"), ("y", "<f4"), ("along", "<f4")])
"""A point of an edge's shape: plane metres, and metres from the edge's start."""
LABEL = np.dtype(
    [
        ("cost", "<f8"), ("length", "<f8"), ("free_s", "<f8"), ("stamp", "<i4"), ("settled", "<i4"), ("came", "<i4"),
        ("before", "<i4"), ("turn", "<i4"),
    ],
    align=True,
)  # fmt: skip
"""The way to a node in the search of that stamp. came: the edge it came by, -1 straight ahead from the start, -2 the turn on the
spot; before: the node it came from; turn: 1 the way begins with a turn, 2 with one at a dead end."""
ASKED = np.dtype([("stamp", "<i4"), ("entry", "<i4")])
"""Whether a search looks for an edge (its stamp; negative once found), and the node from which it enters it."""
HEAP = np.dtype([("key", "<f8"), ("node", "<i8")])
NEARBY = np.dtype([("side", "<f8"), ("fraction", "<f8"), ("edge", "<i4"), ("shape", "<i4"), ("dx", "<f4"), ("dy", "<f4")])
"""A road near a fix at its nearest place; side: signed metres; dx, dy: the direction there."""
SEEN = np.dtype([("stamp", "<i4"), ("at", "<i4")])

STATE = np.dtype(
    [
        ("along", "<f8"), ("side", "<f8"), ("emission", "<f8"), ("score", "<f8"), ("alpha", "<f8"), ("leg", "<f8"), ("edge", "<i4"),
        ("back", "<i4"), ("turn", "<i4"), ("over", "<i4"),
    ],
    align=True,
)  # fmt: skip
"""A candidate in a column; the last of a column is the off-road state. along: what the best way there made of it; nats: emission,
score, alpha; back: the state of the column before, -1 none; leg: metres of the best way; over: when that way skips the fix before, the state
of the column before that, else -1."""
COLUMN = np.dtype([("sigma", "<f8"), ("gnss2", "<f8"), ("off_m", "<f8"), ("count", "<i4"), ("off_n", "<i4"), ("first", "<i4")], align=True)
"""A kept fix. off_m, off_n: metres and fixes of the run off the road; first: why a piece begins here, 0 when it goes on."""
FIX = np.dtype([(name, "<f8") for name in ("x", "y", "lon", "lat", "t", "leave", "speed", "heading", "quality")])
"""Kept fixes: plane metres, degrees, seconds, m/s, radians, NaN where unknown; leave: the time of leaving, later than t for a stop;
quality: the factor of the satellites."""

NEAR = 1_024
"""Roads in a neighbourhood at most."""


class Graph(NamedTuple):
    """A road network seen by one profile. grid: (x0, y0, cell, columns, rows); cheapest: (1,) least cost of a straight metre."""

    nodes: Array
    arcs: Array
    edges: Array
    points: Array
    grid: NDArray[np.float64]
    cell_start: NDArray[np.int32]
    segments: Array
    cheapest: NDArray[np.float64]


class Scratch(NamedTuple):
    """Working memory of one thread, allocated once and never cleared: a stamp says what is valid. clock: (2,) the last stamps of
    searches and of neighbourhoods."""

    clock: NDArray[np.int64]
    labels: Array
    asked: Array
    heap: Array
    seen: Array
    near: Array
    stack: NDArray[np.int32]


class Lattice(NamedTuple):
    """Columns of a track. states: (n, k + 1); trans: (n, k + 1, k + 1) nats, [row, from, to]; columns: (n,)."""

    states: Array
    trans: NDArray[np.float64]
    columns: Array


RULE_NAMES = (
    "radius_m", "radius_sigmas", "radius_limit_m", "map_m", "lane_m", "gnss_low_m", "gnss_high_m", "memory", "learn_confidence",
    "heading_speed", "heading_low", "heading_noise", "heading_limit", "beta_low_m", "beta_sigma", "beta_share", "speed_limit",
    "excess_share", "speed_term_s", "speed_term_limit", "turn_cost", "turn_still_cost", "turn_still_s", "turn_end_cost", "turn_m",
    "turn_end_m", "off_sigmas", "off_enter", "off_leave", "off_fixes", "off_run_m", "off_share", "jump_cost", "break_s", "break_m",
    "gap_candidates", "detour", "detour_m", "detour_nats", "first_detour", "first_detour_m", "keep_nats", "beam_nats", "over_nats",
)  # fmt: skip
RULES = np.dtype([(name, "<f8") for name in RULE_NAMES])
"""`MatchParameters` as the kernels read them: metres, seconds, radians, nats."""


def scratch_for(nodes: int, edges: int) -> Scratch:
    """Working memory for a network of so many nodes and edges."""
    return Scratch(
        np.zeros(2, np.int64), np.zeros(nodes, LABEL), np.zeros(edges, ASKED), np.zeros(edges + 8, HEAP), np.zeros(edges, SEEN),
        np.zeros(NEAR, NEARBY), np.zeros(edges + 64, np.int32),
    )  # fmt: skip


def lattice_for(rows: int, k: int) -> Lattice:
    """An empty lattice."""
    return Lattice(np.empty((rows, k + 1), STATE), np.empty((rows, k + 1, k + 1)), np.empty(rows, COLUMN))
