"""Attachments of a vehicle's alarms."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class AttachmentFile(BaseModel):
    """One file of an alarm."""

    name: str
    kind: str = Field(description="picture, sound, video, text or other")
    bytes: int
    came: int = Field(description="bytes that are there")
    sha256: str | None = Field(description="once the file is whole")
    done: datetime | None
    href: str | None = Field(description="where the bytes are, once the file is whole")


class AlarmAttachments(BaseModel):
    """An alarm whose files were ordered."""

    upload_id: int
    terminal_id: str
    terminal_code: str
    alarm: datetime = Field(description="time in the alarm's identifier")
    sequence: int
    attachments: int = Field(description="files that the alarm says it has")
    item: str = Field(description="0x64 driver assistance, 0x65 driver state, 0x66 tyres, 0x67 blind spot, 0x70 harsh driving")
    kind: int | None
    level: int | None
    position_time: datetime
    state: str = Field(description="ordered, arriving, complete or incomplete")
    orders: int
    command_id: int | None
    changed: datetime
    done: datetime | None
    reason: str
    files: list[AttachmentFile]


class AttachmentList(BaseModel):
    """The newest alarms with files of a vehicle."""

    vehicle_id: int
    items: list[AlarmAttachments]
