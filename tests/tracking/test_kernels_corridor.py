"""Kernels of ways and lines against their slow twins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_corridor as naive
from tracking.kernels import corridor

SEEDS = st.integers(0, 2**32 - 1)


def _walk(random: np.random.Generator, n: int, step: float = 40.0) -> np.ndarray:
    """(n, 2) a winding walk with some standing."""
    steps = random.normal([step / 2, 0], step, (n, 2))
    steps[random.random(n) < 0.1] = 0
    return np.cumsum(steps, axis=0)


def _way(random: np.random.Generator, n: int) -> np.ndarray:
    places = _walk(random, n)
    measure = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T) * 1.02)])
    return np.column_stack([places, measure])


@given(seed=SEEDS, n=st.integers(0, 60))
@settings(max_examples=80, deadline=None)
def test_the_nearest_place_is_the_nearest_of_all(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    line = _walk(random, n).reshape(n, 2)
    boxes = corridor.line_boxes(line[:, 0], line[:, 1])
    for px, py in random.uniform(-300, 1500, (5, 2)):
        distance, segment, fraction, side = corridor.nearest_on_line(px, py, line[:, 0], line[:, 1], boxes)
        assert distance == pytest.approx(naive.nearest(px, py, line.tolist()), abs=1e-9)
        assert abs(side) == distance
        if segment >= 0:
            at = line[segment] + fraction * (line[segment + 1] - line[segment])
            assert np.hypot(px - at[0], py - at[1]) == pytest.approx(distance, abs=1e-6)


@given(seed=SEEDS, n=st.integers(2, 60), hint=st.integers(-1, 58), reach=st.floats(1, 300))
@settings(max_examples=80, deadline=None)
def test_within_finds_a_segment_exactly_when_there_is_one(seed: int, n: int, hint: int, reach: float) -> None:
    random = np.random.default_rng(seed)
    line = _walk(random, n)
    boxes = corridor.line_boxes(line[:, 0], line[:, 1])
    px, py = random.uniform(-300, 1500, 2)
    found = corridor.within(px, py, line[:, 0], line[:, 1], boxes, reach, min(hint, n - 2))
    assert (found >= 0) == (naive.nearest(px, py, line.tolist()) <= reach)
    if found >= 0:
        assert naive.offset(px, py, *line[found], *line[found + 1])[0] <= reach


@given(seed=SEEDS, n=st.integers(2, 40), m=st.integers(2, 40), reach=st.floats(5, 200))
@settings(max_examples=60, deadline=None)
def test_metres_beyond_equal_the_slow_sum(seed: int, n: int, m: int, reach: float) -> None:
    random = np.random.default_rng(seed)
    way, line = _way(random, n), _walk(random, m)
    boxes = corridor.line_boxes(line[:, 0], line[:, 1])
    got = corridor.metres_beyond(*way.T, line[:, 0], line[:, 1], boxes, reach, 25.0)
    assert got == pytest.approx(naive.beyond(way.tolist(), line.tolist(), reach, 25.0), abs=1e-6)
    assert 0.0 <= got <= way[-1, 2] + 1e-6


@given(seed=SEEDS, n=st.integers(0, 50), any_way=st.booleans(), reach=st.floats(5, 200))
@settings(max_examples=100, deadline=None)
def test_calls_at_a_stop_equal_the_slow_list(seed: int, n: int, any_way: bool, reach: float) -> None:
    random = np.random.default_rng(seed)
    way = _way(random, n) if n else np.empty((0, 3))
    stop, angle = random.uniform(0, 600, 2), random.uniform(0, 2 * np.pi)
    direction = np.cos(angle), np.sin(angle)
    out_s, out_off = np.empty(60), np.empty(60)
    count = corridor.stop_calls(*stop, *direction, any_way, way, reach, out_s, out_off)
    expected = naive.calls(tuple(stop), direction, any_way, way.tolist(), reach)
    assert count == len(expected)
    np.testing.assert_allclose(np.column_stack([out_s[:count], out_off[:count]]), np.array(expected).reshape(-1, 2), atol=1e-6)
    assert corridor.stop_calls(*stop, *direction, any_way, way, reach, out_s[:1], out_off[:1]) == count


@given(seed=SEEDS, c=st.integers(0, 9), m=st.integers(2, 6))
@settings(max_examples=120, deadline=None)
def test_the_chain_is_the_best_of_all_subsets(seed: int, c: int, m: int) -> None:
    random = np.random.default_rng(seed)
    measure = np.cumsum(random.uniform(200, 1500, m))
    s = np.sort(random.uniform(0, 6000, c))
    t = np.round(s * 100).astype(np.int64)
    stop, gain = random.integers(0, m, c), random.uniform(0.5, 1, c)
    span = np.sort(random.integers(0, 3, c))
    rules = np.array([200.0, 0.5, 300_000.0])
    score, before = np.empty(c), np.empty(c, np.int64)
    last = corridor.align(stop, s, t, gain, span, measure, rules, score, before)
    best = naive.best_chain(*(list(x.tolist()) for x in (stop, s, t, gain, span, measure, rules)))
    assert (0.0 if last < 0 else score[last]) == pytest.approx(best, abs=1e-9)
    while last >= 0 and before[last] >= 0:
        assert stop[before[last]] < stop[last] and span[before[last]] == span[last]
        last = before[last]


@given(seed=SEEDS, k=st.integers(1, 8))
@settings(max_examples=80, deadline=None)
def test_the_measured_outline_equals_the_slow_one(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    shapes = [_way(random, int(random.integers(2, 7))) * [1, 1, 0.9] for _ in range(4)]
    sizes = [len(shape) for shape in shapes]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    flat = np.concatenate(shapes)
    along = flat[:, 2].astype(np.float32)
    for shape, begin in zip(shapes, start.tolist(), strict=False):
        shape[:, 2] = along[begin : begin + len(shape)]
    edge = random.integers(0, 4, k)
    ends = np.sort(random.uniform(0, 1, (k, 2)), axis=1) * along[start[edge + 1] - 1][:, None]
    ends[random.random(k) < 0.3, 0] = 0.0
    lon_e7, lat_e7 = np.round(flat[:, :2].T * 1000).astype(np.int32)
    room = int((start[edge + 1] - start[edge] + 2).sum())
    out = [np.empty(room) for _ in range(3)]
    part = np.empty(room, np.int64)
    used = corridor.measured_outline(edge, ends[:, 0].copy(), ends[:, 1].copy(), start, lon_e7, lat_e7, along, *out, part)
    lists = [[(lon_e7[j] * 1e-7, lat_e7[j] * 1e-7, float(along[j])) for j in range(a, b)] for a, b in itertools.pairwise(start.tolist())]
    expected = np.array(naive.outline([(int(e), float(a), float(b)) for e, (a, b) in zip(edge, ends, strict=True)], lists))
    got = np.column_stack([column[:used] for column in out])
    steps = np.diff(got[:, 2])
    assert (steps >= -1e-9).all() and got[-1, 2] == pytest.approx((ends[:, 1] - ends[:, 0]).sum(), abs=1e-6)
    keep = np.concatenate([[True], (np.abs(np.diff(expected, axis=0)).max(axis=1) > 0)])
    ours = np.concatenate([[True], (np.abs(np.diff(got, axis=0)).max(axis=1) > 0)])
    np.testing.assert_allclose(got[ours], expected[keep], atol=1e-6)
