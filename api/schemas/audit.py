"""The audit log."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class Act(BaseModel):
    """One act; hash and prev chain it to the act before in its stream."""

    stream: str
    seq: int
    at: datetime
    actor: str
    role: str
    address: str
    trace_id: str
    action: str = Field(description="`<table>.insert|update|delete`, or a word such as `command.ask`")
    object: str = Field(description="`<table>:<key>`")
    payload: str = Field(description="JSON text as it was hashed")
    region_code: str
    prev: str = Field(description="SHA-256, hexadecimal; empty for the first of a stream")
    hash: str


class ActList(BaseModel):
    """Acts, the newest first."""

    acts: list[Act]
