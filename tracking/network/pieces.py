"""Road pieces between junctions: brought into whole numbers, joined where their inner nodes say nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from tracking.kernels import contract
from tracking.network.geodesy import leg_lengths
from tracking.network.keys import mix
from tracking.network.table import Column, EdgeTable, attributes

_LONG_LEG_M = 20_000.0
"""Above this a leg's length comes from `pyproj.Geod`."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """W pieces: node rows, points, attributes (2, W) along and against; turned: the way runs against the piece."""

    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    start: NDArray[np.int64]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    oneway: NDArray[np.bool_]
    way_id: NDArray[np.int64]
    turned: NDArray[np.bool_]
    attributes: dict[str, Column]


@dataclass(frozen=True, slots=True)
class Chains:
    """Where table rows went: chain (W,) row of the joined pieces, turned (W,) bool: against it."""

    chain: NDArray[np.int64]
    turned: NDArray[np.bool_]


def pieces_of(table: EdgeTable) -> tuple[Pieces, NDArray[np.int64]]:
    """The table's rows as pieces, points that repeat the one before left out, and the node numbers, rising."""
    node_id, ends = np.unique(np.concatenate([table.tail, table.head]), return_inverse=True)
    count = table.tail.size
    lon = np.round(np.asarray(table.lon_deg, np.float64) * 1e7).astype(np.int32)
    lat = np.round(np.asarray(table.lat_deg, np.float64) * 1e7).astype(np.int32)
    given = np.asarray(table.shape_start, np.int64)
    kept = np.ones(lon.size, bool)
    kept[1:] = (np.diff(lon) != 0) | (np.diff(lat) != 0)
    kept[given[:-1]] = True
    total = np.concatenate([[0], np.cumsum(kept)])
    single = total[given[1:]] - total[given[:-1]] < 2
    kept[given[1:][single] - 1] = True
    start = np.concatenate([[0], np.cumsum(kept)])[given]
    pieces = Pieces(
        tail=ends[:count].astype(np.int32),
        head=ends[count:].astype(np.int32),
        start=start,
        lon_e7=lon[kept],
        lat_e7=lat[kept],
        oneway=np.asarray(table.oneway, bool),
        way_id=np.arange(count, dtype=np.int64) if table.way_id is None else np.asarray(table.way_id, np.int64),
        turned=np.zeros(count, bool),
        attributes=attributes(table),
    )
    return pieces, node_id.astype(np.int64)


def lengths(lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]) -> NDArray[np.float64]:
    """(S,) metres on the ellipsoid from each point to the next; 0 at the last."""
    legs = np.zeros(lon_e7.size)
    legs[:-1] = leg_lengths(lon_e7 / 1e7, lat_e7 / 1e7)
    # A jump from one line's end to the next line's start is computed too, and never read.
    far = np.flatnonzero(legs > _LONG_LEG_M)
    if far.size:
        lon, lat = lon_e7 / 1e7, lat_e7 / 1e7
        legs[far] = Geod(ellps="WGS84").inv(lon[far], lat[far], lon[far + 1], lat[far + 1])[2]
    return legs


def piece_lengths(pieces: Pieces) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(metres from the piece's start (S,), length of each piece (W,))."""
    along = np.empty(pieces.lon_e7.size)
    contract.along(pieces.start, lengths(pieces.lon_e7, pieces.lat_e7), along)
    return along, along[pieces.start[1:] - 1]


def join(pieces: Pieces, fixed: NDArray[np.bool_]) -> tuple[Pieces, Chains]:
    """The pieces with chains of equal attributes made one; nodes of `fixed` (N,) stay."""
    one = np.uint64(1)
    ahead = mix([column[0] for column in pieces.attributes.values()]) | one
    back = np.where(pieces.oneway, np.uint64(0), mix([column[1] for column in pieces.attributes.values()]) | one)
    mate = contract.joined_ends(pieces.tail, pieces.head, ahead, back, fixed)
    start, piece, turned = contract.chains(mate, pieces.tail, pieces.head)
    size = np.diff(start)
    first, last = piece[start[:-1]], piece[start[1:] - 1]
    first_turned, last_turned = turned[start[:-1]], turned[start[1:] - 1]
    longest = contract.longest_parts(start, piece, pieces.way_id, piece_lengths(pieces)[1])
    points, point_start = _points(pieces, start, piece, turned)
    sides = first_turned.astype(np.int64)
    joined = Pieces(
        tail=np.where(first_turned, pieces.head[first], pieces.tail[first]),
        head=np.where(last_turned, pieces.tail[last], pieces.head[last]),
        start=point_start,
        lon_e7=pieces.lon_e7[points],
        lat_e7=pieces.lat_e7[points],
        oneway=pieces.oneway[first],
        way_id=pieces.way_id[piece[longest]],
        turned=turned[longest] ^ pieces.turned[piece[longest]],
        attributes={name: np.stack([column[sides, first], column[1 - sides, first]]) for name, column in pieces.attributes.items()},
    )
    chain_of, turned_of = np.empty(piece.size, np.int64), np.empty(piece.size, bool)
    chain_of[piece] = np.repeat(np.arange(size.size), size)
    turned_of[piece] = turned
    return joined, Chains(chain_of, turned_of)


def _points(
    pieces: Pieces, start: NDArray[np.int64], piece: NDArray[np.int64], turned: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows of the points of the chains in order, start (C + 1,) of each chain in them); a joint stands once."""
    sizes = np.diff(pieces.start)[piece]
    inner = np.ones(piece.size, np.int64)
    inner[start[:-1]] = 0
    taken = sizes - inner
    begin = np.concatenate([[0], np.cumsum(taken)])
    within = np.arange(begin[-1]) - np.repeat(begin[:-1], taken) + np.repeat(inner, taken)
    rows = np.repeat(pieces.start[piece], taken)
    rows += np.where(np.repeat(turned, taken), np.repeat(sizes, taken) - 1 - within, within)
    return rows, begin[start]
