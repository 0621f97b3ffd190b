"""From a filled lattice to the way driven: the best states, how sure they are, and the parts of edges between them."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner, lean
from tracking.kernels.costs import direct
from tracking.kernels.paths import AHEAD, JUMP, TURN_AT_END, TURN_THERE, search

ON_ROAD, OFF_ROAD = 0, 1
"""Kinds of a piece."""
LEFT_ROAD, BACK_ON_ROAD, NO_WAY = 4, 5, 6
"""Reasons of a piece, beside those of a column."""


@inner
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


@inner
def _searched(g, s, rules, path, count, start, edge, along, to, at, length):  # type: ignore[no-untyped-def]
    """Parts of a way that the forward pass found by a search."""
    tail = g.nodes[g.edges[to].tail]
    ask = s.asked[to]
    ask.stamp = np.int32(s.clock[0] + 1)
    aim = (tail.x, tail.y, 0.0, length - at + 1e-3, g.cheapest[0])
    stamp = search(g, s, edge, along, 1, aim, rules.turn_m, rules.turn_end_m)
    if ask.stamp != -stamp:  # rounding at the very bound
        ask.stamp = np.int32(s.clock[0] + 1)
        search(g, s, edge, along, 1, (tail.x, tail.y, 0.0, math.inf, g.cheapest[0]), rules.turn_m, rules.turn_end_m)
    depth = 0
    label = s.labels[ask.entry]
    while label.came >= 0:
        s.stack[depth] = label.came
        depth += 1
        label = s.labels[label.before]
    if label.came == AHEAD:
        count = _part(path, count, start, edge, along, g.edges[edge].length)
    else:
        twin = g.edges[edge].twin
        count = _part(path, count, start, twin, g.edges[twin].length - along, g.edges[twin].length)
    for up in range(depth - 1, -1, -1):
        count = _part(path, count, start, s.stack[up], 0.0, g.edges[s.stack[up]].length)
    return _part(path, count, start, to, 0.0, at)


@inner
def leg_parts(g, s, rules, was, now, sigma, path, count, start):  # type: ignore[no-untyped-def]
    """Parts between the chosen states of two columns; the new count."""
    edge, along, to, at = was.edge, was.along, now.edge, now.along
    if now.turn == TURN_THERE:
        to = g.edges[to].twin
        at = g.edges[to].length - at
        count = _way(g, s, rules, edge, along, to, at, now.leg, 0, sigma, path, count, start)
        return _part(path, count, start, now.edge, now.along, now.along)
    return _way(g, s, rules, edge, along, to, at, now.leg, now.turn, sigma, path, count, start)


@inner
def _way(g, s, rules, edge, along, to, at, length, how, sigma, path, count, start):  # type: ignore[no-untyped-def]
    """Parts of a way from a place on an edge to one on another; how: the turn it was found with."""
    _, turn, found = direct(g.edges, edge, along, to, at, 4.0 * sigma)
    if not found:
        return _searched(g, s, rules, path, count, start, edge, along, to, at, length)
    if to == edge:
        return _part(path, count, start, edge, along, max(at, along))
    if turn == 0 or how == TURN_AT_END:
        count = _part(path, count, start, edge, along, g.edges[edge].length)
        return _part(path, count, start, to, 0.0, at)
    turned = g.edges[to].length - at
    if turned >= along:
        return _part(path, _part(path, count, start, edge, along, turned), start, to, at, at)
    return _part(path, count, start, to, g.edges[to].length - along, at)


@inner
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


@lean
def trace(g, s, table, lattice, chosen, path, pieces, piece_of, path_m):  # type: ignore[no-untyped-def]
    """Pieces and parts of edges of a track.

    Args:
        path, pieces: structured arrays to fill, pieces with 2 rows + 2; piece_of, path_m: (rows,) filled with the piece of each
        fix (on a border the one on the road) and its metres from that piece's beginning.
    Returns:
        (parts, pieces); parts < 0 when `path` is too short.
    """
    k = lattice.states.shape[1] - 1
    parts, count = 0, 0
    for row in range(len(chosen)):
        on = chosen[row] != k
        state, column = lattice.states[row, chosen[row]], lattice.columns[row]
        if row + 1 < len(chosen) and lattice.columns[row + 1].first == 0 and lattice.states[row + 1, chosen[row + 1]].over >= 0:
            piece_of[row] = -1  # left out
            path_m[row] = np.nan
            continue
        if column.first != 0:
            count = _open_piece(pieces, count, ON_ROAD if on else OFF_ROAD, column.first, row, parts)
        else:
            since = row - 2 if state.over >= 0 else row - 1
            was_on = chosen[since] != k
            joined = was_on and state.turn != JUMP
            if on and joined:
                was = lattice.states[since, chosen[since]]
                parts = leg_parts(g, s, table[0], was, state, column.sigma, path, parts, pieces[count - 1].path_start)
                if parts < 0:
                    return parts, count
            elif was_on:
                count = _open_piece(pieces, count, OFF_ROAD, NO_WAY if on else LEFT_ROAD, row - 1, parts)
            piece = pieces[count - 1]
            piece.length_m += state.leg
            piece.last_fix = row
            piece.path_end = parts
            if on and not joined:
                count = _open_piece(pieces, count, ON_ROAD, BACK_ON_ROAD, row, parts)
        piece_of[row] = count - 1
        path_m[row] = pieces[count - 1].length_m
    return parts, count
