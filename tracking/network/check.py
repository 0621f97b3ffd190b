"""Whether a network is sound, and what it consists of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tracking.network.model import EdgeFlag, LimitOrigin, RoadClass, RoadNetwork

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd. error: the network must not be used; example: an edge or node row, -1 none."""

    error: bool
    what: str
    count: int
    example: int = -1


@dataclass(frozen=True, slots=True)
class Share:
    """Kilometres of directed edges of one kind."""

    what: str
    kind: str
    edges: int
    km: float


@dataclass(frozen=True, slots=True)
class Report:
    """Findings that are there (count above 0) and the network's make-up."""

    findings: tuple[Finding, ...]
    shares: tuple[Share, ...]

    @property
    def sound(self) -> bool:
        """Whether no finding is an error."""
        return not any(one.error for one in self.findings)


def check(network: RoadNetwork) -> Report:
    """All findings and shares of a network; one without edges is an error."""
    if not network.edge_count:
        return Report((Finding(True, "no edges", 1),), ())
    findings = _broken(network)
    shares: tuple[Share, ...] = ()
    if not any(one.error and one.count for one in findings):
        findings += [*_misplaced(network), *_odd(network)]
        shares = (*_by_class(network), *_by_origin(network), *_components(network))
    return Report(tuple(one for one in findings if one.count), shares)


def _finding(error: bool, what: str, mask: NDArray[np.bool_]) -> Finding:
    rows = np.flatnonzero(mask)
    return Finding(error, what, int(rows.size), int(rows[0]) if rows.size else -1)


def _broken(network: RoadNetwork) -> list[Finding]:
    """Arrays that do not fit each other."""
    edges, nodes = network.edge_count, network.node_count
    rows = np.arange(edges)
    out = np.concatenate([network.tail, network.head])
    twin = network.twin
    with_twin = np.flatnonzero((twin >= 0) & (network.flags & EdgeFlag.COPY == 0))
    size = np.diff(network.shape_start)
    listed = np.zeros(edges, bool)
    listed[network.out_edge[(network.out_edge >= 0) & (network.out_edge < edges)]] = True
    known = np.isin(network.road_class, [int(member) for member in RoadClass])
    return [
        _finding(True, "end of an edge is no node", (out < 0) | (out >= nodes)),
        _finding(True, "twin is no edge", (twin < -1) | (twin >= edges) | (twin == rows)),
        _finding(True, "twin of the twin is another edge", np.isin(rows, with_twin[twin[np.clip(twin[with_twin], 0, edges - 1)] != with_twin])),
        _finding(True, "edge in no out-list", ~listed),
        _finding(True, "shape of fewer than two points", size < 2),
        _finding(True, "without a class", ~known),
        _finding(True, "length is no number", ~np.isfinite(network.length_m)),
    ]  # fmt: skip


def _misplaced(network: RoadNetwork) -> list[Finding]:
    """Shapes and cells that do not fit their edges."""
    roads = network.flags & EdgeFlag.CONNECTOR == 0
    last = network.shape_start[1:] - 1
    first = network.shape_start[:-1]
    off = np.zeros(network.edge_count, bool)
    for point, node in ((first, network.tail), (last, network.head)):
        off |= (network.lon_e7[point] != network.node_lon_e7[node]) | (network.lat_e7[point] != network.node_lat_e7[node])
    long = np.abs(network.along_m[last] - network.length_m) > 0.01 + 1e-6 * network.length_m
    falling = np.zeros(network.edge_count, bool)
    drops = np.flatnonzero(np.diff(network.along_m) < 0) + 1
    inner = drops[~np.isin(drops, first)]
    falling[np.searchsorted(network.shape_start, inner, side="right") - 1] = True
    return [
        _finding(True, "shape does not end at the edge's nodes", off),
        _finding(True, "length is not that of the shape", long),
        _finding(True, "metres along fall", falling),
        _finding(True, "segment not in its cell", _off_cell(network)),
        _finding(False, "of no length", roads & (network.length_m <= 0)),
    ]


