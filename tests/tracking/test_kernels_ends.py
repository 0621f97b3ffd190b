"""Ends of pieces, and what a track says of its receiver, against naive twins."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.track import Track
from tests.tracking import naive_ends as naive
from tests.tracking.small_roads import START_S, degrees, roads
from tracking.kernels import prior
from tracking.kernels.ends import REACH_SIGMAS
from tracking.kernels.graph import FIX, lattice_for
from tracking.matching import match
from tracking.parameters import quality_table

PLACES = {"A": (-150.0, 0.0), "B": (0.0, 0.0), "C": (0.0, 120.0), "D": (200.0, 120.0), "E": (200.0, 320.0)}
WAY = [PLACES[name] for name in "ABCDE"]
NETWORK = roads(PLACES, ["ABCDE"])[0]


@settings(max_examples=60, deadline=None)
@given(
    shift=st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=6, max_size=6),
    begin=st.floats(100.0, 180.0),
    spacing=st.floats(30.0, 90.0),
)
def test_outer_fixes_lie_at_the_nearest_place_of_the_way_within_reach(shift, begin, spacing) -> None:  # type: ignore[no-untyped-def]
    metres = np.concatenate([[0.0], np.cumsum([math.dist(a, b) for a, b in itertools.pairwise(WAY)])])
    at = begin + spacing * np.arange(6)
    x = np.interp(at, metres, [p[0] for p in WAY]) + np.array([s[0] for s in shift])
    y = np.interp(at, metres, [p[1] for p in WAY]) + np.array([s[1] for s in shift])
    track = Track.plain(*degrees(x, y), START_S + 6.0 * np.arange(6))
    found = match(track, NETWORK)
    for piece in found.pieces[found.pieces["kind"] == 0]:
        a, b = int(piece["first_fix"]), int(piece["last_fix"])
        parts = found.path[piece["path_start"] : piece["path_end"]]
        assert piece["length_m"] == pytest.approx((parts["to_m"] - parts["from_m"]).sum(), abs=1e-6)
        assert found.path_m[a] == 0.0 and found.path_m[b] == pytest.approx(piece["length_m"], abs=1e-6)
        if b == a or len(found.pieces) > 1 or ((parts["edge"] != parts["edge"][0]).any() and piece["length_m"] < 1.0):
            continue
        line = np.column_stack(NETWORK.project(*found.line(NETWORK, 0).T))
        for row, low, high in (
            (a, 0.0, REACH_SIGMAS * found.sigma_m[a]),
            (b, piece["length_m"] - REACH_SIGMAS * found.sigma_m[b], piece["length_m"]),
        ):
            plane = NETWORK.project(track.lon_deg[row : row + 1], track.lat_deg[row : row + 1])
            best = naive.nearest_along([tuple(p) for p in line], (plane[0][0], plane[1][0]), max(low, 0.0), min(high, piece["length_m"]))
            far = math.dist(np.array(plane).ravel(), _place(line, best))
            here = math.dist(np.array(plane).ravel(), _place(line, float(found.path_m[row])))
            between = found.path_m[a + 1] if row == a else found.path_m[b - 1]
            bounded = best > between if row == a else best < between
            assert bounded or here <= far + 0.1


def _place(line: np.ndarray, metres: float) -> np.ndarray:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return np.array([np.interp(metres, along, line[:, 0]), np.interp(metres, along, line[:, 1])])


def test_the_first_fix_begins_on_the_street_that_it_is_nearest_to() -> None:
    """A fix 3 m down the second street is not at the end of the first, although the way from there would be as long as it is straight."""
    x, y = np.array([4.0, 1.0, 0.0, -1.0]), np.array([3.0, 12.0, 24.0, 36.0])
    found = match(Track.plain(*degrees(x, y), START_S + np.arange(4)), NETWORK)
    assert found.path["from_m"][0] > 2.0 or found.pieces["length_m"][0] == pytest.approx(33.0, abs=0.5)
    assert found.length_m == pytest.approx(33.0, abs=0.5)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 80), st.integers(0, 2**32 - 1), st.booleans())
def test_jitter_and_usual_step_as_numpy_has_them(n: int, seed: int, even: bool) -> None:
    random = np.random.default_rng(seed)
    t_ms = np.cumsum(np.full(n, 1000) if even else random.integers(500, 4000, n)).astype(np.int64)
    x, y = random.normal(0, 5, n), random.normal(0, 5, n)
    order = np.arange(n, dtype=np.int64)
    assert prior._jitter_m(t_ms, x, y, order) == pytest.approx(naive.jitter_m(t_ms, x, y), nan_ok=True)
    assert prior.usual_step_ms(t_ms, order) == np.median(np.diff(t_ms))
    codes = random.integers(0, 3, n).astype(np.uint8)
    assert prior.rows_kept(order[::-1].copy(), codes).tolist() == [row for row in order[::-1] if codes[row] == 0]


def test_the_residual_is_that_of_the_chosen_roads_and_nan_below_the_least() -> None:
    lattice, k = lattice_for(12, 3), 3
    side = np.array([3.0, -4.0, 5.0, -6.0, 7.0, 3.0, -4.0, 5.0, -6.0, 7.0, 90.0, 90.0])
    chosen = np.array([0] * 10 + [k, k], np.int32)
    lattice.states["side"][:, 0] = side
    assert prior.residual_m(lattice, chosen, 3.0, 10) == pytest.approx(math.sqrt((1.4826 * 5.0) ** 2 - 9.0))
    assert math.isnan(prior.residual_m(lattice, chosen, 3.0, 11))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans())
def test_fixes_carry_what_their_rows_say(n: int, seed: int, timed: bool) -> None:
    random = np.random.default_rng(seed)
    t_ms = np.cumsum(random.integers(1000, 9000, n)).astype(np.int64)
    columns = [random.normal(0, 5, n) for _ in range(4)]
    speed, heading = random.uniform(0, 30, n).astype(np.float32), random.uniform(0, 6, n).astype(np.float32)
    satellites = random.choice([np.nan, 0, 3, 4, 6, 9, 10, 30], n).astype(np.float32)
    kept = np.flatnonzero(random.random(n) < 0.7).astype(np.int64)
    stops = kept[random.random(kept.size) < 0.4]
    fixes, until = np.empty(kept.size, FIX), t_ms[stops] + 500
    prior.fill_fixes((t_ms, *columns, speed, heading, satellites), kept, timed, stops, until, quality_table(), fixes)
    for row, fix in zip(kept, fixes, strict=True):
        stays = timed and row in stops
        expected_t = t_ms[row] / 1000.0 if timed else math.nan
        in_use = satellites[row]
        quality = (
            1.0
            if np.isnan(in_use)
            else 0.8
            if in_use >= 10
            else 1.0
            if in_use >= 7
            else 1.5
            if in_use >= 5
            else 2.5
            if in_use >= 4
            else 4.0
        )
        assert fix["t"] == pytest.approx(expected_t, nan_ok=True)
        assert fix["leave"] == pytest.approx(expected_t + (0.5 if stays else 0.0), nan_ok=True)
        assert (fix["lon"], fix["y"], fix["speed"], fix["heading"], fix["quality"]) == (
            columns[0][row], columns[3][row], speed[row], heading[row], quality,
        )  # fmt: skip
