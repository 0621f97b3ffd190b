"""Vehicle-days: mileage by day and by segment, trips, standstills, stops. Lengths in metres or millimetres, RFC 3339 times."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.segments import Segment

Quality = Literal["observed", "interpolated", "inferred", "skipped"]


class DayFigures(BaseModel):
    """Mileage of one vehicle on one Asia/Shanghai day, and how it came about."""

    day: date
    matched_m: int = Field(description="the day's mileage: on_road_m + off_road_m + inferred_m")
    low_m: int = Field(description="lower end of the 95 per cent interval")
    high_m: int
    on_road_m: int
    off_road_m: int
    inferred_m: int = Field(description="booked over gaps: by the odometer, the likely way or the straight line")
    ferry_m: int = Field(description="sailed, not part of the mileage")
    gps_raw_m: int = Field(description="plain sum of the straight lines between fixes, for comparison")
    odo_start_m: int | None
    odo_end_m: int | None
    off_route_m: int
    records: int
    qualified_records: int
    drift_points: int
    duty_ms: int
    online_ms: int
    run_trips: int
    planned_trips: int
    flags: list[str] = Field(description="NO_NETWORK, LEFT_NETWORK, DATUM_SUSPECT, NO_TIMETABLE, SOURCES_DISAGREE, ODO_…")
    map_version: str
    revision: int
    final_revision: int | None
    final: bool = Field(description="false: provisional, still open to late fixes")
    computed_at: datetime


class DueDay(BaseModel):
    """A day that waits to be computed, or to be computed again."""

    day: date
    since: datetime
    reason: str
    failed: bool = Field(description="an attempt failed; it is tried again later")


class DayList(BaseModel):
    """Computed days, oldest first; days without one were not driven or not computed yet."""

    vehicle_id: int
    first: date
    last: date
    days: list[DayFigures]
    due: list[DueDay]


class SegmentRow(Segment):
    """A segment with the 95 per cent interval of its length, and what of it was sailed."""

    low_mm: int
    high_mm: int
    ferry_mm: int


class TripRow(BaseModel):
    """A trip between standstills; its ends in WGS-84 degrees."""

    begins: datetime
    ends: datetime
    length_mm: int
    from_lon: float
    from_lat: float
    to_lon: float
    to_lat: float


class StayRow(BaseModel):
    """A standstill; station_id is null when none is near."""

    begins: datetime
    ends: datetime
    lon: float
    lat: float
    station_id: int | None


class PassageRow(BaseModel):
    """One stop of a line on one run; arrive and depart are null when it was skipped."""

    run: int
    line_id: str
    variant: str
    complete: bool
    stop_seq: int
    arrive: datetime | None
    depart: datetime | None
    dwell_s: int
    quality: Quality


class Compared(BaseModel):
    """Metres by source over the spans that all of them cover; null where one has no say."""

    matched_m: float | None
    odometer_m: float | None
    raw_m: float | None


class VehicleDayDetail(BaseModel):
    """All that is stored of a vehicle-day but its geometry."""

    vehicle_id: int
    figures: DayFigures
    compared: Compared
    odometer_ratio: float
    odometer_ratio_sd: float
    match_version: str
    input_hash: str
    evidence_hash: str
    segments: list[SegmentRow]
    segments_left_out: int = Field(description="segments beyond the limit; 0: all are there")
    trips: list[TripRow]
    stays: list[StayRow]
    passages: list[PassageRow]
