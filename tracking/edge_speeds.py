"""Measured speeds of edges by the hour, and what they say of the roads."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.driven_way import ON_ROAD, DrivenWay
from tracking.matched import Match, PieceKind
from tracking.network.model import EdgeFlag, RoadNetwork

BINS = 16
BIN_KMH = 8.0
"""Bins of the histogram: 0 to 8 km/h, ..., 120 and more (ours)."""
HOUR_MS = 3_600_000

EDGE_SPEED = np.dtype(
    [("edge_key", "<u8"), ("hour_ms", "<i8"), ("count", "<i4"), ("travel_mm", "<i8"), ("travel_ms", "<i8"), ("histogram", "<i4", (BINS,))]
)
"""One edge in one hour: stable key of the edge, epoch ms of the hour's start, traversals, millimetres and milliseconds moving
over all of them, traversals by speed. Whole numbers, so that sums do not hang on their order."""

CONDITION = np.dtype([("edge", "<i4"), ("count", "<i4"), ("speed_kmh", "<f4"), ("ratio", "<f4"), ("level", "u1")])
"""One edge now: its row in the network, traversals, mean speed, its share of the free speed, `Level`."""


class Level(IntEnum):
    """How a road runs (ours): from 0.7 of the free speed on free, from 0.4 on slow, else jammed."""

    FREE = 1
    SLOW = 2
    JAMMED = 3


def edge_speeds(way: DrivenWay, match: Match, network: RoadNetwork, sparse_s: float = 60.0) -> NDArray[Any]:
    """(k,) `EDGE_SPEED` of one drive, by key and hour rising.

    A traversal counts when no two fixes around it lie more than sparse_s apart; its standstills do not count. The hour is
    that of its beginning.

    Args:
        way: the drive's `driven_way` of the match.
    """
    edge, from_m, to_m = _traversals(way, match, network)
    if not edge.size or way.fix.size < 2:
        return np.zeros(0, EDGE_SPEED)
    step_m, step_ms = np.diff(way.fix_s_m), np.diff(way.fix_t_ms)
    moving = step_m > 0
    clock = np.concatenate([[0], np.cumsum(np.where(moving, step_ms, 0))]).astype(np.float64)
    unsure = moving & ((step_ms > sparse_s * 1000.0) | (way.leg != ON_ROAD))
    doubt = np.concatenate([[0.0], np.cumsum(np.where(unsure, step_m, 0.0))])
    spent = np.interp(to_m, way.fix_s_m, clock) - np.interp(from_m, way.fix_s_m, clock)
    doubted = np.interp(to_m, way.fix_s_m, doubt) - np.interp(from_m, way.fix_s_m, doubt)
    good = (doubted < 1e-6) & (spent > 0.0)
    edge, from_m, length, spent = edge[good], from_m[good], (to_m - from_m)[good], spent[good]
    rows = np.zeros(edge.size, EDGE_SPEED)
    rows["edge_key"] = network.edge_key[network.base_edge[edge]]
    rows["hour_ms"] = way.time_at(from_m).astype(np.int64) // HOUR_MS * HOUR_MS
    rows["count"] = 1
    rows["travel_mm"], rows["travel_ms"] = np.round(length * 1000.0), np.maximum(np.round(spent), 1)
    speed_kmh = length / spent * 3600.0
    rows["histogram"][np.arange(edge.size), np.clip(speed_kmh // BIN_KMH, 0, BINS - 1).astype(np.int64)] = 1
    return merge([rows])


def _traversals(way: DrivenWay, match: Match, network: RoadNetwork) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """(edge, from, to) on the way of every run over one edge, parts that touch taken together."""
    edges, starts, ends = [], [], []
    for piece, offset in zip(match.pieces, way.piece_s_m, strict=True):
        if piece["kind"] != PieceKind.ON_ROAD:
            continue
        parts = match.path[piece["path_start"] : piece["path_end"]]
        bounds = offset + np.concatenate([[0.0], np.cumsum(parts["to_m"] - parts["from_m"])])
        goes_on = np.zeros(len(parts), bool)
        goes_on[1:] = (parts["edge"][1:] == parts["edge"][:-1]) & (np.abs(parts["from_m"][1:] - parts["to_m"][:-1]) < 1e-3)
        first = np.flatnonzero(~goes_on)
        edges.append(parts["edge"][first])
        starts.append(bounds[first])
        ends.append(bounds[np.append(first[1:], len(parts))] if first.size else bounds[:0])
    if not edges:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    edge, from_m, to_m = np.concatenate(edges).astype(np.int64), np.concatenate(starts), np.concatenate(ends)
    road = (to_m > from_m) & ((network.flags[edge] & (EdgeFlag.CONNECTOR | EdgeFlag.FERRY)) == 0)
    return edge[road], from_m[road], to_m[road]


def merge(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """`EDGE_SPEED` rows of several drives or days added up, one a key and hour, by key and hour rising."""
    rows = np.concatenate([np.zeros(0, EDGE_SPEED), *parts])
    order = np.lexsort((rows["hour_ms"], rows["edge_key"]))
    rows = rows[order]
    if not rows.size:
        return rows
    new = np.ones(rows.size, bool)
    new[1:] = (rows["edge_key"][1:] != rows["edge_key"][:-1]) | (rows["hour_ms"][1:] != rows["hour_ms"][:-1])
    first = np.flatnonzero(new)
    out = rows[first]
    for name in ("count", "travel_mm", "travel_ms", "histogram"):
        out[name] = np.add.reduceat(rows[name], first, axis=0)
    return out


def speed_kmh(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Mean speed of each row, metres over seconds of all its traversals."""
    return np.asarray(rows["travel_mm"] / np.maximum(rows["travel_ms"], 1) * 3.6)


