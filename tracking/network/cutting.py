"""Ways cut into pieces at the nodes they share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tracking.network.geodesy import leg_lengths
from tracking.network.osm import OsmRoads

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cut:
    """P pieces: way (row of `OsmRoads.ways`), tail, head (node ids), start (P + 1) into lon_deg, lat_deg; length_m."""

    way: Ints
    tail: Ints
    head: Ints
    start: Ints
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    length_m: NDArray[np.float64]

    def only(self, kept: NDArray[np.bool_]) -> Cut:
        """The pieces of a mask."""
        sizes = np.diff(self.start)
        points = np.repeat(kept, sizes)
        start = np.concatenate([[0], np.cumsum(sizes[kept])])
        return Cut(
            self.way[kept], self.tail[kept], self.head[kept], start, self.lon_deg[points], self.lat_deg[points], self.length_m[kept]
        )  # fmt: skip


def cut_ways(roads: OsmRoads) -> Cut:
    """The pieces of all ways, in their order; counts ways and nodes that are lost in the tally.

    A way is cut at its ends, where a node of it is missing, at nodes that another way or itself meets, and at nodes of
    barriers and turns.
    """
    refs, starts = np.frombuffer(roads.refs, np.int64), np.frombuffer(roads.way_start, np.int64)
    node, there = _rows(roads.node_id, refs)
    roads.tally["node: missing in the file"] += int(np.unique(refs[~there]).size)
    way = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    before = np.concatenate([[False], there[:-1] & there[1:] & (way[1:] == way[:-1])])
    after = np.concatenate([before[1:], [False]]) if before.size else before
    alone = there & ~before & ~after
    lost = np.setdiff1d(np.arange(starts.size - 1), way[there & ~alone])
    roads.tally["way: fewer than two nodes in the file"] += int(lost.size)
    torn = there & ~alone
    uses = np.bincount(node[torn], minlength=roads.node_id.size)
    special = np.zeros(roads.node_id.size, bool)
    special[_rows(roads.node_id, _special(roads))[0]] = True
    cut = torn & (~before | ~after | (uses[node] >= 2) | special[node])
    first = np.flatnonzero(cut & after)
    last = np.flatnonzero(cut & before)
    return _pieces(roads, node, way[first], first, last)


def _rows(node_id: Ints, refs: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """(row of each ref in the rising ids, whether it is there)."""
    if not node_id.size:
        return np.zeros(refs.size, np.int64), np.zeros(refs.size, bool)
    rows = np.minimum(np.searchsorted(node_id, refs), node_id.size - 1)
    return rows, node_id[rows] == refs


def _special(roads: OsmRoads) -> Ints:
    named = [*roads.barriers, *(r.via_node for r in roads.restrictions if r.via_node >= 0)]
    ids = np.array(sorted(set(named)), np.int64)
    return ids[np.isin(ids, roads.node_id)]


def _pieces(roads: OsmRoads, node: Ints, way: Ints, first: Ints, last: Ints) -> Cut:
    sizes = last - first + 1
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = node[np.arange(start[-1]) - np.repeat(start[:-1] - first, sizes)]
    lon, lat = roads.lon_deg[rows], roads.lat_deg[rows]
    total = np.concatenate([[0.0], np.cumsum(leg_lengths(lon, lat))])
    length = total[start[1:] - 1] - total[start[:-1]] if first.size else np.empty(0)
    return Cut(way, roads.node_id[node[first]], roads.node_id[node[last]], start, lon, lat, length)


def without_islands(cut: Cut, least_m: float, roads: OsmRoads) -> Cut:
    """The pieces that hang together with others over at least so many metres; dropped ways are counted.

    Ways in pieces of several parts count once, when nothing of them stays.
    """
    if not cut.way.size:
        return cut
    ids, ends = np.unique(np.concatenate([cut.tail, cut.head]), return_inverse=True)
    tail, head = ends[: cut.way.size], ends[cut.way.size :]
    links = coo_array((np.ones(tail.size, np.int8), (tail, head)), shape=(ids.size, ids.size))
    part = connected_components(links, directed=False)[1][tail]
    kept = np.bincount(part, weights=cut.length_m)[part] >= least_m
    roads.tally[f"way: on an island under {least_m:.0f} m"] += int(np.setdiff1d(cut.way, cut.way[kept]).size)
    return cut.only(kept)
