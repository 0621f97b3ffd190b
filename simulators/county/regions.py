"""Region rows of the county: province and prefecture above it, towns below it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulators.county.curves import Points
from simulators.county.model import CountySettings, Region
from simulators.county.names import COUNTY, PREFECTURE, PROVINCE
from simulators.county.outline import Outline, nearest_part
from simulators.county.plane import LocalPlane
from simulators.county.siting import Site


def regions_of(settings: CountySettings, plane: LocalPlane, outline: Outline, towns: list[Site]) -> tuple[Region, ...]:
    """Province, prefecture, county and one region a town (six digits by GB/T 2260, towns nine by GB/T 10114).

    The county's code lies in a range that GB/T 2260 does not use, so that it never meets a real one.
    """
    code = f"{settings.county_code:06d}"
    province, prefecture = code[:2] + "0000", code[:4] + "00"
    empty = np.empty((0, 2))
    ring = outline.ring()
    rows = [
        Region(province, *PROVINCE, "province", "", empty, settings.centre_lon, settings.centre_lat),
        Region(prefecture, *PREFECTURE, "prefecture", province, empty, settings.centre_lon, settings.centre_lat),
        Region(code, *COUNTY, "county", prefecture, _degrees(plane, ring), settings.centre_lon, settings.centre_lat),
    ]
    centres = np.array([site.spot for site in towns])
    for row, site in enumerate(towns):
        lon, lat = plane.to_degrees(*site.spot)
        outline_deg = _degrees(plane, nearest_part(ring, centres, row))
        name = (f"{site.stem[0]}镇", f"{site.stem[1]} Town")
        rows.append(Region(f"{code}{100 + row:03d}", *name, "town", code, outline_deg, float(lon), float(lat)))
    return tuple(rows)


def town_rows(centres: Points, spots: Points) -> NDArray[np.int64]:
    """Row of the nearest town for each place."""
    away = np.hypot(spots[:, None, 0] - centres[None, :, 0], spots[:, None, 1] - centres[None, :, 1])
    rows: NDArray[np.int64] = np.argmin(away, axis=1)
    return rows


def _degrees(plane: LocalPlane, points: Points) -> Points:
    return np.stack(plane.to_degrees(points[:, 0], points[:, 1]), axis=1)
