"""Where a piece begins and ends: its outer fixes at the nearest place of the way, not beyond it.

The model weighs a fix against one edge at a time, so the first fix may stand at the end of the street before the one that it is
nearest to.
"""

from __future__ import annotations

from tracking.kernels.compiled import inner, lean
from tracking.kernels.placing import place
from tracking.kernels.route import ON_ROAD

REACH_SIGMAS = 2.0
"""So far along the way, in sigmas, an outer fix may move (ours): as far as the ends of pieces are uncertain."""


@inner
def _set(state, path, found):  # type: ignore[no-untyped-def]
    """Move a state to a place on the way."""
    part, _, along, side = found
    state.edge = path[part].edge
    state.along = along
    state.side = side


@inner
def _compact(path, piece, used, first, last, from_m, to_m):  # type: ignore[no-untyped-def]
    """Move the parts first to last of a piece to row `used`, its outer ends to from_m and to_m; the next free row."""
    piece.path_start = used
    for part in range(first, last + 1):
        edge, low, high = path[part].edge, path[part].from_m, path[part].to_m
        path[used].edge = edge
        path[used].from_m = from_m if part == first else low
        path[used].to_m = to_m if part == last else high
        used += 1
    piece.path_end = used
    return used


@lean
def draw_in(g, lattice, chosen, fixes, path, pieces, starts, path_m, piece_of):  # type: ignore[no-untyped-def]
    """Shorten pieces on the road whose outer fixes lie nearer to the way a little farther in.

    Args:
        path, pieces: as `trace` fills them, changed; starts: (parts,) float64 to work in; path_m, piece_of: (m,) of kept fixes,
        path_m changed; the chosen states of outer fixes are moved in the lattice.
    Returns:
        Parts used.
    """
    used = 0
    for number in range(len(pieces)):
        piece = pieces[number]
        first, last = piece.path_start, piece.path_end - 1
        if piece.kind != ON_ROAD or last < first:
            piece.path_start, piece.path_end = used, used
            continue
        total = 0.0
        for part in range(first, last + 1):
            starts[part] = total
            total += path[part].to_m - path[part].from_m
        begin, end = 0.0, total
        a, b = piece.first_fix, piece.last_fix
        from_m, to_m = path[first].from_m, path[last].to_m
        if b > a and total > 0.0:
            reach = REACH_SIGMAS * lattice.columns[a].sigma
            second = a + 1 if piece_of[a + 1] == number else a + 2
            found = place(g, path, starts, first, last + 1, 0.0, min(path_m[second], reach), fixes[a].x, fixes[a].y)
            if found[1] > 0.0:
                first, begin, from_m = found[0], found[1], found[2]
                _set(lattice.states[a, chosen[a]], path, found)
            reach = REACH_SIGMAS * lattice.columns[b].sigma
            before = b - 1 if piece_of[b - 1] == number else b - 2
            low = max(path_m[before], total - reach, begin)
            at = last
            while at > first and starts[at] > low:
                at -= 1
            found = place(g, path, starts, at, last + 1, low, total, fixes[b].x, fixes[b].y)
            if found[1] < total:
                last, end, to_m = found[0], found[1], found[2]
                _set(lattice.states[b, chosen[b]], path, found)
        for row in range(a, b + 1):
            if piece_of[row] == number:
                path_m[row] = min(max(path_m[row] - begin, 0.0), end - begin)
        piece.length_m -= begin + (total - end)
        used = _compact(path, piece, used, first, last, from_m, to_m)
    return used
