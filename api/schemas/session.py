"""Login and the person logged in."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Credentials(BaseModel):
    """What a person types in."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    password: str = Field(max_length=256)


class Person(BaseModel):
    """Who is logged in, and the root of the region subtree that the person may see."""

    user_id: int
    name: str
    role: str
    region_code: str
    expires: str = Field(description="end of the access token, RFC 3339")
