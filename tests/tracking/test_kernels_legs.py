"""Lengths off the road and scatter of dense fixes against their slow twins."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_legs as naive
from tests.tracking.naive_spells import Fix
from tests.tracking.test_kernels_spells import columns, tracks
from tracking.kernels.geodesy import leg_lengths
from tracking.kernels.legs import coarse_lengths
from tracking.kernels.spells import bends

walks = st.lists(st.tuples(st.integers(-60, 60), st.integers(-60, 60), st.integers(0, 2), st.sampled_from([5.0, 60.0])), max_size=40)


@settings(max_examples=150, deadline=None)
@given(walks)
def test_coarse_lengths_agree_with_their_twin(walk: list[tuple[int, int, int, float]]) -> None:
    lon = 110 + np.cumsum([step[0] for step in walk]) * 1e-5
    lat = 30 + np.cumsum([step[1] for step in walk]) * 1e-5
    run = np.cumsum([step[2] == 0 for step in walk])[1:] if len(walk) > 1 else np.zeros(0, np.int64)
    spacing = np.array([step[3] for step in walk])
    found = coarse_lengths(lon, lat, run.astype(np.int64), spacing)
    assert np.allclose(found, naive.coarse_lengths(lon.tolist(), lat.tolist(), run.tolist(), spacing.tolist()), rtol=1e-12, atol=1e-12)
    assert found.sum() <= leg_lengths(lon, lat).sum() * (1 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(tracks(), st.integers(1, 3))
def test_bends_agree_with_their_twin(fixes: list[Fix], every: int) -> None:
    c = columns(fixes)
    found = bends(c["t_ms"], c["place"], 3_000.0, every, c["keep"])
    assert np.allclose(found, naive.bends(fixes, 3_000, every), rtol=1e-9, atol=1e-6)


def test_coarse_lengths_take_the_noise_out_of_dense_fixes() -> None:
    random = np.random.default_rng(1)
    n = 2_000
    lon, lat = 110 + (np.arange(n) * 15.0 + random.normal(0, 6, n)) / 96_486, 30 + random.normal(0, 6, n) / 110_852
    plain = leg_lengths(lon, lat).sum()
    coarse = coarse_lengths(lon, lat, np.zeros(n - 1, np.int64), np.full(n, 60.0)).sum()
    assert plain > 1.1 * n * 15 and abs(coarse / (n * 15.0) - 1) < 0.02
