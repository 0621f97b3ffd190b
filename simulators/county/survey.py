"""The surveyor: cheapest roads over the terrain, on a jittered grid; later roads prefer to join earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulators.county.curves import Points
from simulators.county.sketch import Road
from simulators.county.terrain import Terrain

_GRADE = 0.055
"""Slope that doubles the price of a metre of road."""
_REUSE = 0.45
"""Price of a metre where a road already is."""


@dataclass(slots=True)
class Survey:
    """The grid, its prices and the roads on it. Cells are numbered row by row.

    place: (cells, 2) plane metres; neighbours: (offset, price of each cell's step) in 8 directions; roads: (lower cell,
    higher cell) -> Road; closed: cells that no road may enter; crossing: diagonals taken, by the sum of their ends.
    """

    columns: int
    rows: int
    cell_m: float
    place: Points
    altitude: NDArray[np.float64]
    neighbours: list[tuple[int, list[float]]]
    roads: dict[tuple[int, int], Road] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    crossing: dict[int, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def over(cls, terrain: Terrain, width_m: float, height_m: float, cell_m: float, seed: int) -> Survey:
        """A survey grid over a rectangle around the plane's origin."""
        columns, rows = int(width_m / cell_m) + 1, int(height_m / cell_m) + 1
        random = np.random.default_rng([seed, 13])
        x = (np.arange(columns) - (columns - 1) / 2) * cell_m
        y = (np.arange(rows) - (rows - 1) / 2) * cell_m
        place = np.stack(np.meshgrid(x, y), axis=-1) + random.uniform(-0.3, 0.3, (rows, columns, 2)) * cell_m
        altitude = terrain.altitude_m(place[..., 0], place[..., 1])
        neighbours = []
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            price = np.full((rows, columns), np.inf)
            here = np.s_[max(0, -dy) : rows - max(0, dy), max(0, -dx) : columns - max(0, dx)]
            there = np.s_[max(0, dy) : rows - max(0, -dy), max(0, dx) : columns - max(0, -dx)]
            step = np.hypot(*np.moveaxis(place[there] - place[here], -1, 0))
            price[here] = step * (1 + (np.abs(altitude[there] - altitude[here]) / step / _GRADE) ** 2)
            neighbours.append((dy * columns + dx, price.ravel().tolist()))
        return cls(columns, rows, cell_m, place.reshape(-1, 2), altitude.ravel(), neighbours)

    def cell_at(self, x_m: float, y_m: float) -> int:
        """The open cell nearest to a place, away from the grid's rim."""
        away = np.hypot(self.place[:, 0] - x_m, self.place[:, 1] - y_m)
        rows, columns = np.divmod(np.arange(away.size), self.columns)
        away[(rows < 1) | (rows > self.rows - 2) | (columns < 1) | (columns > self.columns - 2)] = np.inf
        if self.closed:
            away[list(self.closed)] = np.inf
        return int(np.argmin(away))

    def close(self, centre: Points, half: tuple[float, float], angle: float) -> None:
        """Shut the cells of a town's rectangle: roads reach it through its gates only."""
        turned = _rotate(self.place - centre, -angle)
        inside = (np.abs(turned[:, 0]) < half[0]) & (np.abs(turned[:, 1]) < half[1])
        self.closed.update(np.flatnonzero(inside).tolist())

    def build(self, sources: list[int], targets: list[int], road: Road) -> list[int]:
        """Build the cheapest road between two groups of cells; pieces that exist keep their name and rank.

        Returns:
            Cells from a source to a target, empty when there is no way.
        """
        path = self._search(sources, targets)
        for a, b in pairwise(path):
            key = (min(a, b), max(a, b))
            self.roads.setdefault(key, road)
            if self._diagonal(a, b):
                self.crossing[a + b] = key
        return path

    def _diagonal(self, a: int, b: int) -> bool:
        return abs(a - b) in (self.columns + 1, self.columns - 1)

    def _search(self, sources: list[int], targets: list[int]) -> list[int]:
        goal = self.place[targets]
        away = np.hypot(self.place[:, None, 0] - goal[None, :, 0], self.place[:, None, 1] - goal[None, :, 1]).min(axis=1)
        hope = (away * _REUSE).tolist()
        ends, best, came = set(targets), dict.fromkeys(sources, 0.0), dict.fromkeys(sources, -1)
        heap = [(hope[cell], cell) for cell in sources]
        heap.sort()
        done: set[int] = set()
        while heap:
            _, cell = heappop(heap)
            if cell in done:
                continue
            if cell in ends:
                return self._trace(came, cell)
            done.add(cell)
            for offset, prices in self.neighbours:
                price, there = prices[cell], cell + offset
                if price == np.inf or there in done or there in self.closed:
                    continue
                if (min(cell, there), max(cell, there)) in self.roads:
                    price *= _REUSE
                elif self.crossing and self._diagonal(cell, there) and cell + there in self.crossing:
                    continue
                total = best[cell] + price
                if total < best.get(there, np.inf):
                    best[there], came[there] = total, cell
                    heappush(heap, (total + hope[there], there))
        return []

    @staticmethod
    def _trace(came: dict[int, int], cell: int) -> list[int]:
        path = [cell]
        while came[path[-1]] >= 0:
            path.append(came[path[-1]])
        return path[::-1]


def _rotate(points: Points, angle: float) -> Points:
    c, s = np.cos(angle), np.sin(angle)
    turned: Points = points @ np.array([[c, s], [-s, c]])
    return turned


def rotate(points: Points, angle: float) -> Points:
    """Points turned by an angle (rad, anticlockwise) round the origin."""
    return _rotate(points, angle)
