"""`/api/v1/regions`: names and centres of the regions that the person may see."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.asking import Asking
from api.live.fleet import Fleet
from api.live.topics import Topic, in_scope


def router(fleet: Fleet) -> APIRouter:
    """Routes of regions."""
    routes = APIRouter(prefix="/api/v1", tags=["regions"])

    @routes.get("/regions")
    def regions(principal: Asking) -> JSONResponse:
        """GeoJSON features by code: names, level, parent and centre (degrees, WGS-84; null when unknown)."""
        features: list[dict[str, Any]] = []
        for row in fleet.regions.values():
            if not row.region_code.isdecimal() or len(row.region_code) != 6:
                continue
            if not in_scope(Topic("region", int(row.region_code)), principal.region_code):
                continue
            centre = [row.centre_lon, row.centre_lat] if row.centre_lon is not None else None
            properties = {
                "region_code": row.region_code,
                "level": row.level,
                "name": row.name,
                "name_en": row.name_en,
                "parent_code": row.parent_code,
                "centre": centre,
            }
            geometry = {"type": "Point", "coordinates": centre} if centre else None
            features.append({"type": "Feature", "id": row.region_code, "geometry": geometry, "properties": properties})
        return JSONResponse({"type": "FeatureCollection", "features": features}, media_type="application/geo+json")

    return routes
