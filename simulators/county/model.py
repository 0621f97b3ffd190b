"""What a synthetic county consists of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.county.plane import LocalPlane
from simulators.county.terrain import Terrain
from tracking.network.model import RoadNetwork


@dataclass(frozen=True, slots=True)
class CountySettings:
    """Size and place of a county; the same settings give the same county, byte for byte.

    Two roads of one cell cannot be told apart, so `cell_m` bounds how dense the network gets.
    """

    seed: int = 1
    centre_lon: float = 106.6
    centre_lat: float = 26.5
    width_km: float = 44.0
    height_km: float = 36.0
    towns: int = 5
    villages: int = 14
    hamlets: int = 10
    cell_m: float = 300.0
    county_code: int = 529921


@dataclass(frozen=True, slots=True)
class Place:
    """A named spot. kind: county_town, town, village, hamlet, station or border; node: row of the network's nodes."""

    name: str
    name_en: str
    kind: str
    lon: float
    lat: float
    node: int
    region_code: str


@dataclass(frozen=True, slots=True)
class Region:
    """An administrative region. level: province, prefecture, county or town; outline (n, 2) degrees, closed,
    empty for regions above the county, whose borders the county does not know."""

    region_code: str
    name: str
    name_en: str
    level: str
    parent_code: str
    outline: NDArray[np.float64]
    centre_lon: float
    centre_lat: float

    def geometry(self) -> dict[str, object] | None:
        """GeoJSON polygon of the outline; None where it is unknown."""
        if not len(self.outline):
            return None
        return {"type": "Polygon", "coordinates": [[[round(float(x), 6), round(float(y), 6)] for x, y in self.outline]]}


@dataclass(frozen=True, slots=True, eq=False)
class County:
    """Roads, places and regions of one county."""

    settings: CountySettings
    network: RoadNetwork
    places: tuple[Place, ...]
    regions: tuple[Region, ...]
    plane: LocalPlane
    terrain: Terrain

    def altitude_m(self, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ground altitude, metres, at places in degrees."""
        x_m, y_m = self.plane.to_plane(lon_deg, lat_deg)
        return self.terrain.altitude_m(x_m, y_m)

    def places_of(self, *kinds: str) -> tuple[Place, ...]:
        """Places of the given kinds, in the county's order."""
        return tuple(place for place in self.places if place.kind in kinds)
