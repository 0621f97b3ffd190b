"""Mileage, trips and stops of many vehicles. Lengths in metres or millimetres as named; every figure with the revision of its day."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.schemas.days import Quality


class MileageDay(BaseModel):
    """A computed vehicle-day; matched_m lies between low_m and high_m with 95 per cent."""

    day: date
    vehicle_id: int
    plate: str | None
    operator_id: int | None
    region_code: str | None
    matched_m: int
    low_m: int
    high_m: int
    gps_raw_m: int = Field(description="sum of the distances between fixes")
    records: int
    qualified_records: int
    online_ms: int
    revision: int
    final_revision: int | None = Field(description="revision that was final first; null: provisional")
    final: bool
    computed_at: datetime


class MileageDays(BaseModel):
    """Vehicle-days by day and vehicle."""

    days: list[MileageDay]


class MileageSum(BaseModel):
    """Sums over the days of a group that are computed."""

    key: str = Field(description="vehicle, operator, region code or day; empty where the registry says nothing")
    vehicles: int
    days: int = Field(description="vehicle-days that are computed")
    final_days: int = Field(description="of these final; the others are provisional")
    matched_m: int
    records: int
    qualified_records: int
    online_ms: int
    revision: int = Field(description="greatest revision of the days")
    computed_at: datetime = Field(description="of the day computed last")


class MileageSums(BaseModel):
    """Sums by group."""

    by: str
    first: date
    last: date
    sums: list[MileageSum]


class TripSeen(BaseModel):
    """A trip between standstills; its ends in WGS-84 degrees."""

    vehicle_id: int
    day: date
    seq: int
    begins: datetime
    ends: datetime
    length_mm: int
    from_lon: float
    from_lat: float
    to_lon: float
    to_lat: float
    revision: int = Field(description="of the day")


class TripList(BaseModel):
    """Trips by day and vehicle."""

    trips: list[TripSeen]


class PassageSeen(BaseModel):
    """A stop of a line on a run; arrive and depart are null when it was skipped."""

    vehicle_id: int
    day: date
    run: int
    stop_seq: int
    line_id: str
    variant: str
    complete: bool
    arrive: datetime | None
    depart: datetime | None
    dwell_s: int
    quality: Quality
    revision: int = Field(description="of the day")


class PassageList(BaseModel):
    """Stops by day, vehicle and run."""

    passages: list[PassageSeen]


class Figures(BaseModel):
    """Figures of a span of days, of what is computed; null where there is nothing to divide by."""

    first: date
    last: date
    registered: int = Field(description="vehicles that the asker may see")
    driven: int = Field(description="of these with a computed day")
    matched_m: int
    vehicle_days: int
    final_days: int
    qualified_rate: float | None = Field(description="qualified records of all records")
    online_rate: float | None = Field(description="vehicles with a computed day of all vehicles")
    computed_at: datetime | None
