"""Tiny maps drawn in text, imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from domain.errors import RefusedError
from tests.tracking.network.drawing import cost, draw, edge_of, letters, osm_text
from tracking.network import Access, EdgeFlag, RoadClass, RoadNetwork
from tracking.network.check import check
from tracking.network.importing import ImportSettings, import_osm

CROSS = """
   n
   |
w--b--e
   |
   s
"""
CROSS_WAYS = """
wb highway=primary
be highway=secondary
bn highway=tertiary
bs highway=unclassified
"""


def _roads(network: RoadNetwork) -> set[str]:
    return {letters(network, e) for e in range(network.edge_count) if not network.flags[e] & EdgeFlag.CONNECTOR}


def test_ways_are_cut_where_they_meet_and_joined_where_nothing_changes(tmp_path: Path) -> None:
    network = draw(tmp_path, "a--b--c--d--e\n      x", "abc highway=primary\ncde highway=primary\ncx highway=service")
    assert _roads(network) == {"ac", "ca", "ce", "ec", "cx", "xc"}
    assert check(network).sound
    network = draw(tmp_path, "a--b--c--d--e", "abc highway=primary\ncde highway=primary")
    assert _roads(network) == {"ae", "ea"} and network.lon_e7.size == 10
    network = draw(tmp_path, "a--b--c--d--e", "abc highway=primary\ncde highway=primary name=G")
    assert _roads(network) == {"ac", "ca", "ce", "ec"}


def test_a_road_that_turns_one_way_is_not_joined(tmp_path: Path) -> None:
    network = draw(tmp_path, "a--b--c", "ab highway=primary\nbc highway=primary oneway=yes")
    assert _roads(network) == {"ab", "ba", "bc"}
    network = draw(tmp_path, "a--b--c", "ba highway=primary oneway=-1\nbc highway=primary oneway=yes")
    assert _roads(network) == {"ac"}
    network = draw(tmp_path, "a--b--c", "ba highway=primary oneway=yes\nbc highway=primary oneway=yes")
    assert _roads(network) == {"ba", "bc"}


def test_a_ring_keeps_one_node_and_a_roundabout_its_exits(tmp_path: Path) -> None:
    network = draw(tmp_path, "a--b\n\nd--c", "abcda highway=residential")
    assert network.edge_count == 2 and network.node_count == 1 and _roads(network) == {"aa"}
    assert network.twin.tolist() == [1, 0] and check(network).sound
    network = draw(tmp_path, "x--a--b--y\n\n   d--c", "abcda highway=primary junction=roundabout\nxa highway=primary\nby highway=primary")
    assert _roads(network) == {"ab", "ba", "xa", "ax", "by", "yb"}
    assert network.flags[edge_of(network, "ba")] & EdgeFlag.ROUNDABOUT and network.twin[edge_of(network, "ab")] == -1


def test_a_bus_lane_against_the_flow_is_an_edge_for_buses(tmp_path: Path) -> None:
    network = draw(tmp_path, "a--b", "ab highway=primary oneway=yes oneway:bus=no lanes=2")
    there, back = edge_of(network, "ab"), edge_of(network, "ba")
    assert network.access[[there, back]].tolist() == [15, Access.BUS] and network.twin[there] == back
    assert network.lanes[[there, back]].tolist() == [2, 1]


def test_towns_are_built_up_areas_and_unknown_places_get_the_higher_limit(tmp_path: Path) -> None:
    picture = "p     q\n a--b\nr     s\n\n c--d"
    network = draw(tmp_path, picture, "ab highway=primary\ncd highway=primary\npqsrp landuse=residential")
    inside, outside = edge_of(network, "ab"), edge_of(network, "cd")
    assert network.limit_bus_kmh[[inside, outside]].tolist() == [50, 70]
    assert (network.flags[[inside, outside]] & EdgeFlag.TOWN).astype(bool).tolist() == [True, False]


def test_missing_nodes_cut_the_way_and_are_counted(tmp_path: Path) -> None:
    network = draw(tmp_path, "a--b--c--d--e--f", "abcdef highway=primary\nzc highway=service", nodes="-c\n-z")
    assert _roads(network) == {"ab", "ba", "df", "fd"}
    counts = network.origin.counts
    assert counts["node: missing in the file"] == 2 and counts["way: fewer than two nodes in the file"] == 1


def test_dropped_ways_are_counted_by_reason_and_islands_by_length(tmp_path: Path) -> None:
    ways = "abcdef highway=primary\nxy highway=service\nef highway=footway\nab highway=construction"
    network = draw(tmp_path, "a---b---c---d---e---f\n\nx--y", ways, min_component_m=500.0)
    assert _roads(network) == {"af", "fa"}
    counts = network.origin.counts
    assert counts["way: on an island under 500 m"] == 1 and counts["way: footway without vehicles"] == 1 and counts["way: being built"] == 1
    assert counts["ways kept"] == 1 and counts["ways read"] == 2


def test_a_ferry_has_the_speed_of_its_timetable(tmp_path: Path) -> None:
    network = draw(tmp_path, "a---------b--c", "ab route=ferry duration=00:03\nbc highway=tertiary\n")
    ferry = edge_of(network, "ab")
    assert network.road_class[ferry] == RoadClass.FERRY and network.flags[ferry] & EdgeFlag.FERRY
    assert network.free_kmh[ferry] == 10 == round(network.length_m[ferry] * 3.6 / 180)
    assert network.limit_bus_kmh[ferry] == 0


def test_a_barrier_costs_those_it_keeps_out(tmp_path: Path) -> None:
    network = draw(tmp_path, "a--b--c", "abc highway=residential", nodes="b barrier=bollard bus=yes")
    there, on = edge_of(network, "ab"), edge_of(network, "bc")
    assert cost(network, there, on, Access.TRUCK) == 50 and cost(network, there, on, Access.BUS) == 0
    assert cost(network, there, edge_of(network, "ba"), Access.TRUCK) == 0
    assert network.length_m[network.flags & EdgeFlag.CONNECTOR > 0].tolist() == [0, 0]
    assert check(network).sound and network.origin.counts["barriers"] == 1


@pytest.mark.parametrize(
    ("relation", "banned"),
    [
        ("1 via b 2 restriction=no_straight_on", {"we"}),
        ("1 via b 1 restriction=no_u_turn", {"ww"}),
        ("1 via b 3 restriction=only_left_turn", {"we", "ws"}),
        ("1 via b 2 restriction=no_straight_on except=bus", set()),
        ("1 via b 2 restriction:psv=no_straight_on", {"we"}),
        ("1 via b 2 restriction:hgv=no_straight_on", set()),
        ("1 via b 2 restriction:conditional=no_straight_on_@_(08:00-10:00)", set()),
        ("1 via b 2 restriction=give_way", set()),
        ("2 via n 3 restriction=no_left_turn", set()),
    ],
)
def test_a_banned_turn_costs_and_no_other_does(tmp_path: Path, relation: str, banned: set[str]) -> None:
    network = draw(tmp_path, CROSS, CROSS_WAYS, relations=relation)
    for first in "wens":
        for last in "wens":
            price = cost(network, edge_of(network, f"{first}b"), edge_of(network, f"b{last}"), Access.BUS)
            assert price == (50 if f"{first}{last}" in banned else 0), (first, last)
    assert check(network).sound


def test_a_ban_over_a_way_binds_those_who_come_by_the_first(tmp_path: Path) -> None:
    picture = "a--b--c--d\n   |  |\n   x  y"
    ways = "ab highway=primary\nbc highway=primary\ncd highway=primary\nxb highway=service\ncy highway=service"
    network = draw(tmp_path, picture, ways, relations="1 via 2 5 restriction=no_right_turn")
    inner = float(network.length_m[edge_of(network, "bc")])
    out = edge_of(network, "cy")
    assert cost(network, edge_of(network, "ab"), out) == pytest.approx(inner + 50)
    assert cost(network, edge_of(network, "xb"), out) == pytest.approx(inner)
    assert cost(network, edge_of(network, "ab"), edge_of(network, "cd")) == pytest.approx(inner)
    copies = np.flatnonzero(network.flags & EdgeFlag.COPY)
    assert [letters(network, int(e)) for e in network.base_edge[copies]] == ["bc"]
    assert not np.isin(network.cell_edge, copies).any() and check(network).sound


def test_odd_relations_are_counted(tmp_path: Path) -> None:
    relations = "1 via b 9 restriction=no_left_turn\n1 via b 2 restriction=give_way\n1 via b 2 restriction:conditional=no_left_turn"
    counts = draw(tmp_path, CROSS, CROSS_WAYS, relations=relations).origin.counts
    assert counts["turn: its ways do not meet at via"] == 1 and counts["turn: malformed: neither no nor only"] == 1
    assert counts["turn: conditional"] == 1 and counts["turns banned"] == 0


@pytest.mark.parametrize("content", [b"", b"hello", b"<osm><node id='1'", b"<gpx version='1.1'></gpx>"])
@pytest.mark.parametrize("ending", ["osm", "osm.gz", "osm.pbf"])
def test_foreign_files_are_refused_by_name(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"broken\.osm"):
        import_osm(path)


def test_a_file_without_roads_and_an_absent_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "none.osm").write_text(osm_text("a--b", "ab railway=rail"), "utf-8")
    with pytest.raises(RefusedError, match="no drivable way"):
        import_osm(tmp_path / "none.osm")
    with pytest.raises(RefusedError, match="no such file"):
        import_osm(tmp_path / "absent.osm.pbf")
    (tmp_path / "short.osm").write_text(osm_text("a--b", "ab highway=primary"), "utf-8")
    with pytest.raises(RefusedError, match="hangs together"):
        import_osm(tmp_path / "short.osm", ImportSettings())