def _off_cell(network: RoadNetwork) -> NDArray[np.bool_]:
    """Edges with a shape point that no cell holds though the edge stands in the grid."""
    x0, y0, size, columns, rows = network.grid
    cell = np.repeat(np.arange(network.cell_start.size - 1), np.diff(network.cell_start))
    shown = np.unique(network.cell_edge)
    start = network.shape_start[shown].astype(np.int64)
    sizes = network.shape_start[shown + 1] - start - 1
    segment = np.repeat(start - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(sizes.sum())
    column = np.clip((network.x_m[segment] - x0) // size, 0, columns - 1)
    row = np.clip((network.y_m[segment] - y0) // size, 0, rows - 1)
    points = network.lon_e7.size
    there = np.isin((row * columns + column).astype(np.int64) * points + segment, cell * points + network.cell_shape)
    off = np.zeros(network.edge_count, bool)
    off[np.searchsorted(network.shape_start, segment[~there], side="right") - 1] = True
    absent = (network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0) & ((network.twin < 0) | (network.twin > np.arange(off.size)))
    absent[shown] = False
    return np.asarray(off | absent)


def _odd(network: RoadNetwork) -> list[Finding]:
    """What a map may hold, and a person should look at."""
    roads = network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0
    tail, head = network.base_node[network.tail], network.base_node[network.head]
    order = np.lexsort((network.length_m, head, tail))
    same = np.zeros(network.edge_count, bool)
    twice = (tail[order][1:] == tail[order][:-1]) & (head[order][1:] == head[order][:-1])
    same[order[1:]] = twice & (np.abs(np.diff(network.length_m[order])) < 0.01) & (roads[order][1:] & roads[order][:-1])
    leaving = np.bincount(tail[roads], minlength=network.node_count) > 0
    counts = np.unique(network.edge_key[roads], return_counts=True)[1]
    return [
        _finding(False, "one-way into a dead end", roads & (network.twin < 0) & ~leaving[head]),
        _finding(False, "drawn twice", same),
        Finding(False, "keys that several edges share", int((counts > 1).sum())),
        _finding(False, "of a class with limits, without one", roads & (network.limit_bus_kmh == 0) & (network.road_class != RoadClass.FERRY)),
    ]  # fmt: skip


def _by_class(network: RoadNetwork) -> list[Share]:
    roads = network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0
    found = []
    for member in RoadClass:
        mask = roads & (network.road_class == member)
        if mask.any():
            found.append(Share("class", member.name.lower(), int(mask.sum()), float(network.length_m[mask].sum()) / 1000))
    return found


def _by_origin(network: RoadNetwork) -> list[Share]:
    roads = network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0
    found = []
    for side, column in (("bus", network.limit_origin), ("truck", network.truck_limit_origin)):
        for member in LimitOrigin:
            mask = roads & (column == member)
            if mask.any():
                found.append(Share(f"limit of {side}", member.name.lower(), int(mask.sum()), float(network.length_m[mask].sum()) / 1000))
    return found


def _components(network: RoadNetwork) -> list[Share]:
    """The five longest strong components, and the rest together. An edge is of its tail's and head's when these are one."""
    tail, head = network.base_node[network.tail], network.base_node[network.head]
    links = coo_array((np.ones(tail.size, np.int8), (tail, head)), shape=(network.node_count, network.node_count))
    part = connected_components(links, directed=True, connection="strong")[1]
    roads = network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0
    inside = roads & (part[tail] == part[head])
    count, length = (np.bincount(part[tail[inside]], weights=w, minlength=1) for w in (None, network.length_m[inside]))
    order = np.argsort(-length, kind="stable")
    found = [
        Share("strong component", str(n + 1), int(count[p]), float(length[p]) / 1000) for n, p in enumerate(order[:5].tolist()) if count[p]
    ]
    rest = order[5:][count[order[5:]] > 0]
    if rest.size:
        found.append(Share("strong component", f"{rest.size} more", int(count[rest].sum()), float(length[rest].sum()) / 1000))
    between = roads & ~inside
    if between.any():
        found.append(Share("strong component", "between them", int(between.sum()), float(network.length_m[between].sum()) / 1000))
    return found
