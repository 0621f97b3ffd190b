"""GCJ-02 and WGS-84, there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from domain.datum import gcj02_to_wgs84, wgs84_to_gcj02

GEOD = Geod(ellps="WGS84")
PLACES = st.tuples(st.floats(73.0, 136.0), st.floats(3.0, 54.0))
ABROAD = st.tuples(st.floats(-180.0, 71.9), st.floats(-90.0, 90.0)) | st.tuples(st.floats(138.0, 180.0), st.floats(-90.0, 90.0))


def _apart_m(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.asarray(GEOD.inv(*one, *other)[2])


@given(places=st.lists(PLACES, min_size=1, max_size=50))
def test_there_and_back_is_less_than_a_millimetre_off(places: list[tuple[float, float]]) -> None:
    lon, lat = np.array(places).T.copy()
    shifted = wgs84_to_gcj02(lon, lat)
    assert _apart_m(gcj02_to_wgs84(*shifted), (lon, lat)).max() < 1e-3
    assert _apart_m(wgs84_to_gcj02(*gcj02_to_wgs84(lon, lat)), (lon, lat)).max() < 1e-3


def test_the_shift_over_china_is_tens_to_hundreds_of_metres() -> None:
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.arange(75.0, 134.0, 0.1), np.arange(19.0, 53.0, 0.1)))
    off = _apart_m(wgs84_to_gcj02(lon, lat), (lon, lat))
    assert 15.0 < off.min() < off.max() < 710.0


@given(place=ABROAD)
def test_abroad_both_are_one(place: tuple[float, float]) -> None:
    lon, lat = np.array([place[0]]), np.array([place[1]])
    for turned in (wgs84_to_gcj02(lon, lat), gcj02_to_wgs84(lon, lat)):
        assert (turned[0][0], turned[1][0]) == place


@given(place=PLACES, others=st.lists(PLACES, max_size=20))
def test_a_shared_vertex_stays_shared(place: tuple[float, float], others: list[tuple[float, float]]) -> None:
    lon, lat = np.array([place, *others, place]).T.copy()
    for turn in (wgs84_to_gcj02, gcj02_to_wgs84):
        x, y = turn(lon, lat)
        alone_x, alone_y = turn(lon[:1], lat[:1])
        assert (x[0], y[0]) == (x[-1], y[-1]) == (alone_x[0], alone_y[0])


def test_published_places() -> None:
    """Tiananmen by the published form: 39.90960, 116.39723 in GCJ-02 is 39.90820, 116.39099 in WGS-84."""
    lon, lat = gcj02_to_wgs84(np.array([116.397230]), np.array([39.909600]))
    assert (lon[0], lat[0]) == pytest.approx((116.39099, 39.90820), abs=2e-5)


def test_nothing_and_nowhere_pass_through() -> None:
    for turn in (wgs84_to_gcj02, gcj02_to_wgs84):
        empty = turn(np.empty(0), np.empty(0))
        assert empty[0].shape == empty[1].shape == (0,)
        lon, lat = turn(np.array([np.nan, 106.7]), np.array([26.6, np.nan]))
        assert np.isnan(lon[0])
        assert lat[0] == 26.6
        assert lon[1] == 106.7
        assert np.isnan(lat[1])
