"""Fixes that were shifted before they were sent: GCJ-02 given out as WGS-84. Found and flagged, never corrected silently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.datum import gcj02_to_wgs84
from tracking.kernels.graph import scratch_for
from tracking.kernels.grid import nearest
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters
from tracking.roads import graph_of

Floats = NDArray[np.float64]


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
    for places in ((lon[some], lat[some]), gcj02_to_wgs84(lon[some], lat[some])):
        x, y = network.project(*places)
        off = np.empty(x.size)
        nearest(graph, scratch, x, y, reach_m, off)
        medians.append(float(np.median(np.nan_to_num(off, nan=reach_m))))
    return medians[0] > 50.0 and medians[1] < 15.0
