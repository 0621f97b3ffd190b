"""Measured speeds of edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.track import Track
from tests.tracking.small_roads import START_S, fixes, roads
from tracking.driven_way import driven_way
from tracking.edge_speeds import BIN_KMH, BINS, EDGE_SPEED, HOUR_MS, Level, conditions, edge_speeds, merge, speed_kmh, usual_kmh
from tracking.matching import match

PLACES: dict[str, tuple[float, float]] = {"A": (0, 0), "P": (2000, 0), "Q": (4000, 0), "B": (6000, 0), "R": (2000, 500), "S": (4000, 500)}
NETWORK, NUMBER = roads(PLACES, ["APQB", "PR", "QS"])


def _edge(tail: str, head: str) -> int:
    ends = NETWORK.node_id[NETWORK.tail], NETWORK.node_id[NETWORK.head]
    return int(np.flatnonzero((ends[0] == NUMBER[tail]) & (ends[1] == NUMBER[head]))[0])


def _speeds(track: Track) -> np.ndarray:
    matched = match(track, NETWORK)
    return edge_speeds(driven_way(track, matched, NETWORK), matched, NETWORK)


def _by_edge(rows: np.ndarray) -> dict[int, np.void]:
    edge = {int(key): row for row, key in enumerate(NETWORK.edge_key.tolist())}
    return {edge[int(row["edge_key"])]: row for row in rows}


def test_each_traversal_is_counted_with_its_metres_and_seconds() -> None:
    rows = _by_edge(_speeds(fixes([(0, 0, 0), (6000, 0, 0)])))
    assert set(rows) == {_edge("A", "P"), _edge("P", "Q"), _edge("Q", "B")}
    for row in rows.values():
        assert row["count"] == 1 and row["histogram"].sum() == 1 and row["histogram"][int(36 // BIN_KMH)] == 1
        assert row["travel_mm"] / row["travel_ms"] * 3.6 == pytest.approx(36.0, rel=0.01)
    assert rows[_edge("P", "Q")]["travel_mm"] == pytest.approx(2_000_000, rel=0.001)
    assert rows[_edge("P", "Q")]["hour_ms"] == int(START_S * 1000) // HOUR_MS * HOUR_MS


def test_a_standstill_does_not_slow_a_road_and_a_jam_does() -> None:
    stood = _by_edge(_speeds(fixes([(0, 0, 0), (3000, 0, 300), (6000, 0, 0)])))
    assert speed_kmh(np.array([stood[_edge("P", "Q")]]))[0] == pytest.approx(36.0, rel=0.1)
    jam = _by_edge(_speeds(fixes([(0, 0, 0), (6000, 0, 0)], speed_mps=2.5)))
    assert speed_kmh(np.array([jam[_edge("P", "Q")]]))[0] == pytest.approx(9.0, rel=0.05)


def test_edges_under_sparse_fixes_are_left_out() -> None:
    track = fixes([(0, 0, 0), (6000, 0, 0)])
    t = track.t_ms / 1000.0 - START_S
    rows = _by_edge(_speeds(track.rows((t < 250) | (t > 350))))
    assert set(rows) == {_edge("A", "P"), _edge("Q", "B")}
    assert _speeds(fixes([(0, 0, 0), (6000, 0, 0)], interval_s=90)).size == 0
    assert _speeds(track.rows(slice(0, 1))).size == 0 and _speeds(Track.plain([], [], [])).size == 0


def test_there_and_back_counts_both_directions_and_hours_part() -> None:
    rows = _speeds(fixes([(0, 0, 0), (6000, 0, 0), (0, 0, 0), (6000, 0, 0)], speed_mps=4.0))
    counts = {}
    for row in rows:
        counts[int(row["edge_key"])] = counts.get(int(row["edge_key"]), 0) + int(row["count"])
    assert counts[int(NETWORK.edge_key[_edge("P", "Q")])] == 2 and counts[int(NETWORK.edge_key[_edge("Q", "P")])] == 1
    assert np.unique(rows["hour_ms"]).size == 2 and (np.diff(rows["edge_key"].astype(object)) >= 0).all()


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 40), parts=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_sums_do_not_hang_on_order_or_parting(seed: int, n: int, parts: int) -> None:
    random = np.random.default_rng(seed)
    rows = np.zeros(n, EDGE_SPEED)
    rows["edge_key"], rows["hour_ms"] = random.integers(0, 5, n).astype(np.uint64) << np.uint64(62), random.integers(0, 3, n) * HOUR_MS
    rows["count"], rows["travel_mm"], rows["travel_ms"] = 1, random.integers(1, 10**7, n), random.integers(1, 10**6, n)
    rows["histogram"][np.arange(n), random.integers(0, BINS, n)] = 1
    whole = merge([rows])
    shuffled = rows[random.permutation(n)]
    assert merge([merge([part]) for part in np.array_split(shuffled, parts)]).tobytes() == whole.tobytes()
    assert whole["count"].sum() == n and whole["histogram"].sum() == n
    expected = {(int(r["edge_key"]), int(r["hour_ms"])) for r in rows}
    assert {(int(r["edge_key"]), int(r["hour_ms"])) for r in whole} == expected and len(whole) == len(expected)


def test_the_usual_speed_comes_from_the_histogram() -> None:
    rows = np.zeros(2, EDGE_SPEED)
    rows["histogram"][0, [2, 3]] = [2, 2]
    assert usual_kmh(rows)[0] == pytest.approx(24.0) and usual_kmh(rows, 0.75)[0] == pytest.approx(28.0) and np.isnan(usual_kmh(rows)[1])


def test_conditions_say_free_slow_jammed_and_leave_unknown_edges_out() -> None:
    free = int(NETWORK.free_kmh[_edge("P", "Q")])
    rows = np.zeros(4, EDGE_SPEED)
    keys = [NETWORK.edge_key[_edge(*ends)] for ends in ("AP", "PQ", "QB")]
    rows["edge_key"], rows["count"], rows["travel_ms"] = [*keys, 12345], [1, 3, 1, 1], 3_600_000
    rows["travel_mm"] = np.array([0.9, 0.5, 0.1, 1.0]) * free * 1_000_000
    found = {int(row["edge"]): row for row in conditions(merge([rows]), NETWORK)}
    assert {edge: int(row["level"]) for edge, row in found.items()} == {
        _edge("A", "P"): Level.FREE, _edge("P", "Q"): Level.SLOW, _edge("Q", "B"): Level.JAMMED,
    }  # fmt: skip
    assert found[_edge("P", "Q")]["ratio"] == pytest.approx(0.5, abs=0.01) and found[_edge("P", "Q")]["count"] == 3
    assert [int(row["edge"]) for row in conditions(merge([rows]), NETWORK, least=2)] == [_edge("P", "Q")]
    assert conditions(np.zeros(0, EDGE_SPEED), NETWORK).size == 0


def test_a_newer_network_knows_the_edges_by_their_keys() -> None:
    rows = _speeds(fixes([(0, 0, 0), (6000, 0, 0)]))
    other, _ = roads(PLACES, ["APQB", "PR"])
    known = conditions(rows, other)
    assert 0 < known.size <= 3 and np.isin(other.edge_key[known["edge"]], rows["edge_key"]).all()
