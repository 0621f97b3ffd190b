"""Segments of a vehicle-day: what is told of one wherever it is shown. Lengths in millimetres, RFC 3339 times."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

Kind = Literal["on_road", "off_road", "gap", "still", "ferry"]
Source = Literal["none", "matched", "odometer", "route", "raw", "geodesic"]
Why = Literal["none", "silence", "frozen", "break", "left_road", "no_network"]


class Segment(BaseModel):
    """Part of a day booked from one source; segments follow each other without hole or overlap."""

    seq: int
    kind: Kind
    source: Source
    reason: Why
    begins: datetime
    ends: datetime
    length_mm: int
    confidence: float
