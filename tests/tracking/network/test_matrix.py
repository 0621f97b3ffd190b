"""Driving times: exact on small maps, equal to slow twins on random ones."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from tests.tracking import naive_travel as naive
from tests.tracking.network.drawing import EAST, draw, edge_of
from tests.tracking.network.test_bans import _network, _worlds
from tracking.kernels import travel
from tracking.network import RoadClass, RoadNetwork
from tracking.network.matrix import Spots, spots_at, travel_times

PICTURE = "a----b----c----d\n     |    |\n     |    |\n     x----y"


def _spots(*places: tuple[int, float]) -> Spots:
    return Spots(np.array([edge for edge, _ in places], np.int32), np.array([share for _, share in places]))


def test_times_go_by_free_speed_and_one_ways(tmp_path: Path) -> None:
    ways = "ab highway=primary\nbc highway=primary oneway=yes\ncd highway=primary\nbx highway=residential\nxy highway=residential\nyc highway=residential"
    network = draw(tmp_path, PICTURE, ways)
    ab, cd, bc = (edge_of(network, ends, RoadClass.PRIMARY) for ends in ("ab", "cd", "bc"))
    length = network.length_m
    there = travel_times(network, _spots((ab, 0.5)), _spots((cd, 0.25)))
    metres = 0.5 * length[ab] + length[bc] + 0.25 * length[cd]
    assert there.length_m[0, 0] == pytest.approx(metres) and there.seconds[0, 0] == pytest.approx(metres * 3.6 / 60)
    back = travel_times(network, _spots((cd, 0.25)), _spots((ab, 0.5)))
    around = float(length[edge_of(network, "cb", RoadClass.RESIDENTIAL)])
    assert back.length_m[0, 0] == pytest.approx(0.25 * length[cd] + 0.5 * length[ab] + around)
    slow = travel_times(network, _spots((ab, 0.5)), _spots((cd, 0.25)), ratio=np.full(network.edge_count, 2.0))
    assert slow.seconds[0, 0] == pytest.approx(2 * there.seconds[0, 0]) and slow.length_m[0, 0] == pytest.approx(metres)
    same = travel_times(network, _spots((ab, 0.2)), _spots((ab, 0.7), (ab, 0.1)))
    assert same.length_m[0].tolist() == pytest.approx([0.5 * length[ab], 0.1 * length[ab]])
    assert np.isinf(travel_times(network, _spots((ab, 0.5)), _spots((cd, 0.25)), longest_s=10.0).seconds).all()


def test_closed_roads_and_banned_turns_are_kept(tmp_path: Path) -> None:
    ways = "ab highway=primary\nbc highway=primary bus=no\ncd highway=primary\nbx highway=residential\nxyc highway=residential"
    network = draw(tmp_path, PICTURE, ways, relations="1 via b 4 restriction=no_right_turn except=hgv")
    ab, cd = edge_of(network, "ab"), edge_of(network, "cd")
    spots = _spots((ab, 0.5)), _spots((cd, 0.5))
    assert np.isinf(travel_times(network, *spots, profile="bus").seconds[0, 0])
    direct = 0.5 * network.length_m[ab] + network.length_m[edge_of(network, "bc", RoadClass.PRIMARY)] + 0.5 * network.length_m[cd]
    assert travel_times(network, *spots, profile="truck").length_m[0, 0] == pytest.approx(direct)
    assert travel_times(network, *spots, profile="coach").length_m[0, 0] == pytest.approx(direct)
    with pytest.raises(RefusedError, match="profile"):
        travel_times(network, *spots, profile="tram")


def test_places_are_put_on_the_nearest_open_road(tmp_path: Path) -> None:
    network = draw(tmp_path, PICTURE, "abcd highway=primary\nxy highway=residential bus=no")
    lon, lat = np.array([106.6 + 2.5 * EAST, 106.6 + 7 * EAST]), np.array([26.5003, 26.4975])
    spots = spots_at(network, lon, lat, "bus")
    twin = edge_of(network, "ad"), edge_of(network, "da")
    assert set(spots.edge.tolist()) <= set(twin)
    share = spots.share[0] if spots.edge[0] == twin[0] else 1 - spots.share[0]
    assert share == pytest.approx(2.5 / 15, abs=0.005)
    assert spots_at(network, lon, lat, "truck").edge[1] in (edge_of(network, "xy"), edge_of(network, "yx"))
    with pytest.raises(RefusedError, match=r"within 500 m of 107\.0"):
        spots_at(network, np.array([107.0]), np.array([26.5]))


@settings(deadline=None, max_examples=60)
@given(world=_worlds(), share=st.floats(0, 1), longest_s=st.sampled_from([30.0, 90.0, math.inf]), data=st.data())
def test_the_search_is_that_of_the_twin(world: object, share: float, longest_s: float, data: st.DataObject) -> None:
    network: RoadNetwork = _network(world)  # type: ignore[arg-type]
    edges, nodes, room = network.edge_count, network.node_count, network.out_edge.size + 1
    start = data.draw(st.integers(0, edges - 1))
    seconds = network.length_m * 3.6 / network.free_kmh
    seconds[data.draw(st.integers(0, edges - 1))] = math.inf
    graph = network.head, network.base_edge, network.out_start, network.out_edge
    time, came, before, keys = np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(room)
    entry, entry_s, heap = np.empty(edges, np.int32), np.empty(edges), np.empty(room, np.int32)
    travel.spread(start, share, *graph, seconds, np.ones(edges, bool), longest_s, time, came, before, entry, entry_s, keys, heap)
    expected = naive.entry_times(start, share, graph, seconds, longest_s)
    assert {e: s for e, s in enumerate(entry_s.tolist()) if e in expected} == pytest.approx(expected)
    assert set(np.flatnonzero(entry >= 0).tolist()) == set(expected)


_PLACE = st.tuples(st.floats(-600, 600), st.floats(-600, 600))


@settings(deadline=None, max_examples=60)
@given(world=_worlds(), places=st.lists(_PLACE, min_size=1, max_size=5), radius=st.sampled_from([30.0, 250.0]))
def test_the_nearest_edge_is_that_of_the_twin(world: object, places: list[tuple[float, float]], radius: float) -> None:
    network: RoadNetwork = _network(world)  # type: ignore[arg-type]
    x, y = (np.array([place[axis] for place in places]) for axis in (0, 1))
    px, py, along = (a.astype(np.float64) for a in (network.x_m, network.y_m, network.along_m))
    shown = np.isin(np.arange(network.edge_count), network.cell_edge)
    edge, share, off = np.empty(x.size, np.int32), np.empty(x.size), np.empty(x.size)
    grid = network.cell_start, network.cell_shape, network.cell_edge, network.grid
    travel.nearest_edges(x, y, px, py, *grid, shown, along, network.length_m, radius, edge, share, off)
    for q in range(x.size):
        expected = naive.nearest(x[q], y[q], px, py, network.shape_start, shown, radius)
        assert (int(edge[q]) >= 0) == (expected[0] >= 0)
        if edge[q] >= 0:
            assert off[q] == pytest.approx(expected[1]) and 0 <= share[q] <= 1
