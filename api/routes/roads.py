"""`/api/v1/roads`: measured speeds of roads by the hour, over all vehicles; no single vehicle is told."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.answers import GEOJSON, answer
from api.asking import asking, may
from api.formats import GeoJsonResponse
from api.live.source import Pool
from api.parameters import FIRST_DAY, LAST_DAY, DayQuery, box_of
from api.road_speeds import Box, RoadBook, road_book
from api.schemas.roads import MeasuredHourRow, MeasuredHours, RoadSpeedFeature, RoadSpeedProperties, RoadSpeeds
from api.seeing import region_visible
from domain.errors import RefusedError
from domain.units import day_bounds, day_of, epoch_ms, instant
from operations.identity import Principal
from storage import edge_speeds
from storage.road_networks import Connection, RegisteredNetwork, serving_networks
from tracking.edge_speeds import HOUR_MS, Level
from tracking.network import RoadClass

Seeing = Annotated[Principal, Depends(may("roads:read"))]

LEVELS: dict[int, Literal["free", "slow", "jammed"]] = {Level.FREE: "free", Level.SLOW: "slow", Level.JAMMED: "jammed"}


def router(pool: Pool) -> APIRouter:
    """Routes of road conditions."""
    routes = APIRouter(prefix="/api/v1/roads", tags=["roads"])

    @routes.get("/hours", response_model=MeasuredHours)
    def hours(request: Request, principal: Seeing, day: DayQuery = None) -> Response:
        """Hours of the day (without one: of the last day that has any) with measured speeds."""
        with asking(pool, principal) as conn:
            return answer(request, _hours(conn, day))

    @routes.get("/speeds", response_model=RoadSpeeds, response_class=GeoJsonResponse)
    def speeds(
        request: Request,
        principal: Seeing,
        day: Annotated[date, Query(ge=FIRST_DAY, le=LAST_DAY)],
        bbox: str = Query(max_length=100, description="west,south,east,north; degrees WGS-84"),
        hour: int | None = Query(default=None, ge=0, le=23, description="Asia/Shanghai; without it the whole day"),
    ) -> Response:
        """Edges in the box that have measured speeds, the important roads first where there are too many."""
        box = _box(bbox)
        begin, end = day_bounds(day)
        if hour is not None:
            begin, end = begin + hour * HOUR_MS, begin + (hour + 1) * HOUR_MS
        with asking(pool, principal) as conn:
            registered = _serving(serving_networks(conn), principal)
        book = road_book(registered.path, registered.map_version)
        edges, least = book.edges_in(box)
        with asking(pool, principal) as conn:
            sums = edge_speeds.edge_sums(conn, begin, end, book.keys(edges))
        features = [_feature(book, row) for row in book.conditions(sums) if region_visible(principal, book.region_of(int(row["edge"])))]
        body = RoadSpeeds(
            begins=instant(begin),
            ends=instant(end),
            map_version=registered.map_version,
            limited_to=least.name.lower() if least is not None else None,
            features=features,
        )
        return answer(request, body, GEOJSON)

    return routes


def _hours(conn: Connection, day: date | None) -> MeasuredHours:
    newest = edge_speeds.newest_hour(conn)
    newest_day = day_of(epoch_ms(newest)) if newest else None
    chosen = day or newest_day
    if chosen is None:
        return MeasuredHours(day=None, newest_day=None, hours=[])
    begin, end = day_bounds(chosen)
    rows = [
        MeasuredHourRow(hour=(epoch_ms(one.hour) - begin) // HOUR_MS, begins=one.hour, edges=one.edges, traversals=one.traversals)
        for one in edge_speeds.measured_hours(conn, begin, end)
    ]
    return MeasuredHours(day=chosen, newest_day=newest_day, hours=rows)


def _box(text: str) -> Box:
    west, south, east, north = box_of(text)
    return west / 1e6, south / 1e6, east / 1e6, north / 1e6


def _serving(networks: list[RegisteredNetwork], principal: Principal) -> RegisteredNetwork:
    """The network that serves the person's region: the longest code that the region's begins with."""
    wanted = str(principal.region_code)
    for one in networks:
        if wanted.startswith(one.region_code):
            return one
    if networks:
        return networks[-1]
    raise RefusedError("no road network is registered", field="network", kind="missing")


def _feature(book: RoadBook, row: Any) -> RoadSpeedFeature:
    network, edge = book.network, int(row["edge"])
    lon, lat = network.shape(edge)
    properties = RoadSpeedProperties(
        edge_key=f"{int(network.edge_key[edge]):016x}",
        road_class=RoadClass(int(network.road_class[edge])).name.lower(),
        name=network.name_of(edge),
        name_en=network.name_of(edge, english=True),
        speed_kmh=round(float(row["speed_kmh"]), 1),
        free_kmh=int(network.free_kmh[edge]),
        ratio=round(float(row["ratio"]), 3),
        count=int(row["count"]),
        level=LEVELS[int(row["level"])],
    )
    coordinates = [[round(float(x), 6), round(float(y), 6)] for x, y in zip(lon, lat, strict=True)]
    return RoadSpeedFeature(geometry={"type": "LineString", "coordinates": coordinates}, properties=properties)
