"""Where a vehicle drove: fixes as they came, and the way that was matched."""

from __future__ import annotations

from datetime import date, datetime
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


class TrackPoint(BaseModel):
    """A place and its time; speed and heading of fixes alone, null where the device did not say."""

    time: datetime
    lon: float = Field(description="degrees in the datum of `crs`")
    lat: float
    speed_kmh: float | None = None
    heading_deg: int | None = None


class TrackRun(BaseModel):
    """Places without a break: fixes, or a matched segment of its kind."""

    kind: Literal["fixes", "on_road", "off_road", "gap", "still", "ferry"]
    points: list[TrackPoint]


class TrackHeading(BaseModel):
    """What a track is of."""

    vehicle_id: int
    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="to", description="not included")
    matched: bool
    simplify_m: float | None = Field(description="places are left out that are no further than this from the line; null: every place")
    crs: Literal["wgs84", "gcj02"]


class Track(TrackHeading):
    """A vehicle's track."""

    runs: list[TrackRun]


class TrackRunProperties(BaseModel):
    """Kind of a run, and the instants of its places in their order."""

    kind: str
    times: list[datetime]


class TrackFeature(BaseModel):
    """One run: a LineString, a Point where it is one place."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: dict[str, Any]
    properties: TrackRunProperties


class TrackFeatures(TrackHeading):
    """GeoJSON (RFC 7946) of a track."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[TrackFeature]


class TrajectoryProperties(BaseModel):
    """`datetimes` belong to the coordinates one by one (OGC 19-045r3)."""

    name: str
    datetimes: list[datetime]


class Trajectory(BaseModel):
    """One run as MF-JSON Trajectory."""

    type: Literal["Feature"] = "Feature"
    geometry: dict[str, Any]
    properties: TrajectoryProperties


class Trajectories(BaseModel):
    """OGC MF-JSON Trajectory."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    properties: TrackHeading
    features: list[Trajectory]
