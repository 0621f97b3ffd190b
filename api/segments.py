"""What is told of a day's segments, trips and standstills: words for numbers, instants for milliseconds."""

from __future__ import annotations

from typing import Any, get_args

from api.schemas.segments import Kind, Source, Why
from domain.units import instant

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Words of `tracking.segments.SegmentKind`, `Source` and `Why`, by their numbers."""
SOURCES: tuple[Source, ...] = get_args(Source)
REASONS: tuple[Why, ...] = get_args(Why)


def span(row: Any) -> dict[str, Any]:
    """Fields `begins` and `ends` of a row of a day (`storage.day_columns`)."""
    return {"begins": instant(int(row["from_ms"])), "ends": instant(int(row["to_ms"]))}


def segment(seq: int, row: Any) -> dict[str, Any]:
    """Fields of `api.schemas.segments.Segment`, of a row of `storage.day_columns.SEGMENT`."""
    return {
        "seq": seq,
        "kind": KINDS[int(row["kind"])],
        "source": SOURCES[int(row["source"])],
        "reason": REASONS[int(row["reason"])],
        **span(row),
        "length_mm": int(row["length_mm"]),
        "confidence": int(row["confidence_e4"]) / 1e4,
    }
