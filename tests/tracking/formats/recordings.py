"""Recordings for tests: random ones, and small hand-made ones."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from domain.track import Track
from tracking.formats.recording import GAP, OFF_ROAD, ON_ROAD, Leg, Placed, Recording


@st.composite
def tracks(draw: st.DrawFn, *, timed: bool | None = None, least: int = 2) -> Track:
    """Random tracks with rising times, each optional column with holes."""
    n = draw(st.integers(least, 12))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    steps = random.integers(0, 100_000, n)
    steps[0] = 1
    t_ms = 1_767_196_800_000 + np.cumsum(np.maximum(steps, 1))

    def holes(column: np.ndarray) -> np.ndarray:
        return np.where(random.random(n) < 0.3, np.nan, column)

    if timed is None:
        timed = draw(st.booleans())
    return Track.plain(
        random.uniform(-180, 180, n), random.uniform(-90, 90, n), t_ms / 1000.0 if timed else None,
        speed_kmh=holes(np.round(random.uniform(0, 120, n), 1)), heading_deg=holes(random.integers(0, 360, n)),
        satellites=holes(random.integers(0, 30, n)), odometer_m=holes(random.integers(0, 10**7, n) * 100.0),
        acc=random.integers(-1, 2, n),
    )  # fmt: skip


def same(one: Track, two: Track) -> None:
    """Assert that two tracks are equal within what a file keeps."""
    assert len(one) == len(two) and one.timed == two.timed
    np.testing.assert_array_equal(one.t_ms, two.t_ms)
    np.testing.assert_allclose(one.lon_deg, two.lon_deg, rtol=0, atol=1e-7)
    np.testing.assert_allclose(one.lat_deg, two.lat_deg, rtol=0, atol=1e-7)
    np.testing.assert_allclose(one.speed_kmh, two.speed_kmh, rtol=0, atol=0.006)
    np.testing.assert_allclose(one.heading_deg, two.heading_deg, rtol=0, atol=0.006)
    np.testing.assert_array_equal(one.satellites, two.satellites)
    np.testing.assert_allclose(one.odometer_m, two.odometer_m, rtol=0, atol=0.6)
    np.testing.assert_array_equal(one.acc, two.acc)


def matched() -> Recording:
    """Four fixes over a road, a gap and a field, with what a matcher made of them."""
    track = Track.plain(
        [106.6, 106.601, 106.61, 106.611], [26.5, 26.5, 26.5, 26.501], [1_767_196_800, 1_767_196_810, 1_767_197_400, 1_767_197_410]
    )
    nan = np.nan
    placed = Placed(
        ("on_road", "on_road", "on_road", "off_road"), np.array([106.6, 106.601, 106.61, nan]), np.array([26.50001, 26.50001, 26.50001, nan]),
        np.array([60.0, 60.0, nan, nan]), np.array([0.99, 0.8, 0.7, nan]), np.array([0.0, 99.7, 997.0, nan]),
    )  # fmt: skip

    def leg(kind: str, source: str, rows: slice, **figures: float) -> Leg:
        return Leg(kind, source, track.lon_deg[rows], track.lat_deg[rows], track.t_ms[rows], **figures)

    legs = (
        leg(ON_ROAD, "route", slice(0, 2), length_m=99.7, low_m=99.0, high_m=100.4),
        leg(GAP, "odometer", slice(1, 3), length_m=901.0, low_m=850.0, high_m=960.0),
        leg(OFF_ROAD, "raw", slice(2, 4), length_m=149.0),
    )
    return Recording("贵A12345黄", track, legs, placed, "© OpenStreetMap contributors, ODbL 1.0", "a1b2c3", "m1")
