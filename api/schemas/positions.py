"""Newest positions of vehicles."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.selecting import part_of


class Position(BaseModel):
    """Newest report of a vehicle that has been located; null where the terminal or the registry did not say."""

    vehicle_id: int
    plate: str | None
    plate_colour: int | None = Field(description="JT/T 415 code: 1 blue, 2 yellow, 3 black, 4 white, 5 green, 9 other")
    vehicle_class: str
    operator_id: int | None
    region_code: str | None = Field(description="GB/T 2260, by the registry")
    county_code: int | None = Field(description="GB/T 2260 code of the county in which the place lies")
    time: datetime = Field(description="of the report, by the terminal's clock")
    received: datetime
    located: datetime = Field(description="of the place shown; older than `time` when the newest report had no valid place")
    lon: float = Field(description="degrees WGS-84")
    lat: float
    speed_kmh: float | None
    heading_deg: int | None = Field(description="clockwise from north")
    odometer_m: int | None
    status_bits: int = Field(description="JT/T 808-2019 table 25")
    alarm_bits: int = Field(description="JT/T 808-2019 table 24")


class PositionList(BaseModel):
    """Positions by vehicle; ask again with `since` = `as_of` for what changed meanwhile."""

    as_of: datetime
    positions: list[Position] | list[part_of(Position)]  # type: ignore[valid-type]


class Point(BaseModel):
    """Place in degrees, WGS-84: lon, lat (RFC 7946)."""

    type: Literal["Point"] = "Point"
    coordinates: list[float] = Field(min_length=2, max_length=2)


class PositionFeature(BaseModel):
    """A vehicle at its place."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: Point
    properties: Position | part_of(Position)  # type: ignore[valid-type]


class PositionFeatures(BaseModel):
    """GeoJSON (RFC 7946) of positions by vehicle."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    as_of: datetime
    features: list[PositionFeature]
