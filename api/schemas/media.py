"""Multimedia of a vehicle."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class MediaItem(BaseModel):
    """One picture, sound or film."""

    sha256: str
    media_id: int = Field(description="the terminal's own number")
    kind: str = Field(description="picture, sound or film")
    event: int = Field(description="0 ordered, 1 timed, 2 robbery, 3 collision, 4 door opens, 5 door closes, 6 moves off, 7 every so far")
    channel: int
    bytes: int
    received: datetime
    taken: datetime | None
    lon: float | None = Field(description="degrees WGS-84")
    lat: float | None
    href: str


class MediaList(BaseModel):
    """The newest uploads of a vehicle."""

    vehicle_id: int
    items: list[MediaItem]
