"""The flat drawing board of a county."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracking.network.geodesy import curvature_radii


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Metres east and north of a centre. A drawing board only: lengths that count come from the ellipsoid."""

    lon: float
    lat: float

    def _scale(self) -> tuple[float, float]:
        meridian, prime = curvature_radii(np.array([self.lat]))
        radian = np.pi / 180.0
        return float(prime[0] * np.cos(self.lat * radian) * radian), float(meridian[0] * radian)

    def to_degrees(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(lon, lat) degrees of plane metres."""
        east, north = self._scale()
        return self.lon + np.asarray(x_m) / east, self.lat + np.asarray(y_m) / north

    def to_plane(self, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(x, y) plane metres of degrees."""
        east, north = self._scale()
        return (np.asarray(lon_deg) - self.lon) * east, (np.asarray(lat_deg) - self.lat) * north
