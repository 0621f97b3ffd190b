"""Where a vehicle drove on a day: fixes as they came, and the way that was matched."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.schemas.segments import Segment


class RawTrack(BaseModel):
    """Fixes of a day in columns of equal length, in time order; numbers as the terminal sent them."""

    vehicle_id: int
    day: date
    begins_ms: int = Field(description="start of the Asia/Shanghai day, epoch ms UTC: `at_ms` counts from here")
    total: int = Field(description="fixes stored for the day")
    thinned: bool = Field(description="true: more than the limit, evenly thinned")
    at_ms: list[int]
    lon_e6: list[int] = Field(description="1e-6 degree WGS-84")
    lat_e6: list[int]
    speed_kmh10: list[int | None] = Field(description="0.1 km/h; null: the device did not say")
    heading_deg: list[int | None] = Field(description="clockwise from north; null: the device did not say")
    located: list[int] = Field(description="1: the terminal had a fix; 0: no place, do not draw")
    source: list[int] = Field(description="1 live, 2 batch, 3 blind area (late), 4 MQTT, 5 peer, 6 replay")
    flags: list[int] = Field(description="what was odd about the fix, bits")


class DrawnProperties(Segment):
    """What a drawn segment is; `place` tells how its line was found."""

    place: Literal["way", "fixes", "straight", "none"]


class DrawnFeature(BaseModel):
    """One segment: a LineString, a Point for a standstill, null where nothing is known of its place."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: dict[str, Any] | None
    properties: DrawnProperties


class DrawnDay(BaseModel):
    """GeoJSON (RFC 7946) of a day's segments, in time order."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    vehicle_id: int
    day: date
    map_version: str
    features: list[DrawnFeature]
