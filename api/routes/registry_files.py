"""Imports and templates of every kind: `/api/v1/{kind}/imports`, `/api/v1/{kind}/imports/template`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.asking import asking, may
from api.live.source import Pool
from api.schemas.registry import BadRowSeen, ImportReport
from operations.identity import Principal
from operations.registry import templates
from operations.registry.importing import import_file
from operations.registry.kinds import Kind
from operations.registry.reading import Report
from storage.sealing import Sealer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_TOLD = 1_000
Form = Annotated[Literal["csv", "xlsx"], Query(description="form of the file")]
ReportForm = Annotated[Literal["json", "csv", "xlsx"], Query(description="how faults are told; a good import is always told as JSON")]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
BODY = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}, XLSX: _BINARY}}}
FILES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}, XLSX: _BINARY}}}


def add(routes: APIRouter, pool: Pool, sealer: Sealer, kind: Kind) -> None:
    """File the routes of a kind."""

    def template(principal: Any, form: Form = "xlsx") -> Response:
        return _file(templates.template(kind, xlsx=form == "xlsx"), form, f"{kind.word}-template")

    async def imports(request: Request, principal: Any, report: ReportForm = "json") -> Response:
        content = await request.body()
        done = await run_in_threadpool(_import, pool, principal, kind, content, sealer)
        if done.bad and report != "json":
            return _file(templates.report(done.bad, xlsx=report == "xlsx"), report, f"{kind.word}-faults")
        bad = [BadRowSeen(**asdict(one)) for one in done.bad[:MOST_TOLD]]
        told = ImportReport(
            kind=done.kind, written=not done.bad, rows=done.rows, made=done.made, changed=done.changed, bound=done.bound,
            faults=len(done.bad), bad=bad,
        )  # fmt: skip
        return Response(told.model_dump_json(), media_type="application/json")

    writer = Annotated[Principal, Depends(may(kind.write))]
    template.__annotations__.update(principal=writer, form=Form)
    imports.__annotations__.update(request=Request, principal=writer, report=ReportForm)
    routes.get("/imports/template", name=f"template_of_{kind.word}", response_class=Response, responses=FILES,
               summary=f"{kind.zh}: an empty file to fill in")(template)  # fmt: skip
    routes.post("/imports", name=f"import_{kind.word}", response_model=ImportReport, responses=FILES, openapi_extra=BODY,
                summary=f"{kind.zh}: import CSV or xlsx as drafts, all rows or none")(imports)  # fmt: skip


def _import(pool: Pool, principal: Principal, kind: Kind, content: bytes, sealer: Sealer) -> Report:
    with asking(pool, principal) as conn:
        return import_file(conn, kind, content, "the file", sealer, datetime.now(UTC))


def _file(content: bytes, form: str, name: str) -> Response:
    media = XLSX if form == "xlsx" else "text/csv; charset=utf-8"
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'})
