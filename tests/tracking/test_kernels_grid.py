"""Candidates of a fix against a look at every segment of the network."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_search as naive
from tests.tracking.naive_search import graph
from tests.tracking.small_roads import roads
from tests.tracking.test_kernels_search import Drawing, drawings, network_of
from tracking.kernels.graph import NEAR, NEARBY, STATE
from tracking.kernels.grid import at_dead_end, candidates, emission_cost, heading_cost, nearest, neighbourhood

places = st.tuples(st.floats(-400.0, 400.0), st.floats(-400.0, 400.0))
headings = st.one_of(st.just(math.nan), st.floats(0.0, 2 * math.pi))


@settings(max_examples=40, deadline=None)
@given(drawings(), places, st.sampled_from([20.0, 40.0, 120.0, 900.0]))
def test_a_neighbourhood_is_every_road_within_the_radius(drawing: Drawing, place: tuple[float, float], radius: float) -> None:
    network = network_of(drawing)
    g, s = graph(network)
    x, y = place
    s.clock[1] += 1
    near = np.zeros(NEAR, NEARBY)
    count = neighbourhood(g.grid, g.cell_start, g.segments, s.seen, near, np.int32(s.clock[1]), x, y, radius)
    found = {int(row["edge"]): row for row in near[:count]}
    wanted = {place.edge: place for place in naive.places(network, x, y, radius)}
    assert len(found) == count
    for edge in found.keys() ^ wanted.keys():
        off = next(p.distance for p in naive.places(network, x, y, radius + 1.0) if p.edge == edge)
        assert off == pytest.approx(radius, abs=1e-6)
    for edge in found.keys() & wanted.keys():
        row, true = found[edge], wanted[edge]
        assert abs(row["side"]) == pytest.approx(true.distance, abs=1e-6)
        along = g.points[row["shape"]]["along"] + row["fraction"] * (
            np.float64(g.points[row["shape"] + 1]["along"]) - g.points[row["shape"]]["along"]
        )
        assert along == pytest.approx(true.along, abs=1e-2)


@settings(max_examples=40, deadline=None)
@given(drawings(), places, st.floats(3.0, 50.0), headings, st.sampled_from([1, 2, 3, 8, 40]))
def test_candidates_are_the_cheapest_of_both_directions(
    drawing: Drawing, place: tuple[float, float], sigma: float, heading: float, k: int
) -> None:
    network = network_of(drawing)
    g, s = graph(network)
    (x, y), radius = place, max(40.0, 4.0 * sigma)
    near = naive.places(network, x, y, radius)
    if any(_at_a_corner(network, candidate) for candidate in naive.candidates(network, near, sigma, (math.nan, 0.3, 6.0))):
        heading = math.nan  # a corner has two directions
    states = np.zeros(k + 1, STATE)
    count = candidates(g, s, x, y, sigma, radius, heading, 0.3, 6.0, states, k)
    wanted = naive.candidates(network, near, sigma, (heading, 0.3, 6.0))
    assert count == min(len(wanted), k)
    by_edge = {candidate.edge: candidate for candidate in wanted}
    found = [(float(state["emission"]), int(state["edge"])) for state in states[:count]]
    assert found == sorted(found)
    assert len({edge for _, edge in found}) == count
    assert [cost for cost, _ in found] == pytest.approx([candidate.cost for candidate in wanted[:count]], abs=1e-4)
    for state in states[:count]:
        true = by_edge[int(state["edge"])]
        assert state["emission"] == pytest.approx(true.cost, abs=1e-4)
        assert state["along"] == pytest.approx(true.along, abs=1e-2) and 0.0 <= state["along"] <= network.length_m[true.edge]
        if abs(true.side) > 1e-3:
            assert state["side"] == pytest.approx(true.side, abs=1e-6) or _at_a_corner(network, true)


def _at_a_corner(network: object, place: naive.Candidate) -> bool:
    """At a corner, or beyond an end, right and left are a matter of the segment."""
    along = network.along_m[network.shape_start[place.edge] : network.shape_start[place.edge + 1]]  # type: ignore[attr-defined]
    return bool(np.abs(along - place.along).min() < 1e-2)


def test_of_equal_candidates_the_smaller_edge_is_kept() -> None:
    places = {"O": (0.0, 0.0), "N": (0.0, 300.0), "E": (300.0, 0.0), "S": (0.0, -300.0), "W": (-300.0, 0.0)}
    for ways in (["ON", "OE", "OS", "OW"], ["OW", "OS", "OE", "ON"], ["NO", "WO", "EO", "SO"]):
        network, _ = roads(places, ways)
        g, s = graph(network)
        x, y = g.nodes[int(np.argmax(np.diff(network.out_start)))][["x", "y"]]
        states = np.zeros(4, STATE)
        assert candidates(g, s, x, y, 6.0, 40.0, np.nan, 1.0, 6.0, states, 3) == 3
        assert states["edge"][:3].tolist() == [0, 1, 2]


@settings(max_examples=40, deadline=None)
@given(drawings(), st.lists(places, min_size=1, max_size=6), st.sampled_from([40.0, 200.0]))
def test_the_nearest_road_is_found_or_none(drawing: Drawing, points: list[tuple[float, float]], radius: float) -> None:
    network = network_of(drawing)
    g, s = graph(network)
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    out = np.zeros(len(points))
    nearest(g, s, x, y, radius, out)
    for found, point in zip(out, points, strict=True):
        true = min((p.distance for p in naive.places(network, *point, radius + 1.0)), default=math.inf)
        if abs(true - radius) > 1e-6:
            assert math.isnan(found) if true > radius else found == pytest.approx(true, abs=1e-6)


def test_far_outside_the_grid_there_is_nothing() -> None:
    network, _ = roads({"A": (0.0, 0.0), "B": (500.0, 0.0)}, ["AB"])
    g, s = graph(network)
    states = np.zeros(9, STATE)
    for x, y in ((1e7, 0.0), (-1e7, -1e7), (0.0, 1e12)):
        assert candidates(g, s, x, y, 6.0, 200.0, np.nan, 1.0, 6.0, states, 8) == 0


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0, 500.0), st.floats(3.0, 60.0), headings, st.floats(-7.0, 7.0), st.floats(0.1, 2.0))
def test_costs_agree_with_their_twins(distance: float, sigma: float, heading: float, along: float, deviation: float) -> None:
    assert emission_cost(distance, sigma) == pytest.approx(naive.emission(distance, sigma), rel=1e-12)
    assert heading_cost(heading, along, deviation, 6.0) == pytest.approx(naive.heading_cost(heading, along, deviation, 6.0), abs=1e-5)


def test_a_dead_end_is_where_the_only_way_on_is_back() -> None:
    network, number = roads({"A": (0.0, 0.0), "B": (500.0, 0.0), "C": (1000.0, 0.0), "D": (500.0, 400.0)}, ["AB", "BC", "BD"])
    g, s = graph(network)
    for letter, ends in (("A", True), ("C", True), ("D", True)):
        node = int(np.flatnonzero(network.node_id == number[letter])[0])
        assert bool(g.nodes[node]["dead_end"]) is ends
        assert at_dead_end(g, s, g.nodes[node]["x"], g.nodes[node]["y"], 25.0)
    assert not g.nodes[int(np.flatnonzero(network.node_id == number["B"])[0])]["dead_end"]


def test_where_two_one_ways_join_no_road_ends() -> None:
    places = {"A": (0.0, 0.0), "B": (300.0, 200.0), "C": (600.0, 100.0), "D": (3000.0, 100.0)}
    network, number = roads(places, [">AC", ">BC", ">CD"])
    g, _ = graph(network)
    node = int(np.flatnonzero(network.node_id == number["C"])[0])
    assert not g.nodes[node]["dead_end"]
