"""Commands to terminals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from storage.terminal_commands import State


class NewCommand(BaseModel):
    """What is asked of a terminal."""

    model_config = ConfigDict(extra="forbid")

    message_id: int = Field(ge=0x8000, le=0xFFFF, description="id of a JT/T 808 message to terminals, such as 33536 (0x8300)")
    fields: dict[str, Any] = Field(default_factory=dict, description="by the schema of /api/v1/messages/{message_id}")
    expires_in_s: int = Field(default=86_400, ge=10, le=30 * 86_400, description="a terminal that is off line gets it until then")


class CommandSeen(BaseModel):
    """How far a command has come."""

    command_id: int
    terminal_id: str
    message_id: int
    message: str = Field(description="English name of the message")
    message_zh: str
    fields: dict[str, Any]
    state: State
    result: int | None = Field(description="of the terminal's general reply: 0 done, 1 failed, 2 faulty, 3 not supported")
    answer: dict[str, Any] | None = Field(description="the terminal's reply of its own")
    reason: str = Field(description="why it failed")
    created: datetime
    expires: datetime | None
    sent: datetime | None
    done: datetime | None
    attempts: int = Field(description="links it was sent on")
    asked_by: str


class CommandList(BaseModel):
    """Commands of a vehicle's terminal, the newest first."""

    vehicle_id: int
    terminal_id: str | None
    commands: list[CommandSeen]
