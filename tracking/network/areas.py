"""Towns and regions: in which area the middle of a piece lies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree, points
from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from domain.errors import RefusedError
from tracking.network.cutting import Cut

Floats = NDArray[np.float64]


def middles(cut: Cut) -> tuple[Floats, Floats]:
    """(lon, lat) of the point of each piece that lies half-way in its list of points, between two where they are even."""
    last = cut.start[1:] - 1
    low, high = (cut.start[:-1] + last) // 2, (cut.start[:-1] + last + 1) // 2
    return (cut.lon_deg[low] + cut.lon_deg[high]) / 2, (cut.lat_deg[low] + cut.lat_deg[high]) / 2


def containing(areas: list[BaseGeometry], lon_deg: Floats, lat_deg: Floats) -> NDArray[np.int64]:
    """(P,) row of the first area around each place, -1 none."""
    found = np.full(lon_deg.size, -1, np.int64)
    if areas and lon_deg.size:
        place, area = STRtree(areas).query(points(lon_deg, lat_deg), predicate="intersects")
        order = np.lexsort([-area, place])
        found[place[order]] = area[order]
    return found


def regions_at(path: Path | None, lon_deg: Floats, lat_deg: Floats) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """(row of the region of each place, -1 none; region codes). The smallest region counts where several lie over each other.

    Args:
        path: GeoJSON with `region_code` on its polygons; None: no regions.
        lon_deg, lat_deg: (P,) places.

    Raises:
        RefusedError: the file is not that.
    """
    if path is None:
        return np.full(lon_deg.size, -1, np.int32), ()
    try:
        features = json.loads(path.read_text("utf-8"))["features"]
        known = [(str(f["properties"]["region_code"]), shape(f["geometry"])) for f in features if f.get("geometry")]
        known.sort(key=lambda one: (one[1].area, one[0]))
        rows = containing([area for _, area in known], lon_deg, lat_deg)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, GEOSException) as error:
        raise RefusedError(f"{path}: no GeoJSON of regions with region_code ({error!r})", field="regions") from error
    return rows.astype(np.int32), tuple(code for code, _ in known)
