"""From a filled lattice to the way driven: the best states, how sure they are, and the parts of edges between them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.lattice import direct
from tracking.kernels.paths import AHEAD, ON_THE_SPOT, TURN_AT_END, search

ON_ROAD, OFF_ROAD = 0, 1
"""Kinds of a piece."""
LEFT_ROAD, BACK_ON_ROAD = 4, 5
"""Reasons of a piece, beside those of a column."""


@njit(cache=True, nogil=True)
def backtrack(lattice, k, rows, chosen):  # type: ignore[no-untyped-def]
    """Fill chosen (rows,) int32 with the best state of every column, each piece from its end."""
    for row in range(rows - 1, -1, -1):
        if row < rows - 1 and lattice.first[row + 1] == 0:
            chosen[row] = lattice.back[row + 1, chosen[row + 1]]
            continue
        best = k
        for j in range(lattice.count[row]):
            if lattice.score[row, j] < lattice.score[row, best]:
                best = j
        chosen[row] = best


@njit(cache=True, nogil=True)
def posterior(g, fixes, lattice, k, rows, chosen, limits, confidence, low, high):  # type: ignore[no-untyped-def]
    """Forward-backward: how probable the chosen road is, and the limits of roads that are not improbable.

    Args:
        limits: (E,) uint8 km/h; confidence: (rows,) filled with 0 to 1, both directions of the road together unless a heading
        tells them apart; low, high: (rows,) uint8 filled with the limits over roads of at least 0.05.
    """
    after, here = np.zeros(k + 1), np.zeros(k + 1)
    for row in range(rows - 1, -1, -1):
        end = row == rows - 1 or lattice.first[row + 1] != 0
        total = 0.0
        for j in range(k + 1):
            if j >= lattice.count[row] and j != k:
                here[j] = -math.inf
                continue
            here[j] = 0.0
            if not end:
                top = -math.inf
                for to in range(k + 1):
                    if lattice.trans[row + 1, j, to] < math.inf:
                        top = max(top, after[to] - lattice.trans[row + 1, j, to] - lattice.emission[row + 1, to])
                sums = 0.0
                for to in range(k + 1):
                    if lattice.trans[row + 1, j, to] < math.inf:
                        sums += math.exp(after[to] - lattice.trans[row + 1, j, to] - lattice.emission[row + 1, to] - top)
                here[j] = top + math.log(sums) if sums > 0.0 else -math.inf
        top = -math.inf
        for j in range(k + 1):
            top = max(top, here[j])
        best = -math.inf
        for j in range(k + 1):
            here[j] -= top
            best = max(best, here[j] + lattice.alpha[row, j])
        for j in range(k + 1):
            total += math.exp(here[j] + lattice.alpha[row, j] - best)
        _judge(g, fixes, lattice, k, row, chosen[row], here, best, total, limits, confidence, low, high)
        after, here = here, after


@njit(cache=True, nogil=True)
def _judge(g, fixes, lattice, k, row, state, here, best, total, limits, confidence, low, high):  # type: ignore[no-untyped-def]
    """One row of `posterior`."""
    sure = math.exp(here[state] + lattice.alpha[row, state] - best) / total
    low[row], high[row] = 0, 0
    if state == k:
        confidence[row] = sure
        return
    edge = lattice.edge[row, state]
    low[row], high[row] = limits[edge], limits[edge]
    for j in range(lattice.count[row]):
        share = math.exp(here[j] + lattice.alpha[row, j] - best) / total
        other = lattice.edge[row, j]
        if other == g.twin[edge] and math.isnan(fixes.heading[row]):
            sure += share
        if share >= 0.05 and limits[other] > 0:
            low[row] = min(low[row], limits[other]) if low[row] > 0 else limits[other]
            high[row] = max(high[row], limits[other])
    confidence[row] = min(sure, 1.0)


@njit(cache=True, nogil=True)
def _part(path, count, start, edge, from_m, to_m):  # type: ignore[no-untyped-def]
    """Append a part of an edge, or lengthen the last one of this piece; the new count, -1 when the array is full."""
    if count < 0:
        return count
    if count > start and path[count - 1].edge == edge and abs(path[count - 1].to_m - from_m) < 1e-6:
        path[count - 1].to_m = to_m
        return count
    if to_m <= from_m and count > start:
        return count
    if count == len(path):
        return -1
    path[count].edge = edge
    path[count].from_m = from_m
    path[count].to_m = to_m
    return count + 1


@njit(cache=True, nogil=True)
def _searched(g, s, rules, path, count, start, edge, along, to, at, length):  # type: ignore[no-untyped-def]
    """Parts of a way that the forward pass found by a search."""
    node = g.tail[to]
    s.wanted[to] = np.int32(s.clock[0] + 1)
    stamp = search(g, s, rules, edge, along, 1, (g.node_x[node], g.node_y[node], 0.0, length - at + 1e-3))
    if s.wanted[to] != -stamp:  # rounding at the very bound
        s.wanted[to] = np.int32(s.clock[0] + 1)
        search(g, s, rules, edge, along, 1, (g.node_x[node], g.node_y[node], 0.0, math.inf))
    depth = 0
    node = s.entry[to]
    came = s.node_from[node]
    while came >= 0:
        s.stack[depth] = came
        depth += 1
        node = s.node_before[node]
        came = s.node_from[node]
    if came == AHEAD:
        count = _part(path, count, start, edge, along, g.length_m[edge])
    elif came == ON_THE_SPOT:
        twin = g.twin[edge]
        count = _part(path, count, start, twin, g.length_m[twin] - along, g.length_m[twin])
    for up in range(depth - 1, -1, -1):
        count = _part(path, count, start, s.stack[up], 0.0, g.length_m[s.stack[up]])
    return _part(path, count, start, to, 0.0, at)


@njit(cache=True, nogil=True)
def _leg(g, s, rules, lattice, path, count, start, row, i, j):  # type: ignore[no-untyped-def]
    """Parts between the chosen states of two columns; the new count."""
    edge, along = lattice.edge[row - 1, i], lattice.along[row - 1, i]
    to, at = lattice.edge[row, j], lattice.along[row, j]
    _, turn, found = direct(g, edge, along, to, at, 4.0 * lattice.sigma[row])
    if not found:
        return _searched(g, s, rules, path, count, start, edge, along, to, at, lattice.leg[row, j])
    if to == edge:
        return _part(path, count, start, edge, along, max(at, along))
    if turn == 0 or lattice.turn[row, j] == TURN_AT_END:
        count = _part(path, count, start, edge, along, g.length_m[edge])
        return _part(path, count, start, to, 0.0, at)
    turned = g.length_m[to] - at
    if turned >= along:
        return _part(path, _part(path, count, start, edge, along, turned), start, to, at, at)
    return _part(path, count, start, to, g.length_m[to] - along, at)


@njit(cache=True, nogil=True)
def _open_piece(pieces, count, kind, reason, row, parts):  # type: ignore[no-untyped-def]
    """Begin a piece; the new count."""
    piece = pieces[count]
    piece.kind = kind
    piece.reason = reason
    piece.first_fix = row
    piece.last_fix = row
    piece.path_start = parts
    piece.path_end = parts
    piece.length_m = 0.0
    return count + 1


@njit(cache=True, nogil=True)
def trace(g, s, rules, lattice, rows, chosen, path, pieces, piece_of, path_m):  # type: ignore[no-untyped-def]
    """Pieces and parts of edges of a track.

    Args:
        path, pieces: structured arrays to fill, pieces with 2 rows + 2; piece_of, path_m: (rows,) filled with the piece of each
        fix (on a border the one on the road) and its metres from that piece's beginning.
    Returns:
        (parts, pieces); parts < 0 when `path` is too short.
    """
    k = rules.k
    parts, count = 0, 0
    for row in range(rows):
        on = chosen[row] != k
        if lattice.first[row] != 0:
            count = _open_piece(pieces, count, ON_ROAD if on else OFF_ROAD, lattice.first[row], row, parts)
        else:
            metres = lattice.leg[row, chosen[row]]
            was_on = chosen[row - 1] != k
            if on and was_on:
                start = pieces[count - 1].path_start
                parts = _leg(g, s, rules, lattice, path, parts, start, row, chosen[row - 1], chosen[row])
                if parts < 0:
                    return parts, count
            elif was_on:
                count = _open_piece(pieces, count, OFF_ROAD, LEFT_ROAD, row - 1, parts)
            piece = pieces[count - 1]
            piece.length_m += metres
            piece.last_fix = row
            piece.path_end = parts
            if on and not was_on:
                count = _open_piece(pieces, count, ON_ROAD, BACK_ON_ROAD, row, parts)
        piece_of[row] = count - 1
        path_m[row] = pieces[count - 1].length_m
    return parts, count


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
        edge = path[part].edge
        low = path[part].from_m + max(metres - starts[part], 0.0)
        high = min(path[part].to_m, path[part].from_m + limit - starts[part])
        for shape in range(g.shape_start[edge], g.shape_start[edge + 1] - 1):
            a, b = np.float64(g.along_m[shape]), np.float64(g.along_m[shape + 1])
            if b < low or a > high or b <= a:
                continue
            ax, ay = np.float64(g.x_m[shape]), np.float64(g.y_m[shape])
            dx, dy = np.float64(g.x_m[shape + 1]) - ax, np.float64(g.y_m[shape + 1]) - ay
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
