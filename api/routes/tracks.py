"""`/api/v1/vehicles/{id}/track`: a day's fixes as they came; `/matched`: the way driven, segment by segment."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from numpy.typing import NDArray

from api.answers import GEOJSON, answer
from api.asking import asking, may
from api.drawn_day import Drawn, drawn
from api.formats import GeoJsonResponse
from api.live.source import Pool
from api.parameters import FIRST_DAY, LAST_DAY, VehicleId
from api.schemas.tracks import DrawnDay, DrawnFeature, DrawnProperties, RawTrack
from api.seeing import visible_vehicle
from api.segments import segment
from domain.errors import RefusedError
from domain.position import ABSENT, located
from domain.units import day_bounds
from operations.identity import Principal
from storage import days as stored
from storage import driven_paths
from storage.positions import read_track

MOST_FIXES = 50_000
Seeing = Annotated[Principal, Depends(may("positions:read"))]
DayAsked = Annotated[date, Query(ge=FIRST_DAY, le=LAST_DAY)]


def router(pool: Pool, archive: Path | None) -> APIRouter:
    """Routes of tracks.

    Args:
        archive: folder of the archived days; None: hot days only.
    """
    routes = APIRouter(prefix="/api/v1/vehicles/{vehicle_id}", tags=["tracks"])

    @routes.get("/track", response_model=RawTrack)
    def track(
        request: Request, principal: Seeing, vehicle_id: VehicleId, day: DayAsked, limit: int = Query(default=20_000, ge=2, le=MOST_FIXES)
    ) -> Response:
        """Fixes of the day, cleaned of nothing; evenly thinned above the limit, first and last kept."""
        begin, end = day_bounds(day)
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            rows = read_track(conn, vehicle_id, begin, end, archive)
        total = len(rows)
        if total > limit:
            rows = rows[np.unique(np.round(np.linspace(0, total - 1, limit)).astype(np.int64))]
        columns = {name: rows[name].tolist() for name in ("lon_e6", "lat_e6", "source", "flags")}
        for name in ("speed_kmh10", "heading_deg"):
            columns[name] = [None if value == ABSENT else value for value in rows[name].tolist()]
        columns["at_ms"] = (rows["t_ms"] - begin).tolist()
        columns["located"] = located(rows).astype(np.int64).tolist()
        return answer(request, RawTrack(vehicle_id=vehicle_id, day=day, begins_ms=begin, total=total, thinned=total > limit, **columns))

    @routes.get("/matched", response_model=DrawnDay, response_class=GeoJsonResponse)
    def matched(request: Request, principal: Seeing, vehicle_id: VehicleId, day: DayAsked) -> Response:
        """GeoJSON of the day's segments, each with kind, source and reason. 404 while the day was never computed."""
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            path = driven_paths.path(conn, vehicle_id, day)
            if path is None:
                raise RefusedError(f"day {day} of vehicle {vehicle_id} is not computed", field="day", kind="missing")
            segments = stored.segments(conn, vehicle_id, day)
            # without a way (no network) the fixes are all there is to draw
            rows = read_track(conn, vehicle_id, *day_bounds(day), archive if not path.pieces else None)
        lines = drawn(segments, path, rows)
        features = [_feature(seq, row, line) for seq, (row, line) in enumerate(zip(segments, lines, strict=True))]
        body = DrawnDay(vehicle_id=vehicle_id, day=day, map_version=path.map_version, features=features)
        return answer(request, body, GEOJSON)

    return routes


def _feature(seq: int, row: Any, line: Drawn) -> DrawnFeature:
    return DrawnFeature(id=seq, geometry=_geometry(line.line), properties=DrawnProperties(**segment(seq, row), place=line.place))


def _geometry(line: NDArray[np.float64]) -> dict[str, Any] | None:
    if not len(line):
        return None
    places = np.round(line, 6).tolist()
    return {"type": "Point", "coordinates": places[0]} if len(line) == 1 else {"type": "LineString", "coordinates": places}
