"""`/api/v1/positions/latest`: where all vehicles are, whole or by pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from api.answers import GEOJSON
from api.asking import asking, may
from api.cursors import PagingOrWhole
from api.formats import JSON, Accept, media_type_of, stream
from api.live.source import Pool
from api.parameters import Instant, OperatorQuery, RegionQuery, box_of
from api.position_text import geojson_text, json_text
from api.schemas.positions import Position, PositionFeatures, PositionList
from api.seeing import area_of
from api.selecting import Fields, chosen
from operations.identity import Principal
from storage.latest import Latest, Wanted, latest

Seeing = Annotated[Principal, Depends(may("positions:read"))]
Since = Annotated[Instant | None, Query(description="only what was written after this instant, such as `as_of` of the answer before")]
Box = Annotated[str | None, Query(max_length=100, description="west,south,east,north; degrees WGS-84")]
_FORMS = {"json": JSON, "geojson": GEOJSON}


async def _wanted(region: RegionQuery = None, operator: OperatorQuery = None, bbox: Box = None, since: Since = None) -> Wanted:
    return Wanted(area_of(region), operator, since, box_of(bbox) if bbox is not None else None)


async def _form(form: Annotated[Literal["json", "geojson"] | None, Query(alias="format")] = None, accept: Accept = None) -> tuple[str, str]:
    return media_type_of(accept, _FORMS, form)


def router(pool: Pool) -> APIRouter:
    """Routes of positions."""
    routes = APIRouter(prefix="/api/v1/positions", tags=["positions"])

    @routes.get("/latest", response_model=PositionList | PositionFeatures, responses={200: {"content": {GEOJSON: {}}}})
    def newest(
        request: Request,
        principal: Seeing,
        page: PagingOrWhole,
        which: Annotated[Wanted, Depends(_wanted)],
        form: Annotated[tuple[str, str], Depends(_form)],
        fields: Fields = None,
    ) -> StreamingResponse:
        """Newest place of every vehicle that has one: all of them, or pages with `limit`."""
        told = chosen(fields, Position, frozenset(("vehicle_id",)))
        wanted = replace(which, after=page.after[0] if page.after else 0, limit=page.limit + 1)
        with asking(pool, principal) as conn:
            found = latest(conn, wanted)
        kept = len(page.cut(range(len(found.rows)), lambda row: (int(found.rows["vehicle_id"][row]),)))
        if kept < len(found.rows):
            found = Latest(found.as_of, found.rows[:kept], found.plate[:kept], found.vehicle_class[:kept], found.region_code[:kept])
        text = geojson_text if form[0] == "geojson" else json_text
        return stream(request, text(found, told), form[1], page.headers)

    return routes
