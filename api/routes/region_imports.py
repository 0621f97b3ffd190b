"""`/api/v1/regions/imports` and `/api/v1/regions/{code}/history`: the tree is imported, and keeps what its codes meant before."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.asking import asking, may
from api.live.source import Pool
from api.schemas.region_imports import RegionHistory, RegionImport, RegionRow, UnevenRegion
from api.seeing import region_visible
from domain.errors import RefusedError
from domain.units import day_of, epoch_ms
from operations.identity import Principal
from operations.region_files import read_csv, read_geojson, read_text
from operations.region_history_store import history_of
from operations.region_outlines import decided
from operations.regions_store import put_regions

Reader = Annotated[Principal, Depends(may("regions:read"))]
Manager = Annotated[Principal, Depends(may("regions:manage"))]
Code = Annotated[str, Path(pattern=r"^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$", examples=["520121"])]
Datum = Annotated[Literal["wgs84", "cgcs2000", "gcj02"], Query(description="what the coordinates of the file are in")]
KINDS = {"text/csv": "csv", "application/geo+json": "geojson", "application/json": "geojson"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/geo+json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}, "example": "region_code,level,name,parent_code\n520121,county,开阳县,520100\n"},
        },
    }
}


def router(pool: Pool) -> APIRouter:
    """Routes of imports and history."""
    routes = APIRouter(prefix="/api/v1/regions", tags=["regions"])

    @routes.get("/{region_code}/history")
    def history(principal: Reader, region_code: Code) -> RegionHistory:
        """What the code meant, and when. 404 outside the person's own."""
        with asking(pool, principal) as conn:
            rows = history_of(conn, region_code)
        if not rows or not region_visible(principal, region_code):
            raise RefusedError(f"no region {region_code}", field="region_code", kind="missing")
        told = [RegionRow(**{name: value for name, value in asdict(row).items() if name in RegionRow.model_fields}) for row in rows]
        return RegionHistory(region_code=region_code, rows=told)

    @routes.post("/imports", openapi_extra=BODY)
    async def imports(
        principal: Manager, request: Request, datum: Datum = "wgs84", tile: bool = False, correct: bool = False
    ) -> RegionImport:
        """Import a CSV or GeoJSON file: all rows or none.

        A code that says something new is closed on the day of the change and begins again; `correct` mends the row in place instead;
        `tile` refuses the file when the parts of a region do not tile it.
        """
        kind = KINDS.get(request.headers.get("content-type", "").split(";")[0].strip().lower())
        if kind is None:
            raise HTTPException(415)
        content = await request.body()
        return await run_in_threadpool(_import, pool, principal, content, (kind, datum, tile, correct))

    return routes


def _import(pool: Pool, principal: Principal, content: bytes, how: tuple[str, str, bool, bool]) -> RegionImport:
    kind, datum, tile, correct = how
    text = read_text(content, "the file")
    found = decided(read_csv(text, "upload") if kind == "csv" else read_geojson(text, "upload"), datum, None)
    with asking(pool, principal) as conn:
        told = put_regions(conn, found, today=_today(), correct=correct, tile=tile)
    said = {name: getattr(told, name) for name in ("new", "changed", "filled", "corrected", "ended", "same")}
    return RegionImport(**said, datum=datum, uneven=[UnevenRegion(**asdict(one)) for one in told.uneven])


def _today() -> date:
    return day_of(epoch_ms(datetime.now(UTC)))
