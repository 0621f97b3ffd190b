"""Streaming is the batch matcher, cut anywhere."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.position import POSITION
from domain.track import Track
from tests.tracking.live_rows import ENDLESS, batch, drive, town
from tracking.cleaning import CleaningParameters
from tracking.kernels.ends import REACH_SIGMAS
from tracking.live_matching import PATH_PART, Live, LiveMatcher, joined
from tracking.matched import State
from tracking.matching import Matcher
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters

NETWORK = cache(town)
seeds = st.integers(0, 2**32 - 1)


@cache
def matcher(endless: bool = False, spacing: float = 3.0) -> LiveMatcher:
    return LiveMatcher(NETWORK(), ENDLESS if endless else None, cleaning=CleaningParameters(spacing_sigmas=spacing))


def fed(live: LiveMatcher, rows: NDArray[Any], slots: NDArray[Any], cuts: list[int], states: NDArray[Any], *, save: bool = False) -> Live:
    """All rows in pieces, and the end; save: through bytes at every cut."""
    found = []
    for part in np.split(np.arange(len(rows)), sorted(min(cut, len(rows)) for cut in cuts)):
        found.append(live.advance(states, rows[part], slots[part]))
        if save:
            again = live.restored(live.saved(states))
            assert (again.damaged, again.reseeded) == (0, 0)
            states = again.states
    found.append(live.flush(states, slots))
    shift = np.cumsum([0] + [len(one.parts) for one in found])
    committed = [one.committed.copy() for one in found]
    for by, fixes in zip(shift, committed, strict=False):
        fixes["part_start"] += by
        fixes["part_end"] += by
    estimates = np.concatenate([one.estimates for one in found])
    return Live(estimates, np.concatenate(committed), np.concatenate([one.parts for one in found]), sum(one.reseeded for one in found))


def by_vehicle(found: Live, slot: int) -> tuple[NDArray[Any], list[NDArray[Any]]]:
    """Committed fixes of a vehicle without slot and rows of parts, and their parts."""
    fixes = found.committed[found.committed["slot"] == slot].copy()
    parts = [found.parts[fix["part_start"] : fix["part_end"]] for fix in fixes]
    for name in ("slot", "part_start", "part_end"):
        fixes[name] = 0
    return fixes, parts


def whole(live: LiveMatcher, rows: NDArray[Any], cuts: list[int] | None = None, *, save: bool = False) -> Live:
    return fed(live, rows, np.zeros(len(rows), np.int64), cuts or [], live.blank(1), save=save)


def assert_equal(one: NDArray[Any], other: NDArray[Any]) -> None:
    """Field by field: records have unused bytes."""
    assert one.dtype == other.dtype and one.shape == other.shape
    for name in one.dtype.names or ():
        np.testing.assert_array_equal(one[name], other[name])


def assert_same(one: Live, other: Live) -> None:
    for name in ("estimates", "committed", "parts"):
        assert_equal(getattr(one, name), getattr(other, name))


def paths(found: Live) -> list[NDArray[Any]]:
    """The parts of each piece on the road, joined."""
    out: list[list[Any]] = []
    for fix in found.committed:
        if fix["reason"] != 0:
            out.append([])
        out[-1].extend(found.parts[fix["part_start"] : fix["part_end"]])
    return [joined(np.array(parts, PATH_PART)) for parts in out if parts]


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_with_endless_lag_streaming_is_batch_bit_for_bit(seed: int) -> None:
    rows = drive(seed)
    found = whole(matcher(endless=True, spacing=0.0), rows)
    expected = batch(NETWORK(), rows, found.estimates["state"], ENDLESS)
    fixes = found.committed
    np.testing.assert_array_equal(fixes["t_ms"], expected.t_ms)
    np.testing.assert_array_equal(fixes["edge"], expected.edge)
    np.testing.assert_array_equal(fixes["along_m"], expected.along_m)
    np.testing.assert_array_equal(fixes["path_m"], expected.path_m)
    on_road = [expected.path[p["path_start"] : p["path_end"]] for p in expected.pieces if p["path_end"] > p["path_start"]]
    found_parts = paths(found)
    assert len(on_road) == len(found_parts)
    for one, other in zip(on_road, found_parts, strict=True):
        np.testing.assert_array_equal(one, other)
    kept = np.flatnonzero(found.estimates["state"] <= State.OFF_ROAD)
    if kept.size:
        assert found.estimates["confidence"][kept[-1]] == np.float32(expected.confidence[-1])


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_with_a_given_noise_streaming_is_match_itself_but_for_the_outer_fixes(seed: int) -> None:
    given = MatchParameters(sigma_low_m=6.0, sigma_high_m=6.0, lag_s=float("inf"), window=400)
    rows = drive(seed, quiet=True)
    expected = Matcher(NETWORK(), parameters=given).match(Track.of(rows))
    found = whole(LiveMatcher(NETWORK(), given), rows)
    way = (expected.state <= State.OFF_ROAD) & (expected.piece >= 0)
    np.testing.assert_array_equal(found.committed["t_ms"], rows["t_ms"][way])
    for number in range(len(expected.pieces)):
        rows_of = np.flatnonzero(expected.piece[way] == number)
        steps, same = np.diff(found.committed["path_m"][rows_of]), np.diff(expected.path_m[way][rows_of])
        np.testing.assert_allclose(steps[1:-1], same[1:-1], atol=1e-6)
        np.testing.assert_array_equal(found.committed["edge"][rows_of][1:-1], expected.edge[way][rows_of][1:-1])
    on_road = [expected.path[p["path_start"] : p["path_end"]] for p in expected.pieces if p["path_end"] > p["path_start"]]
    for drawn_in, parts in zip(on_road, paths(found), strict=True):
        assert_drawn_in(drawn_in, parts, 2 * REACH_SIGMAS * math.hypot(6.0, given.map_m))


def assert_drawn_in(drawn_in: NDArray[Any], parts: NDArray[Any], most_m: float) -> None:
    """The first are the second, but for so many metres less at the outer ends: batch draws them in, streaming cannot."""
    edges, within = parts["edge"].tolist(), drawn_in["edge"].tolist()
    at = next(i for i in range(len(edges)) if edges[i : i + len(within)] == within)
    mine = parts[at : at + len(within)]
    np.testing.assert_array_equal(mine["from_m"][1:], drawn_in["from_m"][1:])
    np.testing.assert_array_equal(mine["to_m"][:-1], drawn_in["to_m"][:-1])
    assert mine["from_m"][0] <= drawn_in["from_m"][0] + 1e-6 and mine["to_m"][-1] >= drawn_in["to_m"][-1] - 1e-6
    assert (parts["to_m"] - parts["from_m"]).sum() - (drawn_in["to_m"] - drawn_in["from_m"]).sum() <= most_m + 1e-6


@settings(max_examples=20, deadline=None)
@given(seed=seeds, cuts=st.lists(st.integers(0, 80), max_size=8))
def test_cutting_the_stream_changes_nothing(seed: int, cuts: list[int]) -> None:
    rows = drive(seed)
    assert_same(whole(matcher(), rows, cuts), whole(matcher(), rows))


@settings(max_examples=20, deadline=None)
@given(seed=seeds, cuts=st.lists(st.integers(0, 80), max_size=8))
def test_a_restart_from_saved_bytes_changes_nothing(seed: int, cuts: list[int]) -> None:
    rows = drive(seed)
    again = LiveMatcher(NETWORK())
    assert_same(whole(again, rows, cuts, save=True), whole(matcher(), rows))


@settings(max_examples=10, deadline=None)
@given(first=seeds, vehicles=st.integers(2, 5), mix=seeds)
def test_vehicles_interleaved_are_vehicles_one_by_one(first: int, vehicles: int, mix: int) -> None:
    drives = [drive((first + i) % 2**32, 40, vehicle=i) for i in range(vehicles)]
    random = np.random.default_rng(mix)
    turn = random.permutation(np.repeat(np.arange(vehicles), 40))
    rows = np.zeros(turn.size, POSITION)
    for i in range(vehicles):
        rows[turn == i] = drives[i]
    live = matcher()
    together = fed(live, rows, turn, [int(cut) for cut in random.integers(0, turn.size, 3)], live.blank(vehicles))
    for i in range(vehicles):
        alone = whole(live, drives[i])
        assert_equal(together.estimates[turn == i], alone.estimates)
        (fixes, parts), (same_fixes, same_parts) = by_vehicle(together, i), by_vehicle(alone, 0)
        assert_equal(fixes, same_fixes)
        assert [one.tobytes() for one in parts] == [one.tobytes() for one in same_parts]


def touch(network: RoadNetwork, one: tuple[int, float], other: tuple[int, float]) -> bool:
    """True when two places (edge, metres) are one: on an edge, on it and its twin, or at the junction between two."""
    (edge, at), (to, then) = one, other
    if to == edge:
        return abs(at - then) < 1e-6
    if to == network.twin[edge] and abs(network.length_m[edge] - at - then) < 1e-6:
        return True
    ends = abs(at - network.length_m[edge]) < 1e-6
    turned = abs(then - network.length_m[to]) < 1e-6 and network.head[edge] == network.head[to]
    return bool(ends and (turned or (then < 1e-6 and network.head[edge] == network.tail[to])))


def assert_connected(network: RoadNetwork, found: Live) -> None:
    fixes, parts = by_vehicle(found, 0)
    np.testing.assert_array_equal(fixes["number"], np.arange(1, len(fixes) + 1))
    last = (-1, np.nan)
    for fix, legs in zip(fixes, parts, strict=True):
        assert fix["reason"] == 0 or not len(legs)
        for leg in legs:
            assert 0.0 <= leg["from_m"] <= leg["to_m"] <= network.length_m[leg["edge"]] + 1e-6
            assert touch(network, last, (int(leg["edge"]), float(leg["from_m"])))
            last = (int(leg["edge"]), float(leg["to_m"]))
        here = (int(fix["edge"]), float(fix["along_m"]))
        backwards = fix["leg_m"] == 0.0 and here[0] in (
            last[0],
            network.twin[last[0]],
        )  # over a fix that is left out, a little back is no movement
        assert fix["reason"] != 0 or here[0] < 0 or backwards or touch(network, last, here)
        last = here


@settings(max_examples=30, deadline=None)
@given(seed=seeds, window=st.integers(3, 16), lag_s=st.sampled_from([0.0, 5.0, 30.0, 90.0]))
def test_the_committed_path_is_connected_and_soon_committed(seed: int, window: int, lag_s: float) -> None:
    live = LiveMatcher(NETWORK(), MatchParameters(window=window, lag_s=lag_s))
    rows = drive(seed)
    found = whole(live, rows)
    assert_connected(NETWORK(), found)
    states = live.blank(1)
    for row in range(len(rows)):
        one = live.advance(states, rows[row : row + 1], [0])
        assert states["sequence"][0] - states["root_sequence"][0] < window
        assert one.estimates["driven_m"][0] >= states["committed_m"][0]
    live.flush(states, [0])
    np.testing.assert_allclose(states["committed_m"][0], found.committed["leg_m"].sum())