def usual_kmh(rows: NDArray[Any], share: float = 0.5) -> NDArray[np.float64]:
    """Speed that a share of each row's traversals stays under, from the histogram; NaN without traversals."""
    total = np.cumsum(rows["histogram"], axis=1).astype(np.float64)
    wanted = share * total[:, -1]
    at = (total < wanted[:, None]).sum(axis=1).clip(max=BINS - 1)
    row = np.arange(len(rows))
    below = np.where(at > 0, total[row, at - 1], 0.0)
    inside = total[row, at] - below
    fraction = np.divide(wanted - below, inside, out=np.full(len(rows), np.nan), where=inside > 0)
    return np.asarray((at + fraction) * BIN_KMH)


def conditions(rows: NDArray[Any], network: RoadNetwork, least: int = 1) -> NDArray[Any]:
    """(k,) `CONDITION` by edge, of `EDGE_SPEED` rows of the hours that are to be shown.

    Keys that the network does not know, and edges of fewer traversals than least, are left out.
    """
    total = rows.copy()
    total["hour_ms"] = 0
    total = merge([total])
    by_key = np.argsort(network.edge_key, kind="stable")
    at = np.searchsorted(network.edge_key[by_key], total["edge_key"]).clip(max=max(by_key.size - 1, 0))
    edge = by_key[at] if by_key.size else np.empty(0, np.int64)
    known = (network.edge_key[edge] == total["edge_key"]) & (total["count"] >= least)
    edge, total = network.base_edge[edge[known]], total[known]
    out = np.zeros(edge.size, CONDITION)
    out["edge"], out["count"], out["speed_kmh"] = edge, total["count"], speed_kmh(total)
    out["ratio"] = out["speed_kmh"] / np.maximum(network.free_kmh[edge], 1)
    out["level"] = np.select([out["ratio"] >= 0.7, out["ratio"] >= 0.4], [Level.FREE, Level.SLOW], Level.JAMMED)
    return out[np.argsort(out["edge"], kind="stable")]
