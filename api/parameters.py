"""Parameters that many routes take, with the bounds of the columns they are compared with."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime

from domain.errors import RefusedError

MOST_INT4, MOST_INT8 = 2**31 - 1, 2**63 - 1
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
CODE = "^[1-9][0-9]{5}$"
"""GB/T 2260."""

Instant = AwareDatetime
"""RFC 3339 with a zone."""

VehicleId = Annotated[int, Path(ge=1, le=MOST_INT4, description="the registry's number of the vehicle")]
Int4Id = Annotated[int, Path(ge=1, le=MOST_INT4)]
Int8Id = Annotated[int, Path(ge=1, le=MOST_INT8)]
DayPath = Annotated[date, Path(ge=FIRST_DAY, le=LAST_DAY, description="a day of Asia/Shanghai")]
DayQuery = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="a day of Asia/Shanghai")]
RegionQuery = Annotated[str | None, Query(pattern=CODE, description="GB/T 2260 code: of its subtree alone")]
OperatorQuery = Annotated[int | None, Query(ge=1, le=MOST_INT4, description="of this operator alone")]


def box_of(text: str) -> tuple[int, int, int, int]:
    """west, south, east, north in 1e-6 degree of "west,south,east,north" in degrees.

    Raises:
        RefusedError: it is no such box.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise RefusedError(f"bbox {text[:60]!r} is not west,south,east,north", field="bbox") from error
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise RefusedError(f"bbox {text[:60]!r} is not a box in degrees", field="bbox")
    return round(west * 1e6), round(south * 1e6), round(east * 1e6), round(north * 1e6)
