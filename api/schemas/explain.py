"""A frame explained byte by byte."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from protocols.anomaly import Code, Layer

MOST_CHARACTERS = 65_536
"""Longest hexadecimal text that is explained."""


class Asked(BaseModel):
    """What is to be explained, and how its terminal speaks."""

    model_config = ConfigDict(extra="forbid")

    hex: str = Field(max_length=MOST_CHARACTERS, description="frames as hexadecimal; blanks, commas, colons and 0x are ignored")
    profile: str = Field(default="standard", description="a name of /api/v1/explain/profiles")
    language: str = Field(default="en", description="of names and values: en or zh")


class Profile(BaseModel):
    """One way in which terminals speak."""

    name: str
    parents: list[str] = Field(description="profiles that it extends, the nearest first")
    version: str = Field(description='"auto", or the version whose header it always uses')
    charset: str


class ProfileList(BaseModel):
    """All profiles, the standard first."""

    profiles: list[Profile]


class Header(BaseModel):
    """Header of a message; `body_start` and `body_length` in bytes of the unescaped frame."""

    message_id: int
    attributes: int
    version: str
    terminal_id: str
    serial: int
    encrypted: bool
    package_total: int | None = Field(description="null unless the body came in packets")
    package_index: int | None
    body_start: int
    body_length: int
    version_byte: int | None = Field(description="null before 2019")
    id_size: int = Field(description="bytes of the terminal id: 6, 10 in 2019, 7 between 0xE7")


class AnomalySeen(BaseModel):
    """One thing wrong; `offset` in the unescaped frame, -1 when it has no place."""

    code: Code
    layer: Layer
    offset: int
    field: str
    detail: str
    drop: bool = Field(description="it drops the frame, or in the position layer the fix")


class Row(BaseModel):
    """One run of bytes."""

    offset: int = Field(description="in the unescaped frame; -1 for a delimiter")
    raw: str = Field(description="hexadecimal, as on the wire")
    path: str
    name: str
    value: str = Field(description="as people read it, with its unit")
    anomalies: list[Code]


class Frame(BaseModel):
    """One frame; its rows hold all of its bytes in their order."""

    title: str
    dropped: bool
    header: Header | None = Field(description="null when the bytes are no frame")
    version: str
    versions: list[str] = Field(description="editions that read it with nothing odd")
    profiles: list[str] = Field(description="profiles under which it would be kept")
    anomalies: list[AnomalySeen]
    rows: list[Row]


class Explained(BaseModel):
    """All frames of the text, in their order."""

    dropped: bool = Field(description="a frame, or a fix in it, would be dropped")
    frames: list[Frame]
