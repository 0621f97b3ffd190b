"""Lengths of legs off the road. Twins: `tests/tracking/naive_legs.py`."""

from __future__ import annotations

import numpy as np
from numba import njit

from tracking.kernels.geodesy import leg_length


@njit(cache=True, nogil=True)
def coarse_lengths(lon, lat, run, spacing_m):  # type: ignore[no-untyped-def]
    """Length of each leg with noise taken out: straight between fixes that are spacing_m apart, shared out over the legs between.

    Args:
        lon, lat: (n,) degrees WGS-84, in time order.
        run: (n - 1,) int, the run of each leg; a run begins and ends with a fix that counts.
        spacing_m: (n,) metres, how far the next fix that counts is, at least.
    Returns:
        (n - 1,) float64 metres.
    Why: noise of sigma lengthens a leg of s metres by about sigma * sigma / s.
    """
    count = max(lon.size - 1, 0)
    out = np.empty(count)
    first, inside = 0, 0.0
    for i in range(count):
        out[i] = leg_length(lon[i], lat[i], lon[i + 1], lat[i + 1])
        inside += out[i]
        straight = leg_length(lon[first], lat[first], lon[i + 1], lat[i + 1])
        if straight >= spacing_m[i + 1] or i + 1 == count or run[i + 1] != run[i]:
            if inside > 0.0:
                for j in range(first, i + 1):
                    out[j] *= straight / inside
            first, inside = i + 1, 0.0
    return out
