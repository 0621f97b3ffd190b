"""Errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FieldProblem(BaseModel):
    """What is wrong with one value; `offset` in bytes where it was bytes."""

    field: str
    message: str
    offset: int | None = None


class ProblemDocument(BaseModel):
    """RFC 9457; `code` is the machine's word, `detail` a sentence for people, `trace_id` is in the log too."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank", "title": "Not found", "status": 404, "code": "missing", "trace_id": "5f0c6a1be2d94d10",
                "detail": "no vehicle 17", "errors": [{"field": "vehicle_id", "message": "no vehicle 17"}],
            }
        }
    )  # fmt: skip

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    code: str
    trace_id: str
    detail: str = ""
    errors: list[FieldProblem] = []
