"""Text and instants as they come in: bounded, and without what no column holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Header
from pydantic import AwareDatetime, Field, StringConstraints

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

_NO_NUL = r"^[^\u0000]*$"

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=_NO_NUL)]
Instant = Annotated[AwareDatetime, Field(ge=FIRST, le=LAST)]
StepKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$",
        description="chosen by the client, new for every step (such as a UUID), the same when the same step is sent again",
    ),
]  # fmt: skip
