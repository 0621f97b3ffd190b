"""Chains of equal pieces become one edge, and nothing of them is lost."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from tracking.network import EdgeTable, RoadClass, RoadNetwork, from_edges
from tracking.network.check import check

_PIECES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=16
)


def _table(pieces: list[tuple[int, int, bool, int, int]], **columns: object) -> EdgeTable:
    """Pieces between ten nodes in a row of two: tail, head, oneway, attribute, points within."""
    lon = 106.6 + 0.01 * np.arange(10)
    lat = 26.5 + 0.004 * (np.arange(10) % 2)
    xs, ys, start = [], [], [0]
    for number, (tail, head, _, _, inner) in enumerate(pieces):
        share = np.linspace(0, 1, inner + 2)
        bow = np.sin(np.pi * share) * 0.002 * (number + 1)
        xs.append(lon[tail] + (lon[head] - lon[tail]) * share)
        ys.append(lat[tail] + (lat[head] - lat[tail]) * share + bow)
        start.append(start[-1] + inner + 2)
    tail, head, oneway, kind, _ = (np.array(column) for column in zip(*pieces, strict=True))
    return EdgeTable(
        tail=tail, head=head, shape_start=np.array(start), lon_deg=np.concatenate(xs), lat_deg=np.concatenate(ys),
        road_class=np.where(kind == 1, RoadClass.PRIMARY, RoadClass.TERTIARY).astype(np.uint8), oneway=oneway.astype(bool), **columns,
    )  # fmt: skip


def _legs(network: RoadNetwork) -> dict[tuple[int, ...], int]:
    """How often each directed leg between points of each class is there."""
    count: dict[tuple[int, ...], int] = defaultdict(int)
    for edge in range(network.edge_count):
        for j in range(int(network.shape_start[edge]), int(network.shape_start[edge + 1]) - 1):
            leg = (*(int(a[k]) for k in (j, j + 1) for a in (network.lon_e7, network.lat_e7)), int(network.road_class[edge]))
            count[leg] += leg[:2] != leg[2:4]
    return {leg: number for leg, number in count.items() if number}


@settings(deadline=None)
@given(pieces=_PIECES)
def test_contraction_keeps_every_leg_and_the_length(pieces: list[tuple[int, int, bool, int, int]]) -> None:
    whole, contracted = from_edges(_table(pieces, keep_nodes=np.arange(10))), from_edges(_table(pieces))
    assert _legs(whole) == _legs(contracted)
    assert contracted.length_m.sum() == pytest.approx(whole.length_m.sum(), abs=1e-6)
    assert check(contracted).sound and check(whole).sound
    assert whole.edge_count == sum(1 if oneway else 2 for _, _, oneway, _, _ in pieces)
    assert set(contracted.node_id.tolist()) <= set(whole.node_id.tolist())


@settings(deadline=None)
@given(pieces=_PIECES)
def test_no_node_that_says_nothing_is_left_but_on_rings(pieces: list[tuple[int, int, bool, int, int]]) -> None:
    network = from_edges(_table(pieces))
    ends: dict[int, list[int]] = defaultdict(list)
    for edge in range(network.edge_count):
        if not 0 <= network.twin[edge] < edge:
            ends[int(network.tail[edge])].append(edge)
            ends[int(network.head[edge])].append(edge)
    for node, edges in ends.items():
        if len(edges) == 2 and edges[0] != edges[1]:
            a, b = edges
            through = network.twin[a] >= 0 or (network.head[a] == node) != (network.head[b] == node)
            alike = network.road_class[a] == network.road_class[b] and (network.twin[a] < 0) == (network.twin[b] < 0)
            assert not (alike and through), (node, edges)


@settings(deadline=None)
@given(pieces=_PIECES, order=st.randoms(use_true_random=False))
def test_keys_and_lengths_do_not_hang_on_the_order_of_rows(pieces: list[tuple[int, int, bool, int, int]], order: object) -> None:
    ways = np.arange(len(pieces)) + 100
    rows = sorted(range(len(pieces)), key=lambda _: order.random())  # type: ignore[attr-defined]
    one = _table(pieces, way_id=ways, keep_nodes=np.arange(10))
    sizes = np.diff(one.shape_start)
    points = np.concatenate([np.arange(one.shape_start[r], one.shape_start[r + 1]) for r in rows])
    two = EdgeTable(
        tail=one.tail[rows], head=one.head[rows], shape_start=np.concatenate([[0], np.cumsum(sizes[rows])]), lon_deg=one.lon_deg[points],
        lat_deg=one.lat_deg[points], road_class=one.road_class[rows], oneway=one.oneway[rows], way_id=ways[rows], keep_nodes=np.arange(10),
    )  # fmt: skip
    keys = [dict(zip(n.edge_key.tolist(), n.length_m.tolist(), strict=True)) for n in (from_edges(one), from_edges(two))]
    assert keys[0] == keys[1] and len(keys[0]) == sum(1 if oneway else 2 for _, _, oneway, _, _ in pieces)


def test_lengths_are_those_of_the_ellipsoid_and_twins_agree() -> None:
    network = from_edges(_table([(0, 1, False, 0, 3), (1, 2, False, 0, 2), (2, 3, False, 0, 3)]))
    assert network.edge_count == 2 and network.length_m[0] == network.length_m[1]
    lon, lat = network.shape(0)
    assert network.length_m[0] == pytest.approx(Geod(ellps="WGS84").line_length(lon, lat), rel=1e-8)
    start = network.shape_start
    there, back = network.along_m[start[0] : start[1]], network.along_m[start[1] : start[2]]
    assert np.allclose(there + back[::-1], network.length_m[0], atol=2e-3)
    far = from_edges(
        EdgeTable(
            tail=np.array([1]), head=np.array([2]), shape_start=np.array([0, 2]), lon_deg=np.array([106.0, 108.0]),
            lat_deg=np.array([26.0, 30.0]), road_class=np.array([RoadClass.FERRY], np.uint8), oneway=np.array([True]),
        )
    )  # fmt: skip
    assert far.length_m[0] == pytest.approx(Geod(ellps="WGS84").inv(106.0, 26.0, 108.0, 30.0)[2], rel=1e-12)


def test_a_key_names_the_longest_way_of_the_chain() -> None:
    pieces = [(0, 1, False, 0, 0), (2, 1, False, 0, 0), (2, 5, False, 0, 0)]
    network = from_edges(_table(pieces, way_id=np.array([7, 8, 9])))
    assert network.way_id.tolist() == [9, 9] and network.node_id[network.tail].tolist() == [0, 5]


def test_attributes_may_differ_by_direction() -> None:
    both = np.array([[60, 60, 60], [40, 40, 50]], np.uint8)
    network = from_edges(_table([(0, 1, False, 0, 0), (1, 2, False, 0, 0), (2, 3, False, 0, 0)], limit_bus_kmh=both))
    ends = [(int(network.node_id[t]), int(network.node_id[h])) for t, h in zip(network.tail, network.head, strict=True)]
    assert dict(zip(ends, network.limit_bus_kmh.tolist(), strict=True)) == {(0, 2): 60, (2, 0): 40, (2, 3): 60, (3, 2): 50}
    turned = np.array([[60, 40], [40, 60]], np.uint8)
    network = from_edges(_table([(0, 1, False, 0, 0), (2, 1, False, 0, 0)], limit_bus_kmh=turned))
    assert network.limit_bus_kmh.tolist() == [60, 40] and network.edge_count == 2


def test_points_that_repeat_are_left_out_and_pieces_of_no_length_stay_pieces() -> None:
    lon, lat = np.array([106.6, 106.6, 106.61, 106.61, 106.61]), np.full(5, 26.5)
    table = EdgeTable(
        tail=np.array([1, 2]), head=np.array([2, 3]), shape_start=np.array([0, 3, 5]), lon_deg=lon, lat_deg=lat,
        road_class=np.array([2, 3], np.uint8), oneway=np.array([True, True]),
    )  # fmt: skip
    network = from_edges(table)
    assert np.diff(network.shape_start).tolist() == [2, 2] and network.length_m[1] == 0
    report = check(network)
    assert report.sound and "of no length" in {one.what for one in report.findings}


def test_a_network_of_nothing_is_made_and_found_wrong() -> None:
    none = np.empty(0, np.int64)
    network = from_edges(EdgeTable(none, none, np.array([0]), np.empty(0), np.empty(0), none.astype(np.uint8), none.astype(bool)))
    assert network.edge_count == 0 and not check(network).sound
