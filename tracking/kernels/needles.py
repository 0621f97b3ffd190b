"""A spike that cleaning takes for drift may be a turn at the end of a road: the roads tell."""

from __future__ import annotations

from tracking.kernels.compiled import lean
from tracking.kernels.geodesy import leg_length
from tracking.kernels.grid import at_dead_end
from tracking.kernels.spells import DRIFT, KEPT


@lean
def spare(g, s, columns, order, keep, limits, codes):  # type: ignore[no-untyped-def]
    """Keep single fixes of drift that lie where a road ends, and that a vehicle could have reached from the kept ones on both sides.

    Args:
        columns: (t_ms, lon, lat, x, y), each (n,) by row; order: (n,) rows in time order; keep: (n,) codes by row.
        limits: (m/s that a vehicle drives at most, metres from the fix within which a road must end).
        codes: (n,) the same codes, in which such fixes are kept.
    Returns:
        How many.
    """
    t_ms, lon, lat, x, y = columns
    fastest, radius = limits
    count = 0
    for at in range(1, len(order) - 1):
        row, before, after = order[at], order[at - 1], order[at + 1]
        if keep[row] != DRIFT or keep[before] != KEPT or keep[after] != KEPT:
            continue
        came = fastest * max(t_ms[row] - t_ms[before], 1) / 1000.0
        goes = fastest * max(t_ms[after] - t_ms[row], 1) / 1000.0
        if leg_length(lon[before], lat[before], lon[row], lat[row]) > came or leg_length(lon[row], lat[row], lon[after], lat[after]) > goes:
            continue
        if at_dead_end(g, s, x[row], y[row], radius):
            codes[row] = KEPT
            count += 1
    return count
