"""The metric plane of a network: transverse Mercator on its centre, scale 1 there."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

Floats = NDArray[np.float64]


def plane_for(lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]) -> str:
    """PROJ string of the plane on the middle of the points' box, rounded to 0.01 degree; on 0, 0 without points."""
    lon, lat = (round((int(a.min()) + int(a.max())) / 2e7, 2) if a.size else 0.0 for a in (lon_e7, lat_e7))
    return f"+proj=tmerc +lat_0={lat:.2f} +lon_0={lon:.2f} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m"


@lru_cache(maxsize=16)
def _transformer(plane: str) -> Transformer:
    return Transformer.from_pipeline(f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step {plane}")


def project(plane: str, lon_deg: Floats, lat_deg: Floats) -> tuple[Floats, Floats]:
    """(x, y) metres, float64, of places in degrees WGS-84."""
    x, y = _transformer(plane).transform(np.asarray(lon_deg, np.float64), np.asarray(lat_deg, np.float64))
    return np.asarray(x, np.float64), np.asarray(y, np.float64)


def unproject(plane: str, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """(lon, lat) degrees of places in the plane."""
    lon, lat = _transformer(plane).transform(np.asarray(x_m, np.float64), np.asarray(y_m, np.float64), direction="INVERSE")
    return np.asarray(lon, np.float64), np.asarray(lat, np.float64)
