"""In which of many areas a place lies: a grid over their outlines, exact at the borders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from tracking.kernels.areas import DOUBTFUL, areas_at, middles
from tracking.kernels.cells import fill_cells

Floats = NDArray[np.float64]

_SCALE = 1e5
"""Units a degree: about a metre each, as the grid's slack is meant."""
_CELLS_MOST = 6_000_000
_CELL_DEG = 0.005
"""Smallest cell; the country's is four times as wide, for `_CELLS_MOST`."""
_ODD = 0.00012345678
"""Degrees by which the grid is shifted, so that no round coordinate falls on the middle of a cell."""


class Areas:
    """Outlines with codes, ready to be asked.

    A place on a border belongs to the area that comes first. Where areas lie over each other, likewise.

    Args:
        codes: (A,) of the areas; outlines: (A,) Polygon or MultiPolygon, degrees; cell_deg: side of a cell at least.
    """

    def __init__(self, codes: Sequence[int], outlines: Sequence[BaseGeometry], cell_deg: float = _CELL_DEG) -> None:
        order = sorted(range(len(codes)), key=lambda row: codes[row])
        self.codes = np.array([codes[row] for row in order], np.int32)
        self._outlines = np.array([outlines[row] for row in order], object)
        self._tree = shapely.STRtree(self._outlines)
        rings, owner = _rings(self._outlines)
        places = shapely.get_coordinates(rings) * _SCALE
        self._x, self._y = np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])
        self._grid = _grid(self._x, self._y, cell_deg)
        starts = np.append(0, np.cumsum(shapely.get_num_coordinates(rings))).astype(np.int32)
        cells = fill_cells(self._x, self._y, starts, np.ones(len(owner), np.bool_), self._grid)
        self._cell_start, self._cell_shape, self._cell_area = cells[0], cells[1], owner[cells[2]]
        self._middle = middles(self._x, self._y, starts, owner, len(self.codes), self._grid)

    def __len__(self) -> int:
        return len(self.codes)

    def at(self, lon: Floats, lat: Floats) -> NDArray[np.int32]:
        """(n,) code of the area of each place, degrees; 0 where there is none, and for NaN."""
        rows = self.rows(lon, lat)
        return np.where(rows >= 0, self.codes[rows], 0).astype(np.int32) if len(self.codes) else np.zeros(len(rows), np.int32)

    def rows(self, lon: Floats, lat: Floats) -> NDArray[np.int32]:
        """(n,) row of the area of each place, -1 where there is none; rows by rising code."""
        out = np.empty(len(lon), np.int32)
        areas_at(
            self._x, self._y, self._cell_start, self._cell_shape, self._cell_area, self._middle, self._grid,
            np.asarray(lon, np.float64) * _SCALE, np.asarray(lat, np.float64) * _SCALE, out,
        )  # fmt: skip
        doubtful = np.flatnonzero(out == DOUBTFUL)
        if len(doubtful):
            out[doubtful] = self.exact_rows(lon[doubtful], lat[doubtful])
        return out

    def exact_rows(self, lon: Floats, lat: Floats) -> NDArray[np.int32]:
        """The same as `rows`, by exact predicates alone: slow."""
        found = np.full(len(lon), len(self.codes), np.int32)
        place, area = self._tree.query(shapely.points(lon, lat), predicate="intersects")
        np.minimum.at(found, place, area.astype(np.int32))
        return np.where(found == len(self.codes), -1, found).astype(np.int32)


def _rings(outlines: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int32]]:
    """(rings of all outlines, row of the outline of each), outline after outline."""
    parts, of_part = shapely.get_parts(outlines, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    return rings, of_part[of_ring].astype(np.int32)


def _grid(x: Floats, y: Floats, cell_deg: float) -> tuple[float, float, float, int, int]:
    """(x0, y0, cell, columns, rows) over all vertices."""
    if not len(x):
        return 0.0, 0.0, cell_deg * _SCALE, 0, 0
    x0, y0 = float(x.min()) - (cell_deg / 2 + _ODD) * _SCALE, float(y.min()) - (cell_deg / 2 + _ODD) * _SCALE
    wide, high = float(x.max()) - x0, float(y.max()) - y0
    size = max(cell_deg * _SCALE, float(np.sqrt(wide * high / _CELLS_MOST)))
    return x0, y0, size, int(wide / size) + 2, int(high / size) + 2
