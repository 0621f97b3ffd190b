"""A spike that cleaning takes for drift may be a turn at the end of a road: the matcher knows the roads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from domain.track import Track
from tracking.cleaning import Cleaned, Keep
from tracking.kernels.geodesy import leg_length


def with_needles(track: Track, cleaned: Cleaned, limit_kmh: float, ends: Callable[[int], bool]) -> Cleaned:
    """Single fixes of drift that lie where a road ends, and that a vehicle could have reached from the kept fixes on both sides.

    Args:
        ends: tells of a row of the track whether a road ends there.
    Returns:
        The codes with such fixes kept.
    """
    rows = cleaned.order
    keep = cleaned.keep[rows]
    drift = np.flatnonzero(keep == Keep.DRIFT)
    if not drift.size or not track.timed:
        return cleaned
    kept = np.flatnonzero(keep == Keep.KEPT)
    after = np.searchsorted(kept, drift)
    codes = cleaned.keep.copy()
    for row, at in zip(drift, after, strict=True):
        if (
            0 < at < kept.size
            and kept[at - 1] == row - 1
            and kept[at] == row + 1
            and _reached(track, rows[row - 1 : row + 2], limit_kmh)
            and ends(int(rows[row]))
        ):
            codes[rows[row]] = Keep.KEPT
    return replace(cleaned, keep=codes)


def _reached(track: Track, three: np.ndarray, limit_kmh: float) -> bool:
    lon, lat, t_ms = track.lon_deg[three], track.lat_deg[three], track.t_ms[three]
    for a in (0, 1):
        metres = leg_length(lon[a], lat[a], lon[a + 1], lat[a + 1])
        if metres * 3_600.0 > limit_kmh * max(float(t_ms[a + 1] - t_ms[a]), 1.0):
            return False
    return True
