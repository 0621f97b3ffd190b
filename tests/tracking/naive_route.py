"""Slow twins of `tracking.kernels.route`, `placing` and `outline`: lists of pieces, every few metres of a way looked at."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracking.kernels.paths import JUMP
from tracking.kernels.route import BACK_ON_ROAD, LEFT_ROAD, NO_WAY, OFF_ROAD, ON_ROAD
from tracking.kernels.spells import KEPT, STILL, THINNED

STEP_M = 5.0


@dataclass
class Piece:
    kind: int
    reason: int
    rows: list[int]
    length_m: float = 0.0
    metres: list[float] = field(default_factory=lambda: [0.0])

    def add(self, row: int, metres: float) -> None:
        self.rows.append(row)
        self.length_m += metres
        self.metres.append(self.length_m)


def left_out(lattice: Any, chosen: list[int], row: int) -> bool:
    after = row + 1
    return after < len(chosen) and lattice.columns[after]["first"] == 0 and bool(lattice.states[after, chosen[after]]["over"] >= 0)


def pieces(lattice: Any, chosen: list[int]) -> list[Piece]:
    """Runs on and off the road; what leads off a road, and back, belongs to the run off it, which borrows the fixes at its ends."""
    k = lattice.states.shape[1] - 1
    out: list[Piece] = []
    before = -1
    for row, j in enumerate(chosen):
        if left_out(lattice, chosen, row):
            continue
        first, leg = int(lattice.columns[row]["first"]), float(lattice.states[row, j]["leg"])
        jumps = int(lattice.states[row, j]["turn"]) == JUMP
        if first:
            out.append(Piece(ON_ROAD if j != k else OFF_ROAD, first, [row]))
        else:
            was_on, on = chosen[before] != k, j != k
            if was_on and (not on or jumps):
                out.append(Piece(OFF_ROAD, NO_WAY if on else LEFT_ROAD, [before]))
            out[-1].add(row, leg)
            if on and (not was_on or jumps):
                out.append(Piece(ON_ROAD, BACK_ON_ROAD, [row]))
        before = row
    return out


class Spot(NamedTuple):
    """A place of a way: metres from its beginning, the row of its part, metres on the edge, plane metres."""

    metres: float
    part: int
    along: float
    x: float
    y: float


def point(g: Any, edge: int, along: float) -> tuple[float, float]:
    """Plane metres of a place on an edge."""
    rows = range(int(g.edges[edge]["shape_start"]), int(g.edges[edge]["shape_end"]))
    shape = [tuple(float(g.points[j][name]) for name in ("along", "x", "y")) for j in rows]
    for (a, ax, ay), (b, bx, by) in itertools.pairwise(shape):
        if along <= b and b > a:
            share = max(along - a, 0.0) / (b - a)
            return ax + share * (bx - ax), ay + share * (by - ay)
    return shape[-1][1:]  # type: ignore[return-value]


def spots(g: Any, path: Any, start: int, end: int) -> list[Spot]:
    """Places of the parts start to end, some metres apart, the corners too."""
    out, total = [], 0.0
    for part in range(start, end):
        edge, low, high = int(path[part]["edge"]), float(path[part]["from_m"]), float(path[part]["to_m"])
        rows = range(int(g.edges[edge]["shape_start"]), int(g.edges[edge]["shape_end"]))
        corners = [at for j in rows if low < (at := float(g.points[j]["along"])) < high]
        steps = [low + STEP_M * step for step in range(math.ceil((high - low) / STEP_M))]
        out += [Spot(total + at - low, part, at, *point(g, edge, at)) for at in sorted([*steps, *corners, high])]
        total += high - low
    return out


def locate(g: Any, path: Any, start: int, end: int, metres: float) -> tuple[float, float]:
    """Plane metres of a place of a way so far from its beginning."""
    for part in range(start, end):
        edge, low, high = int(path[part]["edge"]), float(path[part]["from_m"]), float(path[part]["to_m"])
        if metres <= high - low or part == end - 1:
            return point(g, edge, min(low + metres, high))
        metres -= high - low
    raise ValueError("a way of no parts")


def nearest(spots: list[Spot], low: float, high: float, x: float, y: float) -> float:
    """Least distance of a point to a way between two of its metres."""
    return min((math.hypot(x - s.x, y - s.y) for s in spots if low - 1e-9 <= s.metres <= high + 1e-9), default=math.inf)


class Row(NamedTuple):
    """What a row of a track takes from the lattice."""

    state: int
    edge: int
    along: float
    side: float
    piece: int
    metres: float
    confidence: float
    low: int
    high: int
    sigma: float


VOID = Row(4, -1, math.nan, math.nan, -1, math.nan, 0.0, 0, 0, 0.0)


def spread(codes: list[int], lattice: Any, chosen: list[int], piece_of: list[int], path_m: list[float], judged: Any) -> list[Row]:
    """One `Row` for each code, in the order of time."""
    k = lattice.states.shape[1] - 1
    out: list[Row] = []
    kept = VOID
    a = -1
    for code in codes:
        if code == KEPT:
            a += 1
            state, on = lattice.states[a, chosen[a]], chosen[a] != k
            where = (int(state["edge"]), float(state["along"]), float(state["side"])) if on else (-1, math.nan, math.nan)
            sure = [column[a] for column in judged]
            kept = Row(0 if on else 1, *where, piece_of[a], path_m[a], *sure, float(lattice.columns[a]["sigma"]))
            if piece_of[a] < 0:
                kept = kept._replace(state=4, edge=-1, along=math.nan, side=math.nan)
            out.append(kept)
        elif code not in (STILL, THINNED) or a < 0 or piece_of[a] < 0:
            out.append(VOID)
        elif code == STILL:
            out.append(kept._replace(state=2))
        else:
            out.append(kept._replace(state=3, edge=-1, along=math.nan, side=math.nan))
    return out


def outline(parts: list[tuple[int, float, float]], shapes: list[list[tuple[float, float, float]]]) -> list[tuple[float, float]]:
    """Degrees of the corners of parts of edges; shapes: (lon, lat, metres) of each edge's points."""
    out: list[tuple[float, float]] = []
    for edge, low, high in parts:
        shape = shapes[edge]
        for at in [low, *(m for _, _, m in shape if low < m < high), high]:
            (x0, y0, a), (x1, y1, b) = next(((p, q) for p, q in itertools.pairwise(shape) if at <= q[2]), (shape[-2], shape[-1]))
            share = min(max((at - a) / (b - a), 0.0), 1.0) if b > a else 0.0
            out.append((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
    return out
