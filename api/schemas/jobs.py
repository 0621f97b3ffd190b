"""Jobs and exports."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas.plain import Instant, Word

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class JobSeen(BaseModel):
    """Long work that was asked for; progress 0 to 1; result and file when it is done, error when it failed."""

    job_id: int
    kind: str
    state: JobState
    progress: float = Field(ge=0, le=1)
    arguments: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None
    file: str | None = Field(description="path of the file; null while there is none, or when it was removed")
    asked_by: str
    created: AwareDatetime
    started: AwareDatetime | None
    done: AwareDatetime | None
    expires: AwareDatetime | None = Field(description="when the file is removed")


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobSeen]


ExportOf = Literal["vehicles", "positions", "days", "trips", "alerts", "audit", "operators", "terminals", "lines", "stations"]
ExportFormat = Literal["csv", "xlsx", "geojson", "gpx", "parquet"]
Crs = Literal["wgs84", "gcj02"]


class _Export(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    of: ExportOf
    format: ExportFormat = "csv"
    operator_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    region_code: str | None = Field(default=None, pattern="^[1-9][0-9]{5}$")
    first: Instant | None = Field(default=None, alias="from")
    until: Instant | None = Field(default=None, alias="to")
    stream: Word | None = None
    crs: Crs = "wgs84"


class ExportQuery(_Export):
    """What to export at once."""

    vehicle_id: list[int] = Field(default=[], max_length=500)


class NewExport(_Export):
    """What to export; positions need vehicle_ids and a span of at most 31 days."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True,
        json_schema_extra={"example": {"of": "days", "format": "xlsx", "from": "2026-09-01T00:00:00+08:00", "to": "2026-10-01T00:00:00+08:00"}},
    )  # fmt: skip

    vehicle_ids: list[int] = Field(default=[], max_length=500)
