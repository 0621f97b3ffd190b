"""Fixes that the lattice left out find their place on the way."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.route import ON_ROAD


@njit(cache=True, nogil=True)
def place(g, path, starts, at, end, metres, limit, x, y):  # type: ignore[no-untyped-def]
    """Nearest place of a point on a path between two distances from its beginning.

    Args:
        path: parts; starts: (parts,) metres of the path before each; at: part where `metres` lies; end: parts of the piece end
        here; metres, limit: from where to where, metres of the path; x, y: plane.
    Returns:
        (part, metres, along the edge, signed distance).
    """
    best, best_part, best_m, best_along, best_side = math.inf, at, metres, 0.0, 0.0
    for part in range(at, end):
        if starts[part] > limit:
            break
        edge = g.edges[path[part].edge]
        low = path[part].from_m + max(metres - starts[part], 0.0)
        high = min(path[part].to_m, path[part].from_m + limit - starts[part])
        for shape in range(edge.shape_start, edge.shape_end - 1):
            first, second = g.points[shape], g.points[shape + 1]
            a, b = np.float64(first.along), np.float64(second.along)
            if b < low or a > high or b <= a:
                continue
            ax, ay = np.float64(first.x), np.float64(first.y)
            dx, dy = np.float64(second.x) - ax, np.float64(second.y) - ay
            square = dx * dx + dy * dy
            fraction = ((x - ax) * dx + (y - ay) * dy) / square if square > 0.0 else 0.0
            along = min(max(a + fraction * (b - a), low, a), high, b)
            fraction = (along - a) / (b - a)
            ex, ey = x - (ax + fraction * dx), y - (ay + fraction * dy)
            distance = math.sqrt(ex * ex + ey * ey)
            if distance < best:
                best, best_part, best_along = distance, part, along
                best_m = starts[part] + along - path[part].from_m
                best_side = distance if ex * dy - ey * dx >= 0.0 else -distance
    return best_part, max(best_m, metres), best_along, best_side


@njit(cache=True, nogil=True)
def place_all(g, path, starts, pieces, kept, rank, x, y, kept_m, kept_piece, out):  # type: ignore[no-untyped-def]
    """Place thinned fixes on the way, in order, never backwards.

    Args:
        kept: (m,) rows of kept fixes; rank: (n,) for each row in time order the kept fix before it, -1 for kept fixes and for
        those that are not placed; x, y: (n,) plane; kept_m, kept_piece: (m,).
        out: (edge, along, side, metres, piece), each (n,).
    """
    edge, along, side, metres, piece = out
    last, at, reached = -1, 0, 0.0
    for row in range(len(rank)):
        a = rank[row]
        if a < 0:
            continue
        number = kept_piece[a]
        piece[row] = number
        metres[row] = kept_m[a]
        if a + 1 >= len(kept) or kept_piece[a + 1] != number or pieces[number].kind != ON_ROAD:
            continue
        if a != last:
            last, reached = a, kept_m[a]
            at = pieces[number].path_start
        while at + 1 < pieces[number].path_end and starts[at + 1] <= reached:
            at += 1
        if pieces[number].path_end > pieces[number].path_start:
            at, reached, along[row], side[row] = place(
                g, path, starts, at, pieces[number].path_end, reached, kept_m[a + 1], x[row], y[row]
            )  # fmt: skip
            edge[row] = path[at].edge
            metres[row] = reached
