"""What the matching kernels are given: the network, the scratch of a thread, the parameters, the lattice. Tuples of plain arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Graph(NamedTuple):
    """A road network seen by one profile. E edges, N nodes, S shape points; metres of the plane where not said otherwise.

    cost: search cost of a whole edge, metres of an ordinary road; free_s: seconds at free speed; dead_end: the node's only way
    on is back; cheapest: the least cost of a straight metre; grid: (x0, y0, cell, columns, rows).
    """

    tail: Ints
    head: Ints
    twin: Ints
    shape_start: Ints
    length_m: Floats
    x_m: NDArray[np.float32]
    y_m: NDArray[np.float32]
    along_m: NDArray[np.float32]
    out_start: Ints
    out_edge: Ints
    node_x: Floats
    node_y: Floats
    cost: Floats
    free_s: Floats
    dead_end: NDArray[np.bool_]
    lanes: NDArray[np.uint8]
    grid: Floats
    cell_start: Ints
    cell_shape: Ints
    cell_edge: Ints
    cheapest: float


class Scratch(NamedTuple):
    """Working memory of one thread, allocated once and never cleared: a stamp says what is valid.

    clock: (2,) int64, the last stamps of searches and of neighbourhoods. node_from: the edge by which the label came, -1 for
    the way straight ahead from the start, -2 for the turn on the spot; node_before: the node it came from; node_turn: 1 the path
    begins with a turn, 2 at a dead end; wanted: stamps of edges that a search looks for; entry: the node it enters them from.
    """

    clock: NDArray[np.int64]
    node_stamp: Ints
    node_cost: Floats
    node_length: Floats
    node_free_s: Floats
    node_from: Ints
    node_before: Ints
    node_turn: NDArray[np.uint8]
    settled: Ints
    wanted: Ints
    entry: Ints
    heap_key: Floats
    heap_node: Ints
    edge_stamp: Ints
    edge_at: Ints
    near_edge: Ints
    near_shape: Ints
    near_fraction: Floats
    near_side: Floats
    stack: Ints


NEAR = 1_024
"""Roads in a neighbourhood at most."""


class Rules(NamedTuple):
    """`MatchParameters` as the kernels read them: metres, seconds, nats."""

    k: int
    radius_m: float
    radius_sigmas: float
    radius_limit_m: float
    map_m: float
    lane_m: float
    gnss_low_m: float
    gnss_high_m: float
    memory: float
    learn_confidence: float
    heading_speed: float
    heading_low: float
    heading_noise: float
    heading_limit: float
    beta_low_m: float
    beta_sigma: float
    beta_share: float
    speed_limit: float
    excess_share: float
    speed_term_s: float
    speed_term_limit: float
    turn_cost: float
    turn_still_cost: float
    turn_still_s: float
    turn_end_cost: float
    turn_m: float
    turn_end_m: float
    off_sigmas: float
    off_enter: float
    off_leave: float
    off_fixes: int
    off_run_m: float
    off_share: float
    break_s: float
    break_m: float
    gap_candidates: int
    detour: float
    detour_m: float
    keep_nats: float


class Lattice(NamedTuple):
    """Columns of a track, one a kept fix: k candidates and, last, the off-road state.

    edge, along, side: (n, k), along being what the best way there made of it; emission, score, alpha: (n, k + 1) nats;
    back: (n, k + 1) row of the column before, -1 none; leg: (n, k + 1) metres; turn: (n, k + 1) as `Scratch`;
    trans: (n, k + 1, k + 1) nats, [row, from, to]; count: (n,) candidates; off_m, off_n: (n,) metres and fixes of the run off
    the road; sigma, gnss2: (n,); first: (n,) reason of a new piece, 0 when the column hangs on the one before.
    """

    edge: Ints
    along: Floats
    side: Floats
    emission: Floats
    score: Floats
    alpha: Floats
    back: Ints
    leg: Floats
    turn: NDArray[np.uint8]
    trans: Floats
    count: Ints
    off_m: Floats
    off_n: Ints
    sigma: Floats
    gnss2: Floats
    first: NDArray[np.uint8]


class Fixes(NamedTuple):
    """Kept fixes: plane metres, degrees, seconds, m/s, radians, NaN where unknown; leave: the time of leaving, later than t for a
    stop; quality: the factor of the satellites."""

    x: Floats
    y: Floats
    lon: Floats
    lat: Floats
    t: Floats
    leave: Floats
    speed: Floats
    heading: Floats
    quality: Floats


def scratch_for(nodes: int, edges: int) -> Scratch:
    """Working memory for a network of so many nodes and edges."""
    ints = lambda size: np.zeros(size, np.int32)  # noqa: E731
    return Scratch(
        np.zeros(2, np.int64), ints(nodes), np.zeros(nodes), np.zeros(nodes), np.zeros(nodes), ints(nodes), ints(nodes),
        np.zeros(nodes, np.uint8), ints(nodes), ints(edges), ints(edges), np.zeros(edges + 8), ints(edges + 8), ints(edges), ints(edges),
        ints(NEAR), ints(NEAR), np.zeros(NEAR), np.zeros(NEAR), ints(edges + 8),
    )  # fmt: skip


def lattice_for(rows: int, k: int) -> Lattice:
    """An empty lattice."""
    wide: Any = (rows, k + 1)
    return Lattice(
        np.empty((rows, k), np.int32), np.empty((rows, k)), np.empty((rows, k)), np.empty(wide), np.empty(wide), np.empty(wide),
        np.empty(wide, np.int32), np.empty(wide), np.empty(wide, np.uint8), np.empty((rows, k + 1, k + 1)), np.empty(rows, np.int32),
        np.empty(rows), np.empty(rows, np.int32), np.empty(rows), np.empty(rows), np.empty(rows, np.uint8),
    )  # fmt: skip
