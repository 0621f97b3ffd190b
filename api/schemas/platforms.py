"""Other platforms and messages between them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class PlatformSeen(BaseModel):
    """Another platform and how the links to it stand."""

    peer_id: int
    name: str
    role: Literal["superior", "subordinate"] = Field(description="what it is to us")
    version: str
    access_code: int
    region_code: str | None
    enabled: bool
    main_up: bool
    sub_up: bool
    reason: str = Field(description="why a link is down")
    received: int = Field(description="positions since its process started")
    sent: int
    confirmed: int
    theirs: int | None = Field(description="positions by its last count (0x9101)")
    ours: int | None


class PlatformList(BaseModel):
    """Platforms by name."""

    platforms: list[PlatformSeen]


class NewMessage(BaseModel):
    """What is asked of a subordinate platform."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["order", "roll_call", "text"] = Field(description="督办 0x9401, 查岗 0x9301, text 0x9302")
    fields: dict[str, Any] = Field(default_factory=dict, description="by kind; times in epoch ms")
    plate: str | None = Field(default=None, max_length=21, description="vehicle of an order")
    plate_colour: int | None = Field(default=None, ge=0, le=255)
    expires_in_s: int = Field(default=604_800, ge=10, le=30 * 86_400, description="given up when it could not be sent by then")


class NewAnswer(BaseModel):
    """Our answer to a superior platform."""

    model_config = ConfigDict(extra="forbid")

    result: int | None = Field(default=None, ge=0, le=3, description="of an order: 0 in progress, 1 done, 2 no action, 3 later")
    content: str = Field(default="", max_length=1_000, description="to a roll call")
    telephone: str = Field(default="", max_length=20)


class MessageSeen(BaseModel):
    """A message between platforms with the last answer to it."""

    message_id: int
    peer_id: int
    platform: str
    direction: Literal["in", "out"]
    kind: Literal["order", "roll_call", "text", "alarm"]
    state: str
    plate: str | None
    plate_colour: int | None
    vehicle_id: int | None
    fields: dict[str, Any]
    reason: str
    asked_by: str
    created_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    result: int | None
    content: str | None
    responder: str | None


class MessageList(BaseModel):
    """Messages, the newest first."""

    messages: list[MessageSeen]
