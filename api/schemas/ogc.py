"""OGC API - Features, Part 1 (OGC 17-069r4): the documents of the standard."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


class Link(BaseModel):
    """A link (RFC 8288); type: the media type of what it leads to."""

    href: str
    rel: str
    type: str
    title: str | None = None


class Landing(BaseModel):
    """The first page of the service."""

    title: str
    description: str
    links: list[Link]


class Conformance(BaseModel):
    """What the service keeps to."""

    conformsTo: list[str]


class SpatialExtent(BaseModel):
    """West, south, east, north."""

    bbox: list[tuple[float, float, float, float]]
    crs: Literal["http://www.opengis.net/def/crs/OGC/1.3/CRS84"] = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


class Extent(BaseModel):
    """Where the features of a collection may lie."""

    spatial: SpatialExtent


class Collection(BaseModel):
    """A collection of features."""

    id: str
    title: str
    description: str
    extent: Extent
    itemType: Literal["feature"] = "feature"
    crs: list[str] = [CRS84]
    links: list[Link]


class Collections(BaseModel):
    """The collections that the asker may read."""

    links: list[Link]
    collections: list[Collection]


class Geometry(BaseModel):
    """A GeoJSON geometry; longitude before latitude."""

    type: Literal["Point", "LineString", "MultiLineString"]
    coordinates: list[Any]


class Feature(BaseModel):
    """A feature; geometry null when it has no place."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: Geometry | None
    properties: dict[str, Any]


class LinkedFeature(Feature):
    """A feature by itself, with its links."""

    links: list[Link]


class Items(BaseModel):
    """A page of features."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    timeStamp: str = Field(description="when this was answered, RFC 3339")
    numberReturned: int
    features: list[Feature]
    links: list[Link]
