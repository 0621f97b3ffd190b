"""Parameters that many routes take, with the bounds of the columns they are compared with."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Query

MOST_INT4, MOST_INT8 = 2**31 - 1, 2**63 - 1
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
CODE = "^[1-9][0-9]{5}$"
"""GB/T 2260."""

VehicleId = Annotated[int, Path(ge=1, le=MOST_INT4, description="the registry's number of the vehicle")]
Int4Id = Annotated[int, Path(ge=1, le=MOST_INT4)]
Int8Id = Annotated[int, Path(ge=1, le=MOST_INT8)]
DayPath = Annotated[date, Path(ge=FIRST_DAY, le=LAST_DAY, description="a day of Asia/Shanghai")]
DayQuery = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="a day of Asia/Shanghai")]
RegionQuery = Annotated[str | None, Query(pattern=CODE, description="GB/T 2260 code: of its subtree alone")]
OperatorQuery = Annotated[int | None, Query(ge=1, le=MOST_INT4, description="of this operator alone")]
