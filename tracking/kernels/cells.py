"""Which segments touch which cells of a grid. Twin: `tests/tracking/naive_network.py`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_SLACK_M = 1e-3
"""A segment this near a cell touches it: float32 coordinates."""


@njit(cache=True, nogil=True)
def _visit(a, b, grid, cell_fill, cell_shape, j):  # type: ignore[no-untyped-def]
    """Count segment a to b in its cells, or, when cell_shape has rows, write j there and move cell_fill on."""
    x0, y0, size, columns, rows = grid[0], grid[1], grid[2], int(grid[3]), int(grid[4])
    (ax, ay), (bx, by) = a, b
    low, high = min(ay, by) - _SLACK_M, max(ay, by) + _SLACK_M
    first = max(0, math.floor((low - y0) / size))
    last = min(rows - 1, math.floor((high - y0) / size))
    slope = (bx - ax) / (by - ay) if by != ay else 0.0
    for row in range(first, last + 1):
        west, east = min(ax, bx), max(ax, bx)
        if by != ay:
            p = ax + slope * (max(low, y0 + row * size - _SLACK_M) - ay)
            q = ax + slope * (min(high, y0 + (row + 1) * size + _SLACK_M) - ay)
            west, east = max(west, min(p, q)), min(east, max(p, q))
        left = max(0, math.floor((west - _SLACK_M - x0) / size))
        right = min(columns - 1, math.floor((east + _SLACK_M - x0) / size))
        for column in range(left, right + 1):
            cell = row * columns + column
            if len(cell_shape) > 0:
                cell_shape[cell_fill[cell]] = j
            cell_fill[cell] += 1


@njit(cache=True, nogil=True)
def fill_cells(x, y, shape_start, shown, grid):  # type: ignore[no-untyped-def]
    """The grid's index of segments.

    Args:
        x, y: (S,) plane metres; shape_start: (E + 1,); shown: (E,) bool, edges that stand in the grid.
        grid: (x0, y0, cell_m, columns, rows).
    Returns:
        (cell_start (columns * rows + 1,), cell_shape (K,), cell_edge (K,)) int32; in a cell edges and rows rise.
    """
    cells = int(grid[3]) * int(grid[4])
    fill = np.zeros(cells, np.int32)
    none = np.empty(0, np.int32)
    for edge in range(len(shown)):
        if shown[edge]:
            for j in range(shape_start[edge], shape_start[edge + 1] - 1):
                _visit((x[j], y[j]), (x[j + 1], y[j + 1]), grid, fill, none, j)
    start = np.zeros(cells + 1, np.int32)
    for cell in range(cells):
        start[cell + 1] = start[cell] + fill[cell]
        fill[cell] = start[cell]
    cell_shape = np.empty(start[cells], np.int32)
    for edge in range(len(shown)):
        if shown[edge] and start[cells] > 0:
            for j in range(shape_start[edge], shape_start[edge + 1] - 1):
                _visit((x[j], y[j]), (x[j + 1], y[j + 1]), grid, fill, cell_shape, j)
    cell_edge = np.empty(start[cells], np.int32)
    for k in range(start[cells]):
        cell_edge[k] = np.searchsorted(shape_start, cell_shape[k], side="right") - 1
    return start, cell_shape, cell_edge
