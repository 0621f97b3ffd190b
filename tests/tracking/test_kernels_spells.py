"""Kernels of cleaning against their slow twins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_spells as naive
from tracking.kernels import drift, spells

DEGREE = 1e-5
"""About a metre: coordinates of the generated fixes lie on a coarse net, so that places repeat."""
LIMITS = (44.4, 24.0, 2.0, 30.0, 48.0)
STILL_RULES = (18.0, 30.0, 60.0, 1.0, 8.0, 200.0, 90.0)
THIN_RULES = (2.5, 30.0, 10.0, 30.0)

speeds = st.sampled_from([math.nan, 0.0, 0.5, 5.0, 9.0, 30.0, 60.0])
steps = st.tuples(
    st.sampled_from([0, 1, 1, 5, 10, 10, 30, 70]),
    st.sampled_from([0, 0, 3, 11, 20, 35, 90, 700, 2_000]),
    st.sampled_from([0, -4, 17, -28]),
    speeds,
    st.sampled_from([math.nan, 0.0, 90.0, 100.0, 200.0]),
    st.sampled_from([math.nan, 0.0, 0.0, 100.0, 300.0, -500.0]),
    st.sampled_from([1, 1, 1, 0, -1]),
    st.sampled_from([True] * 9 + [False]),
    st.booleans(),
)


@st.composite
def tracks(draw: st.DrawFn) -> list[naive.Fix]:
    x = y = t = 0
    odometer = 5_000.0
    fixes = []
    for row, (seconds, dx, dy, speed, heading, gain, acc, located, back) in enumerate(draw(st.lists(steps, max_size=60))):
        t += seconds
        x, y = x + (-dx if back else dx), y + dy
        known = not math.isnan(gain)
        odometer += gain if known else 0.0
        fixes.append(
            naive.Fix(
                row, t * 1000, 110 + x * DEGREE, 30 + y * DEGREE, speed=speed, heading=heading,
                odometer=odometer if known else math.nan, acc=acc, located=located,
            )
        )  # fmt: skip
    for fix, (east, north) in zip(fixes, naive.scales([fix.lat for fix in fixes]), strict=True):
        fix.east, fix.north = east, north
    return fixes


def columns(fixes: list[naive.Fix]) -> dict[str, Any]:
    place = spells.places(np.array([f.lon for f in fixes], np.float64), np.array([f.lat for f in fixes], np.float64))
    return {
        "t_ms": np.array([f.t_ms for f in fixes], np.int64),
        "place": place,
        "speed": np.array([f.speed for f in fixes], np.float32),
        "heading": np.array([f.heading for f in fixes], np.float32),
        "odometer": np.array([f.odometer for f in fixes], np.float64),
        "acc": np.array([f.acc for f in fixes], np.int8),
        "located": np.array([f.located for f in fixes], bool),
        "keep": np.array([f.keep for f in fixes], np.uint8),
    }


def same(keep: Any, fixes: list[naive.Fix]) -> bool:
    return keep.tolist() == [fix.keep for fix in fixes]


@settings(max_examples=300, deadline=None)
@given(tracks())
def test_kernels_agree_with_their_twins_step_by_step(fixes: list[naive.Fix]) -> None:
    c = columns(fixes)
    keep, t_ms, place = c["keep"], c["t_ms"], c["place"]
    assert np.allclose(place[:, 2:], np.array([(f.east, f.north) for f in fixes]).reshape(-1, 2), rtol=1e-12)
    bounds = (109.9, 29.0, 110.5, 31.0)
    spells.mark_invalid(t_ms, place, c["located"], np.array(bounds), True, keep)
    naive.mark_invalid(fixes, bounds, True)
    assert same(keep, fixes)
    spells.mark_frozen(place, c["speed"], c["odometer"], 10.0, 200.0, 3, keep)
    naive.mark_frozen(fixes, 10.0, 200.0, 3)
    assert same(keep, fixes)
    limits = np.array(LIMITS)
    assert drift.speed_faults(t_ms, place, c["speed"], limits, keep) == naive.speed_faults(fixes, LIMITS)
    drift.mark_drift(t_ms, place, c["speed"], limits, 3, 600.0, keep)
    naive.mark_drift(fixes, LIMITS, 3, 600.0)
    assert same(keep, fixes)
    drift.mark_needles(t_ms, place, c["speed"], limits, math.radians(20), 30.0, 60.0, keep)
    naive.mark_needles(fixes, LIMITS, math.radians(20), 30.0, 60.0)
    assert same(keep, fixes)
    rows, anchors = np.empty((len(fixes), 2), np.int64), np.empty((len(fixes), 2))
    found = spells.mark_still(t_ms, place, c["speed"], c["acc"], c["odometer"], np.array(STILL_RULES), keep, rows, anchors)
    stops = naive.mark_still(fixes, STILL_RULES)
    assert same(keep, fixes)
    assert rows[:found].tolist() == [[stop.fixes[0].row, stop.fixes[-1].row] for stop in stops]
    assert np.allclose(anchors[:found], np.array([(stop.x, stop.y) for stop in stops]).reshape(-1, 2), rtol=0, atol=1e-12)
    stop = np.zeros(len(fixes), bool)
    stop[rows[:found, 0]] = True
    sigma = np.linspace(3.0, 12.0, len(fixes)) if fixes else np.empty(0)
    spells.mark_thinned(t_ms, place, c["speed"], c["heading"], sigma, stop, np.array(THIN_RULES), keep)
    naive.mark_thinned(fixes, sigma.tolist(), stop.tolist(), THIN_RULES)
    assert same(keep, fixes)
