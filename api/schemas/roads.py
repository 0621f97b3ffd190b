"""Measured speeds of roads by the hour."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class MeasuredHourRow(BaseModel):
    """An hour of the day that has measured speeds."""

    hour: int = Field(description="0 to 23, Asia/Shanghai")
    begins: datetime
    edges: int
    traversals: int


class MeasuredHours(BaseModel):
    """Hours of a day with measured speeds; `newest_day` is the last day that has any, null when none has."""

    day: date | None
    newest_day: date | None
    hours: list[MeasuredHourRow]


class RoadSpeedProperties(BaseModel):
    """One directed edge: mean speed of all traversals, how many, and its share of the free speed."""

    edge_key: str
    road_class: str
    name: str
    name_en: str
    speed_kmh: float
    free_kmh: int
    ratio: float
    count: int
    level: Literal["free", "slow", "jammed"]


class RoadSpeedFeature(BaseModel):
    """The edge's line in its driving direction."""

    type: Literal["Feature"] = "Feature"
    geometry: dict[str, Any]
    properties: RoadSpeedProperties


class RoadSpeeds(BaseModel):
    """GeoJSON of the edges in the box that have measured speeds."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    begins: datetime
    ends: datetime
    map_version: str
    limited_to: str | None = Field(
        description="null: all roads; else the least road class that was looked at, because the box holds too many"
    )
    features: list[RoadSpeedFeature]
