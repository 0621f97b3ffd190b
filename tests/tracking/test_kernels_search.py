"""The bounded search for ways against a plain search without bounds, on drawn networks with one-ways and banned turns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_search as naive
from tests.tracking.naive_search import graph
from tests.tracking.small_roads import degrees, roads
from tracking.kernels.graph import Graph, Scratch
from tracking.kernels.paths import search
from tracking.network import EdgeTable, RoadClass, from_edges
from tracking.network.junctions import Ban, Bans
from tracking.network.model import EdgeFlag, RoadNetwork

Piece = tuple[int, int, bool, RoadClass, tuple[int, int] | None]
"""Tail, head, one-way, class, a point between."""
Drawing = tuple[tuple[tuple[int, int], ...], tuple[Piece, ...], tuple[Ban, ...]]
"""Places of the nodes, metres; pieces; bans."""
_CLASSES = [RoadClass.TRUNK, RoadClass.SECONDARY, RoadClass.RESIDENTIAL, RoadClass.SERVICE]


@st.composite
def drawings(draw: st.DrawFn, *, bans: bool = True, oneway: bool | None = None, most: int = 12) -> Drawing:
    """Up to 7 nodes within 300 m of the corner; oneway: all or none, None some."""
    spot = st.tuples(st.integers(-300, 300), st.integers(-300, 300))
    nodes = draw(st.lists(spot, min_size=3, max_size=7, unique_by=lambda p: (p[0] // 20, p[1] // 20)))
    ends = st.tuples(st.integers(0, len(nodes) - 1), st.integers(0, len(nodes) - 1)).filter(lambda pair: pair[0] != pair[1])
    pieces: list[Piece] = [
        (tail, head, draw(st.booleans()) if oneway is None else oneway, draw(st.sampled_from(_CLASSES)), draw(st.none() | spot))
        for tail, head in draw(st.lists(ends, min_size=2, max_size=most, unique=True))
    ]
    drives = [((row, False), p[0], p[1]) for row, p in enumerate(pieces)] + [
        ((row, True), p[1], p[0]) for row, p in enumerate(pieces) if not p[2]
    ]
    found = []
    for _ in range(draw(st.integers(0, 3)) if bans else 0):
        first = draw(st.sampled_from(drives))
        onward = [drive for drive in drives if drive[1] == first[2] and drive[0][0] != first[0][0]]
        if onward:
            found.append(Ban((first[0], draw(st.sampled_from(onward))[0]), False, 15))
    return tuple(nodes), tuple(pieces), tuple(found)


def network_of(drawing: Drawing) -> RoadNetwork:
    nodes, pieces, bans = drawing
    shapes = [[nodes[p[0]], *([p[4]] if p[4] else []), nodes[p[1]]] for p in pieces]
    x, y = np.array([point for shape in shapes for point in shape], np.float64).T
    lon, lat = degrees(x, y)
    table = EdgeTable(
        tail=np.array([p[0] for p in pieces]), head=np.array([p[1] for p in pieces]),
        shape_start=np.cumsum([0, *map(len, shapes)]), lon_deg=lon, lat_deg=lat,
        road_class=np.array([p[3] for p in pieces], np.uint8), oneway=np.array([p[2] for p in pieces]),
        keep_nodes=np.arange(len(nodes)),
    )  # fmt: skip
    return from_edges(table, bans=Bans(bans))


def _aim(g: Graph, edges: list[int], longest: float) -> tuple[float, float, float, float, float]:
    """A point with all tails of the edges within reach of it."""
    tails = g.nodes[g.edges["tail"][edges]]
    x, y = float(tails["x"][0]), float(tails["y"][0])
    return x, y, float(np.hypot(tails["x"] - x, tails["y"] - y).max()), longest, float(g.cheapest[0])


def found_ways(
    g: Graph, s: Scratch, start: tuple[int, float], edges: list[int], longest: float, turns: tuple[float, float]
) -> dict[int, Any]:
    """Labels of the asked edges that a search reached, copied."""
    for edge in edges:
        s.asked[edge]["stamp"] = s.clock[0] + 1
    stamp = search(g, s, start[0], start[1], len(edges), _aim(g, edges, longest), *turns)
    return {edge: s.labels[s.asked[edge]["entry"]].copy() for edge in edges if s.asked[edge]["stamp"] == -stamp}


@st.composite
def _searches(draw: st.DrawFn) -> tuple[Drawing, float, float, list[float], tuple[float, float]]:
    """A drawing; edges, the place of the start and the asked edges as shares; what turning costs."""
    shares = st.floats(0.0, 0.999)
    return (
        draw(drawings()), draw(shares), draw(st.sampled_from([0.0, 1.0]) | shares), draw(st.lists(shares, min_size=1, max_size=8)),
        draw(st.sampled_from([(200.0, 20.0), (0.0, 0.0), (5.0, 500.0)])),
    )  # fmt: skip


def _start(network: RoadNetwork, at: float, share: float, asked: list[float]) -> tuple[tuple[int, float], list[int]]:
    number = int(at * network.edge_count)
    road = (network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY)) == 0
    edges = sorted(edge for edge in {int(a * network.edge_count) for a in asked} - {number, int(network.twin[number])} if road[edge])
    return (number, share * float(network.length_m[number])), edges


@settings(max_examples=60, deadline=None)
@given(_searches())
def test_without_a_bound_every_edge_is_reached_the_cheapest_way(case: Any) -> None:
    drawing, at, share, asked, turns = case
    network = network_of(drawing)
    g, s = graph(network)
    start, edges = _start(network, at, share, asked)
    if not edges:
        return
    true = naive.ways(g, *start, *turns)
    found = found_ways(g, s, start, edges, np.inf, turns)
    assert found.keys() == true.keys() & set(edges)
    for edge, label in found.items():
        assert label["cost"] == pytest.approx(true[edge].cost, rel=1e-9, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(_searches(), st.floats(50.0, 1_500.0))
def test_a_bound_leaves_out_what_is_too_long_and_nothing_else(case: Any, longest: float) -> None:
    drawing, at, share, asked, turns = case
    network = network_of(drawing)
    g, s = graph(network)
    start, edges = _start(network, at, share, asked)
    if not edges:
        return
    true = naive.ways(g, *start, *turns)
    found = found_ways(g, s, start, edges, longest, turns)
    for edge in edges:
        if edge in found:
            assert found[edge]["length"] <= longest + 1e-6
            assert found[edge]["cost"] >= true[edge].cost - 1e-6
        else:
            assert edge not in true or true[edge].length > longest - 1e-6


@settings(max_examples=30, deadline=None)
@given(_searches(), st.floats(50.0, 1_500.0))
def test_used_scratch_is_as_good_as_fresh(case: Any, longest: float) -> None:
    drawing, at, share, asked, turns = case
    network = network_of(drawing)
    g, fresh = graph(network)
    start, edges = _start(network, at, share, asked)
    if not edges:
        return
    wanted = found_ways(g, fresh, start, edges, longest, turns)
    used = graph(network)[1]
    for number in range(network.edge_count):
        found_ways(g, used, (number, 0.0), [int(e) for e in range(network.edge_count)], 400.0, turns)
    found = found_ways(g, used, start, edges, longest, turns)
    names = ["cost", "length", "free_s", "came", "before", "turn"]
    assert {e: tuple(v[names]) for e, v in found.items()} == {e: tuple(v[names]) for e, v in wanted.items()}


@settings(max_examples=60, deadline=None)
@given(_searches())
def test_a_way_is_as_long_as_its_edges(case: Any) -> None:
    drawing, at, share, asked, turns = case
    network = network_of(drawing)
    g, s = graph(network)
    (number, along), edges = _start(network, at, share, asked)
    for edge in edges:
        found = found_ways(g, s, (number, along), [edge], np.inf, turns)
        if edge not in found:
            continue
        label, length, node = found[edge], 0.0, int(s.asked[edge]["entry"])
        while label["came"] >= 0:
            arc = int(label["came"])
            assert network.head[arc] == node
            length += network.length_m[arc]
            node = int(label["before"])
            assert arc in network.out_edges(node)
            label = s.labels[node]
        length += along if label["came"] == -2 else network.length_m[number] - along
        assert length == pytest.approx(found[edge]["length"], abs=1e-6)


def _edge(network: RoadNetwork, number: dict[str, int], ends: str) -> int:
    tail, head = (int(np.flatnonzero(network.node_id == number[letter])[0]) for letter in ends)
    return int(np.flatnonzero((network.base_node[network.tail] == tail) & (network.base_node[network.head] == head))[0])


def test_turning_round_costs_metres_of_search_and_none_of_length() -> None:
    places = {"A": (-300.0, 0.0), "B": (0.0, 0.0), "C": (200.0, 0.0), "D": (0.0, 300.0)}
    network, number = roads(places, ["AB", "BC", "BD"])
    g, s = graph(network)
    start, to = _edge(network, number, "BC"), _edge(network, number, "BD")
    spot = found_ways(g, s, (start, 150.0), [to], np.inf, (200.0, 20.0))[to]
    assert spot["length"] == pytest.approx(50.0 + 200.0, abs=0.5) and spot["turn"] == 2  # on to the dead end and back: 20 m dear
    at_once = found_ways(g, s, (start, 50.0), [to], np.inf, (30.0, 200.0))[to]
    assert at_once["length"] == pytest.approx(50.0, abs=0.1) and at_once["turn"] == 1
    assert at_once["cost"] == pytest.approx(50.0 * g.edges["cost"][start] / g.edges["length"][start] + 30.0, abs=0.1)


def test_a_short_dear_way_does_not_stand_in_for_a_long_cheap_one() -> None:
    nodes = ((0, 0), (100, 0), (350, 300), (350, -50), (600, 0), (700, 0))
    main, lane = RoadClass.TRUNK, RoadClass.SERVICE
    drawing = (nodes, ((0, 1, True, main, None), (1, 2, True, main, None), (2, 4, True, main, None), (1, 3, True, lane, None),
                       (3, 4, True, lane, None), (4, 5, True, main, None)), ())  # fmt: skip
    network = network_of(drawing)
    g, s = graph(network)
    true = naive.ways(g, 0, 0.0, 200.0, 20.0)[5]
    assert found_ways(g, s, (0, 0.0), [5], np.inf, (200.0, 20.0))[5]["cost"] == pytest.approx(true.cost)
    assert 5 not in found_ways(g, s, (0, 0.0), [5], true.length - 50.0, (200.0, 20.0))
