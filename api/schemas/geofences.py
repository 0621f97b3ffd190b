"""Geofences, and what terminals hold of them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class GeofenceSeen(BaseModel):
    """The newest version of a geofence."""

    geofence_id: int = Field(description="number of the zone on terminals")
    name: str
    shape: Literal["circle", "rectangle", "polygon", "route"]
    version: int
    region_code: str | None
    outline: dict[str, Any] = Field(description="degrees, WGS-84, by shape")
    alarms: int = Field(description="bits 2 to 5 of the zone's attributes: entering and leaving, to driver and platform")
    max_speed_kmh: int | None
    overspeed_s: int | None
    night_speed_kmh: int | None
    valid_from: datetime | None
    valid_to: datetime | None
    daily_from: time | None = Field(description="+08:00")
    daily_to: time | None
    holders: int = Field(description="terminals that hold it, in whatever version")


class GeofenceList(BaseModel):
    """Geofences in use that the asker may see, by name."""

    geofences: list[GeofenceSeen]


class GeofenceOrder(BaseModel):
    """What a vehicle's terminal shall hold, or forget."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["set", "replace", "delete", "verify"] = Field(
        default="set", description="beside what it holds, in place of the others of the same shape, forget, ask what it holds (2019)"
    )
    geofences: list[str] = Field(default_factory=list, max_length=1_000, description="names; none with delete or verify: all zones")
    most_points: int = Field(default=2_000, ge=3, le=0xFFFF, description="drawings with more points are simplified")
    tolerance_m: float = Field(default=10.0, ge=0.0, le=1_000.0, description="at most so far off; refused when that is not enough")
    expires_in_s: int = Field(default=86_400, ge=10, le=30 * 86_400, description="a terminal that is off line gets it until then")


class Ordered(BaseModel):
    """Commands on their way: `/api/v1/vehicles/{id}/commands/{command_id}` tells what comes of each."""

    vehicle_id: int
    terminal_id: str
    commands: list[int]


class ZoneHeld(BaseModel):
    """A zone on a terminal."""

    shape: int = Field(description="1 circle, 2 rectangle, 3 polygon, 4 route")
    zone_id: int
    geofence: str | None = Field(description="null: no geofence of ours")
    version: int | None
    newest: int | None
    command_id: int
    edition: str = Field(description="of JT/T 808")
    wire: dict[str, Any] = Field(description="fields as the terminal has them")
    held_from: datetime
    checked_at: datetime | None
    verdict: Literal["same", "differs", "missing", "found"] | None = Field(description="of the terminal's last answer to 0x8608")


class ZoneCommand(BaseModel):
    """A command about zones that is not done."""

    command_id: int
    message_id: int
    geofences: list[str]
    state: str
    reason: str


class ZoneList(BaseModel):
    """What a vehicle's terminal holds, by acknowledged commands."""

    vehicle_id: int
    terminal_id: str | None
    zones: list[ZoneHeld]
    unsettled: list[ZoneCommand]
