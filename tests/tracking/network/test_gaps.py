"""Gaps between one-way roads are mended where both roads go the same way, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.tracking.small_roads import degrees
from tracking.network import EdgeTable, RoadClass, from_edges
from tracking.network.gaps import GAP_M, mended


def _roads(*lines: list[tuple[float, float]], oneway: list[bool] | None = None) -> EdgeTable:
    """Each line a piece of its own, in metres; nodes are numbered by place."""
    number: dict[tuple[float, float], int] = {}
    for line in lines:
        for end in (line[0], line[-1]):
            number.setdefault(end, len(number))
    lon, lat = degrees([x for line in lines for x, _ in line], [y for line in lines for _, y in line])
    return EdgeTable(
        tail=np.array([number[line[0]] for line in lines]), head=np.array([number[line[-1]] for line in lines]),
        shape_start=np.concatenate([[0], np.cumsum([len(line) for line in lines])]), lon_deg=lon, lat_deg=lat,
        road_class=np.array([RoadClass.PRIMARY + row for row in range(len(lines))], np.uint8),
        oneway=np.array(oneway or [True] * len(lines)),
    )  # fmt: skip


def test_a_gap_ahead_is_mended_with_a_piece_like_the_road_before() -> None:
    table = replace(_roads([(0, 0), (100, 0)], [(113, 2), (200, 0)]), lanes=np.array([[3, 2], [1, 1]], np.uint8))
    whole = mended(table)
    assert whole.tail.tolist() == [0, 2, 1] and whole.head.tolist() == [1, 3, 2]
    assert whole.oneway.tolist() == [True] * 3
    assert whole.road_class[2] == table.road_class[0] and whole.lanes is not None and whole.lanes[:, 2].tolist() == [3, 1]
    network = from_edges(whole)
    assert network.length_m.sum() == pytest.approx(200.2, abs=0.2)
    ends = np.flatnonzero(np.diff(network.out_start) == 0)
    assert ends.size == 1  # only the last road leads nowhere


@pytest.mark.parametrize(
    ("lines", "oneway"),
    [
        pytest.param([[(0, 0), (100, 0)], [(101 + GAP_M, 0), (200, 0)]], None, id="too long"),
        pytest.param([[(0, 0), (100, 0)], [(100, 12), (0, 12)]], None, id="carriageways at the edge of the map"),
        pytest.param([[(0, 0), (100, 0)], [(90, 0.5), (200, 0)]], None, id="behind the end"),
        pytest.param([[(0, 0), (100, 0)], [(112, 0), (112, -90)]], None, id="on at a right angle"),
        pytest.param([[(0, 0), (100, 0)], [(112, 0), (200, 0)]], [False, True], id="two-way before"),
        pytest.param([[(0, 0), (100, 0)], [(112, 0), (200, 0)]], [True, False], id="two-way behind"),
        pytest.param([[(0, 0), (100, 0)], [(100, 0), (100, 80)], [(112, 0), (200, 0)]], None, id="a way on"),
        pytest.param([[(0, 0), (100, 0)], [(112, -80), (112, 0)], [(112, 0), (200, 0)]], None, id="a way in"),
        pytest.param([[(0, 0), (50, 0), (100, 0)]], None, id="alone"),
    ],
)
def test_other_ends_stay_ends(lines: list[list[tuple[float, float]]], oneway: list[bool] | None) -> None:
    table = _roads(*lines, oneway=oneway)
    assert mended(table) is table


def test_the_nearer_of_two_roads_ahead_is_taken() -> None:
    whole = mended(_roads([(0, 0), (100, 0)], [(115, 4), (200, 4)], [(110, -2), (200, -2)]))
    assert whole.tail.size == 4 and (whole.tail[3], whole.head[3]) == (1, 4)
