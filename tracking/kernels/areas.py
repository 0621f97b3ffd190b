"""Which area a place lies in. Twin: `tests/tracking/naive_areas.py`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.compiled import inner, lean

DOUBTFUL = -2
"""Nearer to an outline than these numbers tell apart: the caller asks an exact predicate."""
NOWHERE = -1
_NEAR = 1e-8
"""Units by which a coordinate may be off: scaling and rounding of doubles up to 2e7."""


@njit(cache=True, nogil=True)
def _crossings(x, y, ring_start, ring_area, grid, fill, at_x, at_area):  # type: ignore[no-untyped-def]
    """Where outlines cross the middle lines of the rows: counted in fill, or, when at_x has rows, written from fill on."""
    y0, size, rows = grid[1], grid[2], int(grid[4])
    for ring in range(len(ring_area)):
        for j in range(ring_start[ring], ring_start[ring + 1] - 1):
            low, high = min(y[j], y[j + 1]), max(y[j], y[j + 1])
            first = max(0, math.ceil((low - y0) / size - 0.5))
            last = min(rows - 1, math.floor((high - y0) / size - 0.5))
            for row in range(first, last + 1):
                line = y0 + (row + 0.5) * size
                if (y[j] > line) != (y[j + 1] > line):
                    if len(at_x) > 0:
                        at_x[fill[row]] = x[j] + (line - y[j]) / (y[j + 1] - y[j]) * (x[j + 1] - x[j])
                        at_area[fill[row]] = ring_area[ring]
                    fill[row] += 1


@njit(cache=True, nogil=True)
def _sweep(at_x, at_area, grid, inside, row, middle):  # type: ignore[no-untyped-def]
    """Write the area at each cell's middle of one row; inside: (A,) bool, all False, and so again afterwards."""
    x0, size, columns = grid[0], grid[2], int(grid[3])
    order = np.argsort(at_x)
    k, around = 0, 0
    for column in range(columns):
        place = x0 + (column + 0.5) * size
        close = False
        while k < len(order) and at_x[order[k]] < place + _NEAR * 100.0:
            area = at_area[order[k]]
            around += -1 if inside[area] else 1
            inside[area] = not inside[area]
            close = close or at_x[order[k]] > place - _NEAR * 100.0
            k += 1
        cell = row * columns + column
        if close or around > 1:
            middle[cell] = DOUBTFUL
        elif around == 1:
            middle[cell] = middle[cell - 1] if column > 0 and middle[cell - 1] >= 0 and inside[middle[cell - 1]] else _first(inside)
    while k < len(order):
        inside[at_area[order[k]]] = False
        k += 1


@njit(cache=True, nogil=True)
def _first(inside):  # type: ignore[no-untyped-def]
    found = NOWHERE
    for area in range(len(inside)):
        if inside[area]:
            found = area
            break
    return found


@njit(cache=True, nogil=True)
def middles(x, y, ring_start, ring_area, areas, grid):  # type: ignore[no-untyped-def]
    """Area at the middle of each cell of a grid.

    Args:
        x, y: (V,) plane; ring_start: (R + 1,) closed rings; ring_area: (R,) the area that each bounds; areas: how many there are.
        grid: (x0, y0, cell, columns, rows).
    Returns:
        (columns * rows,) int32: row of the area, `NOWHERE`, or `DOUBTFUL` on an outline and where areas lie over each other.
    """
    columns, rows = int(grid[3]), int(grid[4])
    fill = np.zeros(rows, np.int64)
    none, nobody = np.empty(0, np.float64), np.empty(0, np.int32)
    _crossings(x, y, ring_start, ring_area, grid, fill, none, nobody)
    start = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        start[row + 1] = start[row] + fill[row]
        fill[row] = start[row]
    at_x, at_area = np.empty(start[rows], np.float64), np.empty(start[rows], np.int32)
    if start[rows] > 0:
        _crossings(x, y, ring_start, ring_area, grid, fill, at_x, at_area)
    middle = np.full(columns * rows, NOWHERE, np.int32)
    inside = np.zeros(areas, np.bool_)
    for row in range(rows):
        part = slice(start[row], start[row + 1])
        _sweep(at_x[part], at_area[part], grid, inside, row, middle)
    return middle


@inner
def _side(ax, ay, bx, by, px, py):  # type: ignore[no-untyped-def]
    """1 when p is left of a to b, -1 right, 0 too near to tell."""
    ux, uy, vx, vy = bx - ax, by - ay, px - ax, py - ay
    cross = ux * vy - uy * vx
    near = _NEAR * (abs(ux) + abs(uy) + abs(vx) + abs(vy) + _NEAR)
    return 1 if cross > near else (-1 if cross < -near else 0)


@inner
def _met(ax, ay, bx, by, px, py, qx, qy):  # type: ignore[no-untyped-def]
    """1 when p to q crosses a to b, 0 when not, `DOUBTFUL` when that is too near to tell."""
    here, there = _side(px, py, qx, qy, ax, ay), _side(px, py, qx, qy, bx, by)
    if here * there > 0:
        return 0
    left, right = _side(ax, ay, bx, by, px, py), _side(ax, ay, bx, by, qx, qy)
    if left * right > 0:
        return 0
    return 1 if here * there < 0 and left * right < 0 else DOUBTFUL


@inner
def _in_cell(x, y, cell_shape, cell_area, first, last, home, px, py, qx, qy):  # type: ignore[no-untyped-def]
    """Area of p in a cell whose middle q lies in home: every outline between the two is crossed."""
    found, area, odd, seen = NOWHERE, NOWHERE, False, False
    for k in range(first, last):
        if cell_area[k] != area:
            if area >= 0 and odd != (area == home) and found < 0:
                found = area
            seen = seen or area == home
            area, odd = cell_area[k], False
        j = cell_shape[k]
        met = _met(x[j], y[j], x[j + 1], y[j + 1], px, py, qx, qy)
        if met == DOUBTFUL:
            return DOUBTFUL
        odd = odd != (met == 1)
    if odd != (area == home) and found < 0:
        found = area
    seen = seen or area == home
    return home if not seen and home >= 0 and (found < 0 or home < found) else found


@lean
def areas_at(x, y, cell_start, cell_shape, cell_area, middle, grid, px, py, out):  # type: ignore[no-untyped-def]
    """Area of each place, written to out.

    Args:
        x, y: (V,) plane; cell_start: (cells + 1,), cell_shape: (K,) first vertex, cell_area: (K,) area of the outlines in each cell, areas together.
        middle: (cells,) of `middles`; grid: (x0, y0, cell, columns, rows); px, py: (n,) places, NaN nowhere.
        out: (n,) int32: row of the area, `NOWHERE`, or `DOUBTFUL`.
    """
    x0, y0, size, columns, rows = grid[0], grid[1], grid[2], int(grid[3]), int(grid[4])
    for i in range(len(out)):
        across, up = (px[i] - x0) / size, (py[i] - y0) / size
        out[i] = NOWHERE
        if across >= 0.0 and up >= 0.0 and across < columns and up < rows:
            column, row = int(across), int(up)
            cell = row * columns + column
            home, first, last = middle[cell], cell_start[cell], cell_start[cell + 1]
            if first == last or home == DOUBTFUL:
                out[i] = home
            else:
                qx, qy = x0 + (column + 0.5) * size, y0 + (row + 0.5) * size
                out[i] = _in_cell(x, y, cell_shape, cell_area, first, last, home, px[i], py[i], qx, qy)
