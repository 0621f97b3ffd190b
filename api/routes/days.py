"""`/api/v1/vehicles/{id}/days`: mileage by day; `/days/{day}`: the day's segments, trips, standstills and stops."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from numpy.typing import NDArray

from api.answers import answer
from api.asking import asking, may
from api.live.source import Pool
from api.login import now_ms
from api.parameters import FIRST_DAY, LAST_DAY, DayPath, VehicleId
from api.schemas.days import (
    Compared,
    DayFigures,
    DayList,
    DueDay,
    PassageRow,
    Quality,
    SegmentRow,
    StayRow,
    TripRow,
    VehicleDayDetail,
)
from api.seeing import visible_vehicle
from api.segments import segment, span
from domain.errors import RefusedError
from domain.units import day_of
from operations.identity import Principal
from storage import days as stored
from storage.days import Passage, VehicleDay

Seeing = Annotated[Principal, Depends(may("days:read"))]

MOST_DAYS = 366
LISTED_DAYS = 31
MOST_SEGMENTS = 5_000

QUALITIES: tuple[Quality, ...] = get_args(Quality)
"""Words of `tracking.passages.Quality`, by their numbers."""


def router(pool: Pool) -> APIRouter:
    """Routes of vehicle-days."""
    routes = APIRouter(prefix="/api/v1/vehicles/{vehicle_id}", tags=["days"])

    @routes.get("/days", response_model=DayList)
    def listed(
        request: Request,
        principal: Seeing,
        vehicle_id: VehicleId,
        first: Annotated[date | None, Query(alias="from", ge=FIRST_DAY, le=LAST_DAY)] = None,
        last: Annotated[date | None, Query(alias="to", ge=FIRST_DAY, le=LAST_DAY)] = None,
    ) -> Response:
        """Computed days from `from` to `to`, both included; without them the last 31 days. At most 366 days."""
        until = last or (first + timedelta(LISTED_DAYS - 1) if first else day_of(now_ms()))
        since = first or until - timedelta(LISTED_DAYS - 1)
        if since > until or (until - since).days >= MOST_DAYS:
            raise RefusedError(f"days {since} to {until}: from is not after to, and at most {MOST_DAYS} days", field="from")
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            found = stored.vehicle_days(conn, since, until, [vehicle_id])
            due = stored.due_days(conn, vehicle_id, since, until)
        waiting = [DueDay(day=one.day, since=one.since, reason=one.reason, failed=one.failures > 0) for one in due]
        days = [_figures(one) for one in found]
        return answer(request, DayList(vehicle_id=vehicle_id, first=since, last=until, days=days, due=waiting))

    @routes.get("/days/{day}", response_model=VehicleDayDetail)
    def detail(request: Request, principal: Seeing, vehicle_id: VehicleId, day: DayPath) -> Response:
        """What is stored of the day but its geometry. 404 while it was never computed."""
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            return answer(request, _detail(conn, vehicle_id, day))

    return routes


def _detail(conn: stored.Connection, vehicle_id: int, day: date) -> VehicleDayDetail:
    found = stored.vehicle_day(conn, vehicle_id, day)
    if found is None:
        raise RefusedError(f"day {day} of vehicle {vehicle_id} is not computed", field="day", kind="missing")
    segments = stored.segments(conn, vehicle_id, day)
    return VehicleDayDetail(
        vehicle_id=vehicle_id,
        figures=_figures(found),
        compared=Compared(matched_m=found.compared_matched_m, odometer_m=found.compared_odometer_m, raw_m=found.compared_raw_m),
        odometer_ratio=found.ratio,
        odometer_ratio_sd=found.ratio_sd,
        match_version=found.match_version,
        input_hash=found.input_hash,
        evidence_hash=found.evidence_hash,
        segments=[_segment(seq, row) for seq, row in enumerate(segments[:MOST_SEGMENTS])],
        segments_left_out=max(len(segments) - MOST_SEGMENTS, 0),
        trips=_trips(stored.trips(conn, vehicle_id, day)),
        stays=_stays(stored.stays(conn, vehicle_id, day)),
        passages=[_passage(one) for one in stored.passages(conn, vehicle_id, day)],
    )


def _figures(day: VehicleDay) -> DayFigures:
    return DayFigures(**{name: value for name, value in asdict(day).items() if name in DayFigures.model_fields}, final=day.final)


def _segment(seq: int, row: Any) -> SegmentRow:
    return SegmentRow(**segment(seq, row), low_mm=int(row["low_mm"]), high_mm=int(row["high_mm"]), ferry_mm=int(row["ferry_mm"]))


def _trips(rows: NDArray[Any]) -> list[TripRow]:
    return [
        TripRow(
            **span(row),
            length_mm=int(row["length_mm"]),
            from_lon=row["from_lon_e6"] / 1e6,
            from_lat=row["from_lat_e6"] / 1e6,
            to_lon=row["to_lon_e6"] / 1e6,
            to_lat=row["to_lat_e6"] / 1e6,
        )
        for row in rows
    ]


def _stays(rows: NDArray[Any]) -> list[StayRow]:
    return [
        StayRow(
            **span(row),
            lon=row["lon_e6"] / 1e6,
            lat=row["lat_e6"] / 1e6,
            station_id=int(row["station_id"]) if row["station_id"] >= 0 else None,
        )
        for row in rows
    ]


def _passage(one: Passage) -> PassageRow:
    return PassageRow(**asdict(one) | {"quality": QUALITIES[one.quality]})
