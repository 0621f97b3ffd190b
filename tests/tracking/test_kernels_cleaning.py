"""All steps of cleaning in one call against the slow steps one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_spells as naive
from tests.tracking.test_kernels_spells import columns, same, tracks
from tracking.cleaning import CleaningParameters
from tracking.kernels.cleaning import RULE_NAMES, RULES, clean_rows, rising, thin_rows
from tracking.kernels.prior import rows_kept
from tracking.kernels.spells import KEPT

SMALL = CleaningParameters(bounds=(109.9, 29.0, 110.5, 31.0), jitter_s=70.0)
"""Dense fixes up to 70 s apart, so that short tracks show their noise."""


def table(p: CleaningParameters) -> np.ndarray:
    said = {name: getattr(p, name, math.nan) for name in RULE_NAMES}
    said |= dict(zip(("west", "south", "east", "north"), p.bounds, strict=True))
    said |= {"drift_mps": p.drift_kmh / 3.6, "jitter_ms": p.jitter_s * 1000, "needle_rad": math.radians(p.needle_deg)}
    return np.array([tuple(said[name] for name in RULE_NAMES)], RULES)


@settings(max_examples=200, deadline=None)
@given(tracks(), st.sampled_from([3.0, 6.0, 20.0]), st.booleans())
def test_a_track_is_cleaned_as_by_the_steps_one_by_one(fixes: list[naive.Fix], sigma: float, timed: bool) -> None:
    if not timed:
        for fix in fixes:
            fix.t_ms = 0
    c, n = columns(fixes), len(fixes)
    lon, lat = c["place"][:, 0].copy(), c["place"][:, 1].copy()
    rows, anchors, keep = np.empty((n, 2), np.int64), np.empty((n, 2)), np.empty(n, np.uint8)
    given_columns = (c["t_ms"], lon, lat, c["located"], c["speed"], c["acc"], c["odometer"])
    found = clean_rows(given_columns, table(SMALL), sigma, timed, keep, rows, anchors)
    stops = naive.clean(fixes, SMALL, sigma, timed)
    assert same(keep, fixes)
    assert rows[:found].tolist() == [[stop.fixes[0].row, stop.fixes[-1].row] for stop in stops]
    assert anchors[:found] == pytest.approx(np.array([(stop.x, stop.y) for stop in stops]).reshape(-1, 2), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(tracks(), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_track_in_any_order_is_thinned_as_by_the_step(fixes: list[naive.Fix], timed: bool, seed: int) -> None:
    random, n = np.random.default_rng(seed), len(fixes)
    for fix in fixes:
        fix.keep = int(random.choice([KEPT, KEPT, KEPT, 1, 4]))
    order = random.permutation(n).astype(np.int64)
    sigma, stands = random.uniform(3.0, 20.0, n), random.random(n) < 0.1
    c = columns(fixes)

    def by_row(column: np.ndarray) -> np.ndarray:
        out = np.empty_like(column)
        out[order] = column
        return out

    codes = by_row(c["keep"])
    given_columns = tuple(by_row(column) for column in (c["t_ms"], c["place"][:, 0], c["place"][:, 1], c["speed"], c["heading"]))
    thin_rows(given_columns, order[stands], table(SMALL), by_row(sigma), timed, order, codes)
    rules = (SMALL.spacing_sigmas, SMALL.turned_deg, SMALL.turned_kmh, SMALL.spacing_s if timed else math.inf)
    naive.mark_thinned(fixes, sigma.tolist(), stands.tolist(), rules)
    assert same(codes[order], fixes)
    assert rows_kept(order, codes).tolist() == [int(order[fix.row]) for fix in naive.kept(fixes)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=6))
def test_rising_is_strictly_rising(times: list[int]) -> None:
    assert rising(np.array(times, np.int64)) == (sorted(set(times)) == times)
