"""Quickest ways between places of a network: one search an origin. Twins: `tests/tracking/naive_travel.py`.

A place is an edge and the share of it that lies behind. `seconds` and `metres` are per edge; an edge of infinite seconds is closed.
"""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True)
def _push(keys, nodes, size, key, node):  # type: ignore[no-untyped-def]
    """Add to the heap, ordered by (key, node); the new size."""
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if keys[up] < key or (keys[up] == key and nodes[up] <= node):
            break
        keys[at], nodes[at] = keys[up], nodes[up]
        at = up
    keys[at], nodes[at] = key, node
    return size + 1


@njit(cache=True, nogil=True)
def _drop(keys, nodes, size):  # type: ignore[no-untyped-def]
    """Take the first of the heap away; the new size."""
    size -= 1
    key, node = keys[size], nodes[size]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        right = down + 1
        if right < size and (keys[right] < keys[down] or (keys[right] == keys[down] and nodes[right] < nodes[down])):
            down = right
        if key < keys[down] or (key == keys[down] and node <= nodes[down]):
            break
        keys[at], nodes[at] = keys[down], nodes[down]
        at = down
    keys[at], nodes[at] = key, node
    return size


@njit(cache=True, nogil=True)
def spread(edge, share, head, base_edge, out_start, out_edge, seconds, wanted, longest_s, time, came, before, entry, entry_s, keys, nodes):  # type: ignore[no-untyped-def]
    """Quickest times from the end of a place's edge to all nodes and to the tails of the edges asked for.

    Args:
        edge, share: where it begins; only the way ahead counts.
        head, base_edge, seconds: (E,); out_start (N + 1,), out_edge: the graph; wanted (E,) bool: edges asked for.
        longest_s: later arrivals are not looked for.
        time, came, before: (N,) filled: seconds, inf not reached; the edge by which and the node from which, -1 at the start.
        entry, entry_s: (E,) filled for edges asked: node from which it is entered first, -1 none; seconds there.
        keys, nodes: heap of one row an entry of out_edge and one more.
    """
    time[:] = math.inf
    came[:] = -1
    before[:] = -1
    entry[:] = -1
    entry_s[:] = math.inf
    left = wanted.sum()
    rest = (1.0 - share) * seconds[edge]
    if seconds[edge] == math.inf or rest > longest_s:
        return
    time[head[edge]] = rest
    size = _push(keys, nodes, 0, rest, head[edge])
    while size > 0 and left > 0:
        key, node = keys[0], nodes[0]
        size = _drop(keys, nodes, size)
        if key > time[node]:
            continue
        for at in range(out_start[node], out_start[node + 1]):
            on = out_edge[at]
            base = base_edge[on]
            if wanted[base] and entry[base] < 0:
                entry[base] = node
                entry_s[base] = key
                left -= 1
            then = key + seconds[on]
            there = head[on]
            if then <= longest_s and then < time[there]:
                time[there], came[there], before[there] = then, on, node
                size = _push(keys, nodes, size, then, there)


@njit(cache=True, nogil=True)
def nearest_edges(x, y, px, py, cell_start, cell_shape, cell_edge, grid, allowed, along, length, radius, edge, share, off):  # type: ignore[no-untyped-def]
    """Nearest allowed edge of each place.

    Args:
        x, y: (Q,) places; px, py, along: (S,) shape points and their metres from the edge's start; length: (E,) metres.
        cell_start, cell_shape, cell_edge, grid: the network's grid; allowed: (E,) bool; radius: metres.
        edge, share, off: (Q,) filled: edge (-1 none within the radius), share of it behind the nearest point, metres to it.
    """
    x0, y0, cell, columns, rows = grid[0], grid[1], grid[2], int(grid[3]), int(grid[4])
    for q in range(len(x)):
        edge[q], share[q], off[q] = -1, 0.0, math.inf
        if not (math.isfinite(x[q]) and math.isfinite(y[q])):
            continue
        left, right = max(0, math.floor((x[q] - radius - x0) / cell)), min(columns - 1, math.floor((x[q] + radius - x0) / cell))
        low, high = max(0, math.floor((y[q] - radius - y0) / cell)), min(rows - 1, math.floor((y[q] + radius - y0) / cell))
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                for k in range(cell_start[row * columns + column], cell_start[row * columns + column + 1]):
                    e, j = cell_edge[k], cell_shape[k]
                    if not allowed[e]:
                        continue
                    dx, dy = px[j + 1] - px[j], py[j + 1] - py[j]
                    square = dx * dx + dy * dy
                    part = 0.0
                    if square > 0.0:
                        part = min(1.0, max(0.0, ((x[q] - px[j]) * dx + (y[q] - py[j]) * dy) / square))
                    away = math.hypot(px[j] + part * dx - x[q], py[j] + part * dy - y[q])
                    if away <= radius and (away < off[q] or (away == off[q] and e < edge[q])):
                        here = along[j] + part * (along[j + 1] - along[j])
                        off[q], edge[q], share[q] = away, e, min(1.0, here / length[e]) if length[e] > 0.0 else 0.0
