"""Fixes that the lattice left out find their place on the way."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner, lean
from tracking.kernels.route import OFF_ROAD, ON_ROAD
from tracking.kernels.spells import KEPT, STILL, THINNED

STILL_ROW, THINNED_ROW, VOID_ROW = 2, 3, 4
"""States of fixes beside those of pieces."""


@inner
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


@lean
def spread(order, keep, lattice, chosen, piece_of, path_m, judged, out):  # type: ignore[no-untyped-def]
    """Write what the lattice says of kept fixes to the rows of the track; standing and thinned rows take after the kept one before.

    Args:
        order, keep: (n,) rows in time order, codes of the rows; chosen, piece_of, path_m: (m,); judged: (confidence, low, high),
        each (m,).
        out: (state, edge, along, side, piece, metres, confidence, low, high, sigma), each (n,).
    """
    state, edge, along, side, piece, metres, confidence, low, high, sigma = out
    k = lattice.states.shape[1] - 1
    a, last = -1, -1
    for i in range(len(order)):
        row = order[i]
        code = keep[row]
        state[row], edge[row], along[row], side[row], piece[row], metres[row] = VOID_ROW, -1, np.nan, np.nan, -1, np.nan
        confidence[row], low[row], high[row], sigma[row] = 0.0, 0, 0, 0.0
        if code == KEPT:
            a += 1
            last = row
            piece[row], metres[row] = piece_of[a], path_m[a]
            best = lattice.states[a, chosen[a]]
            if piece_of[a] >= 0:
                state[row] = ON_ROAD if chosen[a] != k else OFF_ROAD
            if piece_of[a] >= 0 and chosen[a] != k:
                edge[row], along[row], side[row] = best.edge, best.along, best.side
        elif a < 0 or piece_of[a] < 0 or (code != STILL and code != THINNED):
            continue
        else:
            state[row] = STILL_ROW if code == STILL else THINNED_ROW
            piece[row], metres[row] = piece_of[a], path_m[a]
            if code == STILL:
                edge[row], along[row], side[row] = edge[last], along[last], side[last]
        confidence[row], low[row], high[row] = judged[0][a], judged[1][a], judged[2][a]
        sigma[row] = lattice.columns[a].sigma


@lean
def place_all(g, path, pieces, starts, order, keep, x, y, path_m, piece_of, out):  # type: ignore[no-untyped-def]
    """Place thinned fixes on the way, in order, never backwards.

    Args:
        path, pieces: as `trace` fills them; starts: (parts,) float64 to work in; order, keep: (n,) rows in time order, codes of
        the rows; x, y: (n,) plane metres by row; path_m, piece_of: (m,) of kept fixes; out: as in `spread`.
    """
    _, edge, along, side, _, metres, _, _, _, _ = out
    for number in range(len(pieces)):
        piece = pieces[number]
        metres_before = 0.0
        for part in range(piece.path_start, piece.path_end):
            starts[part] = metres_before
            metres_before += path[part].to_m - path[part].from_m
    a, at, reached = -1, 0, 0.0
    for i in range(len(order)):
        row = order[i]
        if keep[row] == KEPT:
            a += 1
            reached = path_m[a]
            at = pieces[piece_of[a]].path_start if piece_of[a] >= 0 else 0
            continue
        if keep[row] != THINNED or a < 0 or a + 1 >= len(path_m):
            continue
        number = piece_of[a]
        if number < 0 or piece_of[a + 1] != number or pieces[number].kind != ON_ROAD:
            continue
        end = pieces[number].path_end
        while at + 1 < end and starts[at + 1] <= reached:
            at += 1
        if end > pieces[number].path_start:
            at, reached, along[row], side[row] = place(g, path, starts, at, end, reached, path_m[a + 1], x[row], y[row])
            edge[row] = path[at].edge
            metres[row] = reached
