"""From a lattice with its best states to what a `Match` tells: one call."""

from __future__ import annotations

from tracking.kernels.compiled import lean
from tracking.kernels.ends import draw_in
from tracking.kernels.placing import place_all, spread
from tracking.kernels.posterior import posterior
from tracking.kernels.route import trace


@lean
def answer(g, s, table, limits, base_edge, lattice, found, track, work, path, pieces, out):  # type: ignore[no-untyped-def]
    """Pieces, path, and the place of every fix.

    Args:
        limits: (E,) uint8 km/h; base_edge: (E,) the road that an edge doubles behind a banned turn, else itself; found: (fixes
        (m,) `FIX`, chosen (m,)); track: (order, keep, x, y) each (n,), by row but for order, the rows in time order.
        work: (piece_of int32, path_m, confidence float64, low, high uint8, each (m,); beliefs (2, k + 1); starts (parts,)).
        path, pieces, out: filled, as in `trace` and `spread`.
    Returns:
        (parts, pieces) used; parts < 0 when `path` is too short.
    """
    fixes, chosen = found
    order, keep, x, y = track
    piece_of, path_m, confidence, low, high, beliefs, starts = work
    parts, count = trace(g, s, table, lattice, chosen, path, pieces, piece_of, path_m)
    if parts < 0:
        return parts, count
    parts = draw_in(g, lattice, chosen, fixes, path, pieces[:count], starts, path_m, piece_of)
    for part in range(parts):
        path[part].edge = base_edge[path[part].edge]
    posterior(g, fixes, lattice, chosen, limits, beliefs, confidence, low, high)
    spread(order, keep, lattice, chosen, piece_of, path_m, (confidence, low, high), out)
    place_all(g, path, pieces[:count], starts, order, keep, x, y, path_m, piece_of, out)
    return parts, count
