"""`/api/v1/vehicles/{id}/track`: a track over a span; `/days/{day}/fixes` and `/way`: a day as the map draws it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from numpy.typing import NDArray

from api.answers import GEOJSON, answer
from api.asking import asking, may
from api.drawn_day import Drawn, drawn
from api.driven_track import in_gcj02, matched, raw, simplified
from api.formats import JSON, Accept, GeoJsonResponse, media_type_of, stream
from api.live.source import Pool
from api.parameters import FIRST_DAY, LAST_DAY, DayPath, Instant, VehicleId
from api.schemas.tracks import DrawnDay, DrawnFeature, DrawnProperties, RawTrack, Track, TrackFeatures, Trajectories
from api.seeing import visible_vehicle
from api.segments import segment
from api.track_text import Heading, geojson_text, gpx_text, json_text, mfjson_text
from domain.errors import RefusedError
from domain.position import ABSENT, located
from domain.units import DAY_MS, day_bounds, epoch_ms
from operations.identity import Principal
from storage import days as stored
from storage import driven_paths
from storage.positions import read_track

MOST_FIXES = 50_000
MOST_DAYS = 31
_FORMS = {"json": JSON, "geojson": GEOJSON, "gpx": "application/gpx+xml", "mfjson": "application/vnd.ogc.mf+json"}
_TEXTS = {"json": json_text, "geojson": geojson_text, "gpx": gpx_text, "mfjson": mfjson_text}
OTHERS: dict[str, dict[str, Any]] = {kind: {} for kind in _FORMS.values() if kind != JSON}
Seeing = Annotated[Principal, Depends(may("positions:read"))]


@dataclass(frozen=True, slots=True)
class Which:
    """What is asked of a track; span in epoch ms, half open."""

    span: tuple[int, int]
    matched: bool
    simplify_m: float | None
    crs: str


async def _which(
    first: Annotated[Instant, Query(alias="from")],
    last: Annotated[Instant, Query(alias="to", description="not included; at most 31 days later")],
    matched: Annotated[bool, Query(description="the way driven, of the days that are computed")] = False,
    simplify_m: Annotated[float | None, Query(ge=0.1, le=10_000, description="leave out places no further than this from the line")] = None,
    crs: Literal["wgs84", "gcj02"] = "wgs84",
) -> Which:
    begin, end = epoch_ms(first), epoch_ms(last)
    if not 0 < end - begin <= MOST_DAYS * DAY_MS:
        raise RefusedError(f"to is after from, by at most {MOST_DAYS} days", field="to")
    if begin < day_bounds(FIRST_DAY)[0] or end > day_bounds(LAST_DAY)[1]:
        raise RefusedError(f"days from {FIRST_DAY} to {LAST_DAY}", field="from")
    return Which((begin, end), matched, simplify_m, crs)


async def _form(
    form: Annotated[Literal["json", "geojson", "mfjson", "gpx"] | None, Query(alias="format")] = None, accept: Accept = None
) -> tuple[str, str]:
    return media_type_of(accept, _FORMS, form)


def router(pool: Pool, archive: Path | None) -> APIRouter:
    """Routes of tracks.

    Args:
        archive: folder of the archived days; None: hot days only.
    """
    routes = APIRouter(prefix="/api/v1/vehicles/{vehicle_id}", tags=["tracks"])

    @routes.get("/track", response_model=Track | TrackFeatures | Trajectories, responses={200: {"content": OTHERS}})
    def track(
        request: Request,
        principal: Seeing,
        vehicle_id: VehicleId,
        which: Annotated[Which, Depends(_which)],
        form: Annotated[tuple[str, str], Depends(_form)],
    ) -> Response:
        """Fixes as they came, or the matched way, over at most 31 days."""
        heading = Heading(vehicle_id, which.span, which.matched, which.simplify_m, which.crs)
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            runs = (matched if which.matched else raw)(conn, vehicle_id, which.span, archive)
        if which.simplify_m is not None:
            runs = simplified(runs, which.simplify_m)
        return stream(request, _TEXTS[form[0]](heading, in_gcj02(runs) if which.crs == "gcj02" else runs), form[1])

    _days(routes, pool, archive)
    return routes


def _days(routes: APIRouter, pool: Pool, archive: Path | None) -> None:
    """A day as the map draws it."""

    @routes.get("/days/{day}/fixes", response_model=RawTrack)
    def fixes(
        request: Request, principal: Seeing, vehicle_id: VehicleId, day: DayPath, limit: int = Query(default=20_000, ge=2, le=MOST_FIXES)
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

    @routes.get("/days/{day}/way", response_model=DrawnDay, response_class=GeoJsonResponse)
    def way(request: Request, principal: Seeing, vehicle_id: VehicleId, day: DayPath) -> Response:
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


def _feature(seq: int, row: Any, line: Drawn) -> DrawnFeature:
    return DrawnFeature(id=seq, geometry=_geometry(line.line), properties=DrawnProperties(**segment(seq, row), place=line.place))


def _geometry(line: NDArray[np.float64]) -> dict[str, Any] | None:
    if not len(line):
        return None
    places = np.round(line, 6).tolist()
    return {"type": "Point", "coordinates": places[0]} if len(line) == 1 else {"type": "LineString", "coordinates": places}
