"""Roads that end in nothing, and roads that come from nothing just ahead: the map lacks the piece between."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tracking.network.plane import plane_for, project
from tracking.network.table import EdgeTable

GAP_M = 20.0
"""Longer gaps stay (ours)."""
SWERVE = np.cos(np.radians(60.0))
"""The gap lies ahead of the one road and behind the other, within so much (ours)."""

Floats = NDArray[np.float64]


def mended(table: EdgeTable) -> EdgeTable:
    """The table with a one-way piece over each gap between a one-way road that nothing leaves and one that nothing enters.

    Nobody can have driven such roads as they stand in the map; where both go the same way, and lie within `GAP_M`, somebody did. A piece
    over a gap is like the road before it.
    """
    into, out = _only(table.head, table.tail, table), _only(table.tail, table.head, table)
    if not into.size or not out.size:
        return table
    last, first = table.shape_start[into + 1] - 1, table.shape_start[out]
    x, y = project(plane_for(*(np.round(a * 1e7).astype(np.int32) for a in (table.lon_deg, table.lat_deg))), table.lon_deg, table.lat_deg)
    ends, starts = np.column_stack([x[last], y[last]]), np.column_stack([x[first], y[first]])
    ahead, onward = _heading(x, y, last - 1, last), _heading(x, y, first, first + 1)
    before, after = [], []
    for row, near in enumerate(cKDTree(starts).query_ball_point(ends, GAP_M)):
        for at in sorted(near, key=lambda other: (float(np.hypot(*(starts[other] - ends[row]))), other)):
            step = starts[at] - ends[row]
            far = float(np.hypot(*step))
            if far > 0.0 and min(step @ ahead[row], step @ onward[at]) >= SWERVE * far and ahead[row] @ onward[at] >= SWERVE:
                before.append(int(into[row]))
                after.append(int(out[at]))
                break
    return _with_pieces(table, np.array(before, np.int64), np.array(after, np.int64)) if before else table


def _only(here: NDArray[np.int64], there: NDArray[np.int64], table: EdgeTable) -> NDArray[np.int64]:
    """Rows of one-way pieces whose node `here` no other piece touches on its other side, nor any two-way one."""
    lead = set(there.tolist()) | set(table.tail[~table.oneway].tolist()) | set(table.head[~table.oneway].tolist())
    counts = dict(zip(*np.unique(here, return_counts=True), strict=True))
    rows = [row for row in np.flatnonzero(table.oneway) if int(here[row]) not in lead and counts[here[row]] == 1]
    return np.array(rows, np.int64)


def _heading(x: Floats, y: Floats, a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    """(n, 2) unit vectors from points a to points b."""
    step = np.column_stack([x[b] - x[a], y[b] - y[a]])
    return np.asarray(step / np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None], np.float64)


def _with_pieces(table: EdgeTable, before: NDArray[np.int64], after: NDArray[np.int64]) -> EdgeTable:
    """The table with straight pieces from the ends of some rows to the starts of others, made like the former."""
    points = np.column_stack([table.shape_start[before + 1] - 1, table.shape_start[after]]).ravel()
    size = table.shape_start.size - 1
    said: dict[str, Any] = {}
    for field in fields(table):
        column = getattr(table, field.name)
        if isinstance(column, np.ndarray) and column.shape[-1:] == (size,):
            said[field.name] = np.concatenate([column, column[..., before]], axis=-1)
    said |= {
        "tail": np.concatenate([table.tail, table.head[before]]),
        "head": np.concatenate([table.head, table.tail[after]]),
        "shape_start": np.concatenate([table.shape_start, table.shape_start[-1] + 2 * np.arange(1, before.size + 1)]),
        "lon_deg": np.concatenate([table.lon_deg, table.lon_deg[points]]),
        "lat_deg": np.concatenate([table.lat_deg, table.lat_deg[points]]),
    }
    return replace(table, **said)
