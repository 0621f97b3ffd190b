"""Fixes that were shifted before they were sent: GCJ-02 given out as WGS-84. Found and flagged, never corrected silently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.graph import scratch_for
from tracking.kernels.grid import nearest
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters
from tracking.roads import graph_of

Floats = NDArray[np.float64]

_AXIS_M = 6_378_245.0
_E2 = 0.00669342162296594323
"""Ellipsoid of Krasovsky 1940, on which the published form of the shift is written."""


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


def from_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS-84 degrees of GCJ-02 degrees, to about a centimetre."""
    true_lon, true_lat = lon.copy(), lat.copy()
    for _ in range(4):
        lon_shift, lat_shift = gcj02_shift(true_lon, true_lat)
        true_lon, true_lat = lon - lon_shift, lat - lat_shift
    return true_lon, true_lat


def datum_suspect(network: RoadNetwork, lon: Floats, lat: Floats, reach_m: float = 1_000.0, samples: int = 200) -> bool:
    """True when places lie more than 50 m off the roads at the median, and less than 15 m once taken for GCJ-02.

    Args:
        lon, lat: (n,) degrees of moving fixes.
    """
    if lon.size < 20 or not network.edge_count:
        return False
    some = slice(None, None, max(lon.size // samples, 1))
    graph = graph_of(network, "bus", MatchParameters())
    scratch = scratch_for(network.node_count, network.edge_count)
    medians = []
    for places in ((lon[some], lat[some]), from_gcj02(lon[some], lat[some])):
        x, y = network.project(*places)
        off = np.empty(x.size)
        nearest(graph, scratch, x, y, reach_m, off)
        medians.append(float(np.median(np.nan_to_num(off, nan=reach_m))))
    return medians[0] > 50.0 and medians[1] < 15.0
