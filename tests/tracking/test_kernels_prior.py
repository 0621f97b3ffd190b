"""What a track says of its receiver, and its fixes as the lattice reads them, against slow twins."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_prior as naive
from tests.tracking.naive_search import graph
from tests.tracking.test_kernels_lattice import COMPILES, Case, cases
from tests.tracking.test_kernels_search import drawings, network_of
from tracking.kernels.graph import FIX
from tracking.kernels.prior import fill_fixes, prior_m, residual_m, usual_step_ms

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(drawings(bans=False), SEEDS, st.sampled_from([3, 20, 40, 230]), st.booleans(), st.sampled_from([20.0, 80.0]))
def test_the_prior_is_that_of_the_twin(drawing: Any, seed: int, n: int, timed: bool, radius: float) -> None:
    network, random = network_of(drawing), np.random.default_rng(seed)
    g, s = graph(network)
    t_ms = np.cumsum(random.choice([900, 1_000, 1_050, 1_000, 4_000], n)).astype(np.int64)
    at = random.integers(0, network.x_m.size, n)
    x, y = (column[at] + random.normal(0.0, 8.0, n) for column in (network.x_m.astype(np.float64), network.y_m.astype(np.float64)))
    usable = np.sort(random.choice(n, max(3, n - 5), replace=False)).astype(np.int64)
    found = prior_m(g, s, t_ms, x, y, usable, radius, timed, 6.0, 3.0)
    true = naive.prior_m(network, t_ms, x, y, usable.tolist(), (radius, 6.0, 3.0), timed)
    assert found == pytest.approx(true, rel=1e-6, abs=1e-4)


@settings(COMPILES, max_examples=80)
@given(cases(most=5), st.integers(1, 4))
def test_residuals_are_those_of_the_fixes_on_a_road(case: Case, least: int) -> None:
    k = case.lattice.states.shape[1] - 1
    off = [abs(float(case.lattice.states[row, j]["side"])) for row, j in enumerate(case.chosen) if j != k]
    found = residual_m(case.lattice, case.chosen, 3.0, least)
    assert found == pytest.approx(naive.spread(off, 3.0) if len(off) >= least else math.nan, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=20), SEEDS)
def test_the_usual_step_is_the_median_one(steps: list[int], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(steps)).astype(np.int64)
    t_ms = np.empty(len(steps), np.int64)
    t_ms[order] = np.cumsum(steps)
    assert usual_step_ms(t_ms, order) == pytest.approx(median(steps[1:]) if len(steps) > 1 else 0.0)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 12), SEEDS, st.booleans())
def test_fixes_are_filled_as_by_the_twin(n: int, seed: int, timed: bool) -> None:
    random = np.random.default_rng(seed)
    order = random.permutation(n)
    t_ms = np.empty(n, np.int64)
    t_ms[order] = np.cumsum(random.integers(1, 90_000, n))
    kept = order[random.random(n) < 0.7].astype(np.int64)
    represent = kept[random.random(kept.size) < 0.4]
    to_ms = t_ms[represent] + random.integers(0, 5_000, represent.size)
    columns = (t_ms, *(random.normal(0.0, 100.0, n) for _ in range(6)), random.choice([np.nan, 0.0, 3.0, 4.0, 9.0, 30.0], n))
    quality, fixes = np.array([4.0, 4.0, 4.0, 4.0, 2.5, 1.5, 1.5, 1.0, 1.0, 1.0, 0.8]), np.empty(kept.size, FIX)
    fill_fixes(columns, kept, timed, represent, to_ms, quality, fixes)
    stops = dict(zip(represent.tolist(), to_ms.tolist(), strict=True))
    for row, found in zip(kept.tolist(), fixes, strict=True):
        true = naive.fix(columns, row, timed, stops, quality.tolist())
        assert {name: float(found[name]) for name in true} == pytest.approx(true, rel=1e-12, nan_ok=True)
