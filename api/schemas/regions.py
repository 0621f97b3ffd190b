"""Administrative regions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Level = Literal["country", "province", "prefecture", "county", "town", "village"]


class RegionProperties(BaseModel):
    """A region of the tree; name_en and parent_code are null where there is none."""

    region_code: str = Field(description="GB/T 2260, longer for towns and villages")
    level: Level
    name: str
    name_en: str | None
    parent_code: str | None
    centre: list[float] | None = Field(description="lon, lat in degrees WGS-84; null: unknown")


class RegionFeature(BaseModel):
    """GeoJSON feature; geometry is the centre in lists, the outline of a single region, null where it is unknown."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any] | None
    properties: RegionProperties


class RegionTree(BaseModel):
    """Regions by code, a parent before its children."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[RegionFeature]
