"""The vehicle card."""

from __future__ import annotations

from pydantic import BaseModel, Field


class RegionName(BaseModel):
    """A region's code and names; name_en is null when there is none."""

    region_code: str
    name: str
    name_en: str | None


class LastFix(BaseModel):
    """Newest report of a vehicle; WGS-84 degrees, RFC 3339 times; null where the terminal did not say."""

    time: str
    received: str
    located: str = Field(description="time of the place shown; older than `time` when the newest report had no valid place")
    lon: float
    lat: float
    speed_kmh: float | None
    heading_deg: int | None
    odometer_m: int | None
    alarms: list[int] = Field(description="numbers of the alarm bits that are set, JT/T 808-2019 table 24")
    acc_on: bool | None = Field(description="ignition: status bit 0, JT/T 808-2019 table 25; null where the device tells no status")


class VehicleCard(BaseModel):
    """What the map shows of a chosen vehicle; fix is null while it has never been located."""

    vehicle_id: int
    plate: str | None
    plate_colour: int | None
    vehicle_class: str
    state: str
    operator: str | None
    operator_en: str | None
    region: RegionName | None
    dangerous_goods: bool
    terminal_id: str | None
    fix: LastFix | None
