"""`/api/v1/regions`: the tree of regions that the person may see, and the outline of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from api.answers import GEOJSON, answer
from api.asking import asking, may
from api.formats import GeoJsonResponse
from api.live.source import Pool
from api.schemas.regions import Level, RegionFeature, RegionProperties, RegionTree
from api.seeing import area_of, region_visible
from domain.errors import RefusedError
from operations.identity import Principal
from storage.regions import region, regions_below
from storage.registry import RegionRow

Seeing = Annotated[Principal, Depends(may("regions:read"))]
Parent = Annotated[str | None, Query(pattern="^[0-9]{6,12}$", description="only regions directly below this one")]


def router(pool: Pool) -> APIRouter:
    """Routes of regions."""
    routes = APIRouter(prefix="/api/v1/regions", tags=["regions"])

    @routes.get("", response_model=RegionTree, response_class=GeoJsonResponse)
    def regions(request: Request, principal: Seeing, level: Level | None = None, parent: Parent = None) -> Response:
        """Names, levels, parents and centres by code."""
        with asking(pool, principal) as conn:
            rows = regions_below(conn, area_of(principal.region_code), level, parent)
        return answer(request, RegionTree(features=[_feature(row) for row in rows]), GEOJSON)

    @routes.get("/{region_code}", response_model=RegionFeature, response_class=GeoJsonResponse)
    def one(request: Request, principal: Seeing, region_code: Annotated[str, Path(pattern="^[0-9]{6,12}$")]) -> Response:
        """A region with its outline. 404 outside the person's own."""
        with asking(pool, principal) as conn:
            row = region(conn, region_code)
        if row is None or not region_visible(principal, row.region_code):
            raise RefusedError(f"no region {region_code}", field="region_code", kind="missing")
        feature = _feature(row)
        return answer(request, feature.model_copy(update={"geometry": row.geometry or feature.geometry}), GEOJSON)

    return routes


def _feature(row: RegionRow) -> RegionFeature:
    centre = [row.centre_lon, row.centre_lat] if row.centre_lon is not None and row.centre_lat is not None else None
    properties = RegionProperties.model_validate(
        {name: getattr(row, name) for name in ("region_code", "level", "name", "name_en", "parent_code")} | {"centre": centre}
    )
    return RegionFeature(id=row.region_code, geometry={"type": "Point", "coordinates": centre} if centre else None, properties=properties)
