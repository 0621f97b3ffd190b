"""Lengths on the ellipsoid against `pyproj.Geod`, and the geodesy kernels against their slow twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from tests.tracking import naive_geodesy as naive
from tracking.kernels.geodesy import bearing, east_north, interpolate, leg_length, leg_lengths, offset_to_segment

_GEOD = Geod(ellps="WGS84")
longitudes, latitudes = st.floats(73.0, 135.0), st.floats(18.0, 53.0)
metres = st.floats(-5_000.0, 5_000.0)


@st.composite
def _legs(draw: st.DrawFn, longest_m: float = 2_000.0) -> tuple[float, float, float, float]:
    lon, lat = draw(longitudes), draw(latitudes)
    there = _GEOD.fwd(lon, lat, draw(st.floats(0.0, 360.0)), draw(st.floats(10.0, longest_m)))
    return lon, lat, there[0], there[1]


@settings(max_examples=200, deadline=None)
@given(_legs())
def test_a_leg_up_to_2_km_is_as_long_as_on_the_ellipsoid(leg: tuple[float, float, float, float]) -> None:
    true = _GEOD.inv(*leg)[2]
    assert leg_length(*leg) == pytest.approx(true, rel=1e-8, abs=5e-8)  # Geod itself is good to 15 nm


@settings(max_examples=100, deadline=None)
@given(_legs(10_000.0))
def test_a_leg_up_to_10_km_is_good_to_3e_7(leg: tuple[float, float, float, float]) -> None:
    assert leg_length(*leg) == pytest.approx(_GEOD.inv(*leg)[2], rel=3e-7, abs=5e-8)


@settings(max_examples=200, deadline=None)
@given(_legs(20_000.0))
def test_lengths_and_bearings_agree_with_their_twins(leg: tuple[float, float, float, float]) -> None:
    assert east_north(*leg) == pytest.approx(naive.east_north(*leg), rel=1e-12, abs=1e-9)
    assert leg_length(*leg) == pytest.approx(naive.leg_length(*leg), rel=1e-12)
    turned = abs(bearing(*leg) - naive.bearing(*leg))
    assert min(turned, 360.0 - turned) < 1e-7
    assert 0.0 <= bearing(*leg) <= 360.0
    there, back = leg, (leg[2], leg[3], leg[0], leg[1])
    assert leg_length(*there) == leg_length(*back)


@settings(max_examples=100, deadline=None)
@given(_legs())
def test_a_bearing_is_the_azimuth_at_mid_way(leg: tuple[float, float, float, float]) -> None:
    middle = _GEOD.npts(*leg, 1)[0]
    azimuth = _GEOD.inv(*middle, *leg[2:])[0]
    turned = abs(bearing(*leg) - azimuth % 360.0)
    assert min(turned, 360.0 - turned) < 1e-4


@pytest.mark.parametrize(("lon", "lat", "azimuth"), [(0.0, 1.0, 0.0), (1.0, 0.0, 90.0), (0.0, -1.0, 180.0), (-1.0, 0.0, 270.0)])
def test_bearings_of_the_four_winds(lon: float, lat: float, azimuth: float) -> None:
    assert bearing(110.0, 30.0, 110.0 + lon * 1e-3, 30.0 + lat * 1e-3) == pytest.approx(azimuth, abs=1e-3)


def test_equal_places_have_no_length_and_bearing_0() -> None:
    assert leg_length(110.0, 30.0, 110.0, 30.0) == 0.0
    assert bearing(110.0, 30.0, 110.0, 30.0) == 0.0


def test_an_unknown_place_has_no_length() -> None:
    assert math.isnan(leg_length(110.0, 30.0, math.nan, 30.0))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(longitudes, latitudes), max_size=12))
def test_lengths_of_a_polyline_are_those_of_its_legs(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    found = leg_lengths(lon, lat)
    assert found.shape == (max(len(points) - 1, 0),)
    assert np.allclose(found, naive.leg_lengths(lon.tolist(), lat.tolist()), rtol=1e-12, atol=1e-9)


@settings(max_examples=200, deadline=None)
@given(metres, metres, metres, metres, metres, metres)
def test_offsets_agree_with_their_twin(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> None:
    distance, fraction, side = offset_to_segment(px, py, ax, ay, bx, by)
    wanted = naive.offset_to_segment(px, py, ax, ay, bx, by)
    assert distance == pytest.approx(wanted[0], abs=1e-6)
    assert abs(side) == distance and 0.0 <= fraction <= 1.0
    size = math.hypot(bx - ax, by - ay)
    if size > 1e-3:
        assert fraction * size == pytest.approx(wanted[1] * size, abs=1e-5)
        cross = (px - ax) * (by - ay) - (py - ay) * (bx - ax)
        if abs(cross) > 1e-3 * size:
            assert (side >= 0.0) == (wanted[2] >= 0.0) == (cross > 0.0)


def test_right_of_the_way_is_positive() -> None:
    assert offset_to_segment(3.0, 5.0, 0.0, 0.0, 0.0, 10.0) == (3.0, 0.5, 3.0)
    assert offset_to_segment(-3.0, 5.0, 0.0, 0.0, 0.0, 10.0) == (3.0, 0.5, -3.0)


def test_a_segment_without_length_is_a_point() -> None:
    assert offset_to_segment(3.0, 4.0, 0.0, 0.0, 0.0, 0.0)[:2] == (5.0, 0.0)


@settings(max_examples=100, deadline=None)
@given(_legs(), st.floats(0.0, 1.0))
def test_a_share_of_the_way_has_that_share_of_its_length(leg: tuple[float, float, float, float], share: float) -> None:
    lon, lat = interpolate(*leg, share)
    assert leg_length(*leg[:2], lon, lat) == pytest.approx(share * leg_length(*leg), rel=1e-3, abs=1e-6)
    assert leg_length(lon, lat, *leg[2:]) == pytest.approx((1.0 - share) * leg_length(*leg), rel=1e-3, abs=1e-6)
