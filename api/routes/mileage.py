"""`/api/v1/mileage`, `/trips`, `/passages`, `/figures`: what was computed of many vehicles, by span of days."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Query

from api.asking import asking, may
from api.cursors import Paging
from api.live.source import Pool
from api.login import now_ms
from api.parameters import FIRST_DAY, LAST_DAY, MOST_INT4, OperatorQuery, RegionQuery
from api.schemas.days import Quality
from api.schemas.mileage import (
    Figures,
    MileageDay,
    MileageDays,
    MileageSum,
    MileageSums,
    PassageList,
    PassageSeen,
    TripList,
    TripSeen,
)
from api.seeing import area_of
from domain.errors import RefusedError
from domain.units import day_of
from operations.identity import Principal
from storage import mileage as stored
from storage.mileage import By, Span, TripRow

Seeing = Annotated[Principal, Depends(may("days:read"))]
MOST_DAYS = 366
_QUALITIES: tuple[Quality, ...] = get_args(Quality)


async def _span(
    first: Annotated[date | None, Query(alias="from", ge=FIRST_DAY, le=LAST_DAY, description="without it the 31 days up to `to`")] = None,
    last: Annotated[date | None, Query(alias="to", ge=FIRST_DAY, le=LAST_DAY, description="included; without it today")] = None,
    region: RegionQuery = None,
    operator: OperatorQuery = None,
    vehicle: Annotated[int | None, Query(ge=1, le=MOST_INT4, description="of this vehicle alone")] = None,
) -> Span:
    until = last or day_of(now_ms())
    since = first or until - timedelta(30)
    if not 0 <= (until - since).days < MOST_DAYS:
        raise RefusedError(f"days {since} to {until}: from is not after to, and at most {MOST_DAYS} days", field="from")
    return Span(since, until, area_of(region), operator, vehicle)


Spanning = Annotated[Span, Depends(_span)]


def router(pool: Pool) -> APIRouter:
    """Routes of mileage."""
    routes = APIRouter(prefix="/api/v1", tags=["mileage"])

    @routes.get("/mileage")
    def days(principal: Seeing, page: Paging, span: Spanning) -> MileageDays:
        """Computed vehicle-days, by day and vehicle."""
        with asking(pool, principal) as conn:
            rows = stored.day_rows(conn, span, page.after, page.limit + 1)
        kept = page.cut(rows, lambda row: (row.day, row.vehicle_id))
        return MileageDays(days=[MileageDay(**asdict(row), final=row.final_revision is not None) for row in kept])

    @routes.get("/mileage/sums")
    def sums(principal: Seeing, page: Paging, span: Spanning, by: By = "region") -> MileageSums:
        """Sums of computed vehicle-days by vehicle, operator, region or day."""
        with asking(pool, principal) as conn:
            rows = stored.sums(conn, span, by, page.after[0] if page.after else None, page.limit + 1)
        kept = page.cut(rows, lambda row: (row.key,))
        return MileageSums(by=by, first=span.first, last=span.last, sums=[MileageSum(**asdict(row)) for row in kept])

    @routes.get("/trips")
    def trips(principal: Seeing, page: Paging, span: Spanning) -> TripList:
        """Trips between standstills."""
        with asking(pool, principal) as conn:
            rows = stored.trips(conn, span, page.after, page.limit + 1)
        return TripList(trips=[_trip(row) for row in page.cut(rows, lambda row: (row.day, row.vehicle_id, row.seq))])

    @routes.get("/passages")
    def passages(principal: Seeing, page: Paging, span: Spanning, line: Annotated[str | None, Query(max_length=100)] = None) -> PassageList:
        """Stops of lines on their runs."""
        with asking(pool, principal) as conn:
            rows = stored.passages(conn, span, line, page.after, page.limit + 1)
        kept = page.cut(rows, lambda row: (row.day, row.vehicle_id, row.run, row.stop_seq))
        return PassageList(passages=[PassageSeen(**asdict(row) | {"quality": _QUALITIES[row.quality]}) for row in kept])

    _figures(routes, pool)
    return routes


def _figures(routes: APIRouter, pool: Pool) -> None:
    @routes.get("/figures")
    def figures(principal: Annotated[Principal, Depends(may("figures:read"))], span: Spanning) -> Figures:
        """Rates over what is computed and seen."""
        with asking(pool, principal) as conn:
            found = stored.figures(conn, span)
        return Figures(first=span.first, last=span.last, **found)


def _trip(row: TripRow) -> TripSeen:
    places = {name: getattr(row, f"{name}_e6") / 1e6 for name in ("from_lon", "from_lat", "to_lon", "to_lat")}
    return TripSeen.model_validate(asdict(row) | places)
