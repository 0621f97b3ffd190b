"""`/api/v1/audit`: who did what, as far as the person may see it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.asking import asking, may
from api.cursors import Paging
from api.live.source import Pool
from api.parameters import FIRST_DAY, LAST_DAY, Instant
from api.schemas.audit import Act, ActList
from domain.errors import RefusedError
from domain.units import day_bounds, epoch_ms
from operations.identity import Principal
from storage import audit
from storage.audit import AuditRow, Wanted

Word = Annotated[str | None, Query(max_length=200)]


async def _wanted(
    stream: Annotated[str | None, Query(max_length=40, pattern="^[a-z]+$")] = None,
    actor: Word = None,
    action: Annotated[str | None, Query(max_length=200, description="whole, or a table's name for all its acts")] = None,
    object_: Annotated[str | None, Query(alias="object", max_length=200, description="`<table>:<key>`")] = None,
    since: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="not included")] = None,
) -> Wanted:
    for name, at in (("from", since), ("to", until)):
        if at is not None and not day_bounds(FIRST_DAY)[0] <= epoch_ms(at) < day_bounds(LAST_DAY)[1]:
            raise RefusedError(f"{name} lies outside {FIRST_DAY} to {LAST_DAY}", field=name)
    return Wanted(stream, actor, object_, action, since, until)


def router(pool: Pool) -> APIRouter:
    """Routes of the audit log."""
    routes = APIRouter(prefix="/api/v1/audit", tags=["audit"])

    @routes.get("")
    def acts(
        principal: Annotated[Principal, Depends(may("audit:read"))], page: Paging, wanted: Annotated[Wanted, Depends(_wanted)]
    ) -> ActList:
        """Acts, the newest first."""
        with asking(pool, principal) as conn:
            rows = audit.newest(conn, wanted, page.limit + 1, page.after)
        return ActList(acts=[_act(row) for row in page.cut(rows, lambda row: (row.at, row.stream, row.seq))])

    return routes


def _act(row: AuditRow) -> Act:
    return Act.model_validate(asdict(row) | {"prev": row.prev.hex(), "hash": row.hash.hex()})
