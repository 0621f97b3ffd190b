"""Beside the masters themselves: history, personal data in clear, which terminal rides in which vehicle, and what ends soon."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from api.asking import asking, may
from api.cursors import Page, Paging
from api.live.source import Pool
from api.schemas.registry import Binding, BindingAsked, BindingList, EndingList, EndingSeen, HistoryList, HistoryRow, PersonalSeen
from domain.units import day_of, epoch_ms
from operations.identity import Principal
from operations.registry import masters, watching
from operations.registry.kinds import Kind
from operations.rights import PERSONAL
from storage.sealing import Sealer


def watch_router(pool: Pool) -> APIRouter:
    """Route of the expiry watch."""
    routes = APIRouter(prefix="/api/v1/registry", tags=["registry"])

    @routes.get("/expiring")
    def expiring(
        principal: Annotated[Principal, Depends(may("registry:read"))],
        days: Annotated[int, Query(ge=0, le=3_650, description="so many days ahead")] = 30,
    ) -> EndingList:
        """Permits, licences, qualifications, inspections that end within so many days or have ended."""
        with asking(pool, principal) as conn:
            found = watching.ending(conn, day_of(epoch_ms(datetime.now(UTC))), days)
        return EndingList(ending=[EndingSeen(**asdict(one)) for one in found])

    return routes


def add(routes: APIRouter, pool: Pool, sealer: Sealer, kind: Kind, key_type: Any) -> None:
    """File the routes of a kind."""
    reader = Annotated[Principal, Depends(may(kind.read))]

    def history(principal: Any, key: Any, page: Page) -> HistoryList:
        with asking(pool, principal) as conn:
            rows = masters.history(conn, kind, key, page.after[0] if page.after else 0, page.limit + 1)
        return HistoryList(acts=[HistoryRow(**row) for row in page.cut(rows, lambda row: (row["seq"],))])

    history.__annotations__.update(principal=reader, key=key_type, page=Paging)
    routes.get("/{key}/history", name=f"history_of_{kind.word}", response_model=HistoryList,
               summary=f"{kind.zh}: every act on it, with before and after")(history)  # fmt: skip
    if kind.personal:
        _add_personal(routes, pool, sealer, kind, key_type)
    if kind.bound is not None:
        _add_bindings(routes, pool, kind, key_type)


def _add_personal(routes: APIRouter, pool: Pool, sealer: Sealer, kind: Kind, key_type: Any) -> None:
    def personal(principal: Any, _: Any, key: Any) -> PersonalSeen:
        with asking(pool, principal) as conn:
            return PersonalSeen(personal=masters.personal(conn, kind, key, sealer))

    personal.__annotations__.update(
        principal=Annotated[Principal, Depends(may(PERSONAL))], _=Annotated[Principal, Depends(may(kind.read))], key=key_type
    )
    routes.post("/{key}/personal", name=f"personal_of_{kind.word}", response_model=PersonalSeen,
                summary=f"{kind.zh}: personal data in clear; that they were read is told in the audit log")(personal)  # fmt: skip


def _add_bindings(routes: APIRouter, pool: Pool, kind: Kind, key_type: Any) -> None:
    def bindings(principal: Any, key: Any) -> BindingList:
        with asking(pool, principal) as conn:
            return BindingList(bindings=[Binding(**row) for row in masters.bindings(conn, kind, key)])

    bindings.__annotations__.update(principal=Annotated[Principal, Depends(may(kind.read))], key=key_type)
    routes.get("/{key}/bindings", name=f"bindings_of_{kind.word}", response_model=BindingList,
               summary=f"{kind.zh}: which terminal rode in which vehicle and when")(bindings)  # fmt: skip
    if kind.word != "vehicles":
        return

    def bind(principal: Any, key: Any, asked: BindingAsked) -> BindingList:
        with asking(pool, principal) as conn:
            masters.bind(conn, asked.terminal_id.lstrip("0") or "0", key)
            return BindingList(bindings=[Binding(**row) for row in masters.bindings(conn, kind, key)])

    bind.__annotations__.update(principal=Annotated[Principal, Depends(may(kind.write))], key=key_type, asked=BindingAsked)
    routes.post("/{key}/bindings", name=f"bind_{kind.word}", response_model=BindingList,
                summary=f"{kind.zh}: a terminal rides in it from now on")(bind)  # fmt: skip
