"""Streets of towns and lanes of villages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.county.curves import Points, catmull_rom
from simulators.county.names import NameDealer
from simulators.county.sketch import Road, Sketch
from simulators.county.survey import rotate
from tracking.network.model import EdgeFlag, RoadClass

GATE_M = 260.0
"""Distance of a town's gates from its last street."""


@dataclass(frozen=True, slots=True)
class TownPlan:
    """Where a town lies: centre (2,) plane metres, half width and height, angle of its main street (rad)."""

    centre: Points
    half: tuple[float, float]
    angle: float

    def gates(self) -> Points:
        """(4, 2): east, north, west, south of the town, where country roads begin."""
        x, y = self.half[0] + GATE_M, self.half[1] + GATE_M
        out: Points = self.centre + rotate(np.array([[x, 0.0], [0.0, y], [-x, 0.0], [0.0, -y]]), self.angle)
        return out


def draw_streets(sketch: Sketch, plan: TownPlan, dealer: NameDealer, random: np.random.Generator) -> tuple[list[int], int]:
    """Draw a town's grid; returns its nodes at the gates (east, north, west, south) and its central node."""
    xs, ys = _lines(plan.half[0], random), _lines(plan.half[1], random)
    grid = np.empty((len(xs), len(ys)), np.int64)
    for i, x in enumerate(xs):
        for j, y in enumerate(ys):
            bend = random.uniform(-11, 11, 2)
            spot = plan.centre + rotate(np.array([[x + bend[0], y + bend[1]]]), plan.angle)[0]
            grid[i, j] = sketch.node(spot[0], spot[1])
    mid_x, mid_y = xs.index(0.0), ys.index(0.0)
    pieces = [(grid[i, j], grid[i, j + 1], _street(i, mid_x, len(xs)), 0, i) for i in range(len(xs)) for j in range(len(ys) - 1)]
    pieces += [(grid[i, j], grid[i + 1, j], _street(j, mid_y, len(ys)), 1, j) for j in range(len(ys)) for i in range(len(xs) - 1)]
    roads: dict[tuple[int, int], Road] = {}
    for tail, head, road_class, way, line in _opened(pieces, random):
        if (way, line) not in roads:
            name, name_en = dealer.street()
            roads[way, line] = Road(road_class, name, name_en, lanes=2 if road_class == RoadClass.SECONDARY else 1, flags=EdgeFlag.TOWN)
        sketch.line(int(tail), int(head), roads[way, line])
    gates = [int(grid[-1, mid_y]), int(grid[mid_x, -1]), int(grid[0, mid_y]), int(grid[mid_x, 0])]
    return gates, int(grid[mid_x, mid_y])


def _lines(half_m: float, random: np.random.Generator) -> list[float]:
    """Offsets of parallel streets, 0 among them, out to half_m on both sides."""
    sides = []
    for sign in (-1.0, 1.0):
        at, side = 0.0, []
        while at < half_m - 60:
            at = min(at + random.uniform(125, 215), half_m)
            side.append(sign * at)
        sides.append(side)
    return [*reversed(sides[0]), 0.0, *sides[1]]


def _street(line: int, middle: int, count: int) -> RoadClass:
    if line == middle:
        return RoadClass.SECONDARY
    if line in (0, count - 1) or abs(line - middle) == 3:
        return RoadClass.TERTIARY
    return RoadClass.RESIDENTIAL


Piece = tuple[np.int64, np.int64, RoadClass, int, int]


def _opened(pieces: list[Piece], random: np.random.Generator) -> list[Piece]:
    """The pieces less about one residential piece in seven, so that blocks differ in size; the rest stays connected."""
    kept = list(pieces)
    for piece in [pieces[i] for i in random.permutation(len(pieces))]:
        if piece[2] == RoadClass.RESIDENTIAL and random.random() < 0.15:
            rest = [other for other in kept if other is not piece]
            if _connected(rest):
                kept = rest
    return kept


def _connected(pieces: list[Piece]) -> bool:
    near: dict[int, list[int]] = {}
    for tail, head, *_ in pieces:
        near.setdefault(int(tail), []).append(int(head))
        near.setdefault(int(head), []).append(int(tail))
    start = next(iter(near))
    seen, todo = {start}, [start]
    while todo:
        for other in near[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return len(seen) == len(near)


def draw_lanes(sketch: Sketch, node: int, count: int, random: np.random.Generator) -> None:
    """Draw village lanes that leave a node into the gaps between the roads there, with a fork on the longer ones."""
    road = Road(RoadClass.RESIDENTIAL, flags=EdgeFlag.TOWN | EdgeFlag.NO_CENTRE_LINE)
    for _ in range(count):
        angle = _widest_gap(sketch.directions(node), random)
        reach = random.uniform(150, 340)
        points = _lane(sketch.at(node), angle, reach, random)
        if reach < 220:
            sketch.draw(node, sketch.node(*points[-1]), points, road)
            continue
        cut = len(points) * 3 // 5
        fork = sketch.node(*points[cut])
        sketch.draw(node, fork, points[: cut + 1], road)
        sketch.draw(fork, sketch.node(*points[-1]), points[cut:], road)
        branch = _lane(points[cut], angle + random.choice([-1.2, 1.2]), reach * 0.45, random)
        sketch.draw(fork, sketch.node(*branch[-1]), branch, road)


def _widest_gap(angles: list[float], random: np.random.Generator) -> float:
    if not angles:
        return float(random.uniform(-np.pi, np.pi))
    ring = np.sort(np.mod(angles, 2 * np.pi))
    gaps = np.diff(np.append(ring, ring[0] + 2 * np.pi))
    row = int(np.argmax(gaps))
    return float(ring[row] + gaps[row] * random.uniform(0.4, 0.6))


def _lane(start: Points, angle: float, reach_m: float, random: np.random.Generator) -> Points:
    rows = [start]
    for _ in range(3):
        rows.append(rows[-1] + reach_m / 3 * np.array([np.cos(angle), np.sin(angle)]))
        angle += random.uniform(-0.45, 0.45)
    return catmull_rom(np.array(rows), 15.0)
