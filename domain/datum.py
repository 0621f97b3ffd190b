"""GCJ-02 and WGS-84. GCJ-02 exists only at the edge: boundary files, maps of others, exports that ask for it; never in storage or matching.

CGCS2000 needs no conversion: it differs from WGS-84 by less than a metre, and terminal coordinates are stored as received.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_AXIS_M = 6_378_245.0
_E2 = 0.00669342162296594323
"""Ellipsoid of Krasovsky 1940, on which the published form of the shift is written."""
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
"""Box in which the published form shifts, degrees; outside both systems are one."""
_STEPS = 10
"""The shift changes by less than a hundredth of a step: ten steps of the fixed point reach the last digit."""


def gcj02_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """(degrees of longitude, of latitude) that GCJ-02 adds to WGS-84 places in China, by its published form."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    w2 = 1.0 - _E2 * np.sin(phi) ** 2
    lat_shift = north * 180.0 / (_AXIS_M * (1.0 - _E2) / (w2 * np.sqrt(w2)) * np.pi)
    lon_shift = east * 180.0 / (_AXIS_M / np.sqrt(w2) * np.cos(phi) * np.pi)
    return lon_shift, lat_shift


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """GCJ-02 degrees of WGS-84 degrees; the same degrees outside China.

    Args:
        lon, lat: equal shapes, degrees; NaN stays NaN.
    Returns:
        float64 arrays of that shape. Equal input gives equal output, to the bit: what shares a vertex goes on sharing it.
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    inside = _inside(lon, lat)
    lon_shift, lat_shift = gcj02_shift(np.where(inside, lon, 105.0), np.where(inside, lat, 35.0))
    return np.where(inside, lon + lon_shift, lon), np.where(inside, lat + lat_shift, lat)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """WGS-84 degrees of GCJ-02 degrees, by a fixed point of ten steps, to less than a millimetre; the same degrees outside China.

    Args:
        lon, lat: equal shapes, degrees; NaN stays NaN.
    Returns:
        float64 arrays of that shape, equal for equal input as in `wgs84_to_gcj02`.
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    near = (lon > _WEST - 0.1) & (lon < _EAST + 0.1) & (lat > _SOUTH - 0.1) & (lat < _NORTH + 0.1)
    told_lon, told_lat = np.where(near, lon, 105.0), np.where(near, lat, 35.0)
    true_lon, true_lat = told_lon, told_lat
    for _ in range(_STEPS):
        lon_shift, lat_shift = gcj02_shift(true_lon, true_lat)
        true_lon, true_lat = told_lon - lon_shift, told_lat - lat_shift
    inside = near & _inside(true_lon, true_lat)
    return np.where(inside, true_lon, lon), np.where(inside, true_lat, lat)


def _inside(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    return (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)
