"""Junctions split for their bans: a ban costs in the search, exactly where it holds.

The drives that bans watch form an automaton of prefixes: a state is the longest run of edges just driven that begins some
ban. States of one edge are the edge itself, longer ones a COPY of their last edge. A state after which some turn is banned
ends in a node of its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from tracking.network.keys import mix
from tracking.network.model import ALL_PROFILES, EDGE_NAMES, EdgeFlag
from tracking.network.table import Column

Run = tuple[int, ...]
Drive = tuple[int, bool]
"""A piece and whether it is driven against its order."""


@dataclass(frozen=True, slots=True)
class Ban:
    """Drives that may not follow each other. way: two or more drives; only: all ways on but the last are banned; bits: for whom."""

    way: tuple[Drive, ...]
    only: bool
    bits: int


@dataclass(frozen=True, slots=True)
class Bans:
    """What is banned. barriers: node id to the bits of profiles that do not pass."""

    turns: tuple[Ban, ...] = ()
    barriers: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeBan:
    """Directed edges that may not follow each other; only: everything on but the last is banned; bits: for whom."""

    edges: Run
    only: bool
    bits: int


@dataclass(slots=True)
class _Growth:
    """Rows put to the network: copies (base edge) and connectors (node, head, access), and out-lists of new nodes (base)."""

    edges: int
    nodes: int
    copies: list[int]
    links: list[tuple[int, int, int]]
    rooms: list[tuple[int, list[int]]]

    def room(self, base: int) -> tuple[int, list[int]]:
        """A new node at a junction and its out-list."""
        out: list[int] = []
        self.rooms.append((base, out))
        return self.nodes + len(self.rooms) - 1, out


def split(columns: dict[str, Column], bans: list[EdgeBan], barriers: dict[int, int]) -> dict[str, Column]:
    """The columns with junctions split.

    Args:
        columns: of `RoadNetwork`, but for plane and grid.
        bans: turns, by edge.
        barriers: node row to the bits of those that do not pass.
    """
    banned = _banned(columns, bans, barriers)
    states = sorted({run[:n] for run in banned for n in range(2, len(run) + 1)}, key=lambda run: (len(run), run))
    edges = columns["tail"].size
    growth = _Growth(edges + len(states), columns["node_id"].size, [run[-1] for run in states], [], [])
    row_of: dict[Run, int] = {run: edges + number for number, run in enumerate(states)}
    watched = sorted({*banned, *states, *((run[0],) for run in states)}, key=lambda run: (len(run), run))
    head = np.concatenate([columns["head"], columns["head"][growth.copies]]).astype(np.int32)
    for run in watched:
        own = _room(columns, run, row_of, banned, growth)
        if own >= 0:
            head[row_of.get(run, run[-1])] = own
    return _grown(columns, head, growth)


def _outs(columns: dict[str, Column], node: int) -> list[int]:
    return list(columns["out_edge"][columns["out_start"][node] : columns["out_start"][node + 1]].tolist())


def _banned(columns: dict[str, Column], bans: list[EdgeBan], barriers: dict[int, int]) -> dict[Run, dict[int, int]]:
    """By run of edges just driven: edges banned after it, and for whom."""
    banned: dict[Run, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    head, twin = columns["head"], columns["twin"]
    for ban in bans:
        run, last = ban.edges[:-1], ban.edges[-1]
        others = [e for e in _outs(columns, int(head[run[-1]])) if e not in (last, int(twin[run[-1]]))] if ban.only else [last]
        for edge in others:
            banned[run][edge] |= ban.bits
    for edge in np.flatnonzero(np.isin(head, list(barriers))).tolist():
        node = int(head[edge])
        for other in _outs(columns, node):
            if other != int(twin[edge]):
                banned[edge,][other] |= barriers[node]
    return banned


def _room(columns: dict[str, Column], run: Run, row_of: dict[Run, int], banned: dict[Run, dict[int, int]], growth: _Growth) -> int:
    """The node in which a run ends, -1 when the junction itself does."""
    tails = [run[k:] for k in range(len(run))]
    bits: dict[int, int] = defaultdict(int)
    for tail in tails:
        for edge, its_bits in banned.get(tail, {}).items():
            bits[edge] |= its_bits
    node = int(columns["head"][run[-1]])
    outs = {edge: next((row_of[(*t, edge)] for t in tails if (*t, edge) in row_of), edge) for edge in _outs(columns, node)}
    if not any(bits.get(edge) for edge in outs) and all(row == edge for edge, row in outs.items()):
        return -1
    own, allowed = growth.room(node)
    groups: dict[int, list[int]] = defaultdict(list)
    for edge, row in outs.items():
        (groups[bits[edge]] if bits.get(edge) else allowed).append(row)
    for mask, rows in sorted(groups.items()):
        behind = node
        # who is not banned passes the connector free: where a way on is watched, the junction itself would let it be forgotten
        if len(groups) > 1 or any(row != edge for edge, row in outs.items()):
            behind, list_behind = growth.room(node)
            list_behind += rows
        allowed.append(growth.edges + len(growth.links))
        growth.links.append((own, behind, ALL_PROFILES & ~mask))
    return own


def _grown(columns: dict[str, Column], head: Column, growth: _Growth) -> dict[str, Column]:
    """The columns with copies, connectors and nodes put to them."""
    edges = columns["tail"].size
    links = np.array(growth.links, np.int64).reshape(-1, 3)
    base = np.array([room[0] for room in growth.rooms], np.int32)
    at = np.concatenate([columns["base_node"], base])[links[:, 0]]
    models = np.concatenate([np.arange(edges), growth.copies, columns["out_edge"][columns["out_start"][at]]]).astype(np.int64)
    grown = {name: columns[name][models] for name in EDGE_NAMES if name not in ("shape_start", "edge_key")}
    marks = mix([columns["node_id"][columns["base_node"]][at], links[:, 0], links[:, 1]])
    grown["edge_key"] = np.concatenate([columns["edge_key"][models[: growth.edges]], marks])
    link, copy = slice(growth.edges, None), slice(edges, growth.edges)
    grown["head"] = np.concatenate([head, links[:, 1]]).astype(np.int32)
    grown["tail"][link] = links[:, 0]
    grown["flags"][copy] |= np.uint16(EdgeFlag.COPY)
    grown["flags"][link] = int(EdgeFlag.CONNECTOR)
    grown["access"][link] = links[:, 2]
    grown["base_edge"][link] = np.arange(growth.edges, models.size)
    grown["twin"][link] = -1
    grown["length_m"][link] = 0.0
    for name in ("limit_bus_kmh", "limit_truck_kmh", "limit_origin", "truck_limit_origin", "way_id"):
        grown[name][link] = 0
    for name in ("name", "ref"):
        grown[name][link] = -1
    grown |= _points(columns, growth, at)
    grown["node_id"], grown["base_node"] = (np.concatenate([columns[name], columns[name][base]]) for name in ("node_id", "base_node"))
    for name in ("node_lon_e7", "node_lat_e7"):
        grown[name] = np.concatenate([columns[name], columns[name][base]])
    lists = [room[1] for room in growth.rooms]
    sizes = np.concatenate([np.diff(columns["out_start"]), [len(one) for one in lists]]).astype(np.int64)
    grown["out_start"] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    grown["out_edge"] = np.concatenate([columns["out_edge"], *lists]).astype(np.int32)
    return grown


def _points(columns: dict[str, Column], growth: _Growth, at: Column) -> dict[str, Column]:
    """Shapes with those of copies and, two equal points, of connectors."""
    start = columns["shape_start"].astype(np.int64)
    copies = np.array(growth.copies, np.int64)
    sizes = np.concatenate([np.diff(start), np.diff(start)[copies], np.full(at.size, 2)])
    begin = np.concatenate([[0], np.cumsum(sizes)])
    taken = np.diff(start)[copies]
    within = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
    rows = np.repeat(start[copies], taken) + within
    places = {"lon_e7": columns["node_lon_e7"], "lat_e7": columns["node_lat_e7"], "along_m": np.zeros(columns["node_id"].size, np.float32)}
    grown = {name: np.concatenate([columns[name], columns[name][rows], np.repeat(place[at], 2)]) for name, place in places.items()}
    return {**grown, "shape_start": begin.astype(np.int32)}
