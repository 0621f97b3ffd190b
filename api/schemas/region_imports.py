"""Imports of regions, and what a code meant before."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class RegionRow(BaseModel):
    """What a code meant, and when."""

    level: str = Field(examples=["county"])
    name: str = Field(examples=["开阳县"])
    name_en: str | None
    parent_code: str | None
    also_levels: list[str] = Field(description="further levels that the code serves: a city without counties is its own county")
    valid_from: date
    valid_to: date | None = Field(description="first day on which it no longer held; null: it holds")
    successor_code: str | None
    source: str
    version: str
    datum: str = Field(description="what the outline was measured in; coordinates are WGS-84", examples=["gcj02"])
    verified: bool = Field(description="the outline was found on known boundaries")
    boundary_m: float | None = Field(description="median distance of the outline to known boundaries, metres; null: not compared")


class RegionHistory(BaseModel):
    """All rows of a code, oldest first."""

    region_code: str = Field(examples=["520121"])
    rows: list[RegionRow]


class UnevenRegion(BaseModel):
    """A region whose parts do not tile it, km²."""

    region_code: str
    shared_km2: float
    bare_km2: float
    outside_km2: float


class RegionImport(BaseModel):
    """What an import did, in rows."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"new": 88, "changed": 1, "filled": 0, "corrected": 0, "ended": 1, "same": 6, "datum": "gcj02", "uneven": []}
        }
    )

    new: int
    changed: int = Field(description="closed, and begun again with what is new")
    filled: int = Field(description="given an outline where there was none")
    corrected: int
    ended: int
    same: int
    datum: str
    uneven: list[UnevenRegion]
