"""`/api/v1/live/vehicles` (dictionary of the live map) and `/api/v1/vehicles/{id}/card`."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import psycopg
from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response

from api.asking import asking, may, require_scope
from api.live.fleet import Fleet
from api.live.source import Pool
from api.live.state import LiveState
from api.live.topics import parse_topic
from api.parameters import VehicleId
from api.schemas.vehicles import LastFix, RegionName, VehicleCard
from api.seeing import visible_vehicle
from domain.position import Flag
from domain.track import ACC_ON
from domain.units import instant
from operations.identity import Principal
from storage.positions import read_track

Seeing = Annotated[Principal, Depends(may("vehicles:read"))]


def router(fleet: Fleet, state: LiveState, pool: Pool) -> APIRouter:
    """Routes of vehicles."""
    routes = APIRouter(prefix="/api/v1", tags=["vehicles"])

    @routes.get("/live/vehicles")
    def dictionary(
        principal: Annotated[Principal, Depends(may("positions:read"))],
        topic: str = Query(max_length=40),
        if_none_match: str | None = Header(default=None),
    ) -> Response:
        """Columns of the topic's vehicles; gzipped whatever the client accepts, as every browser does."""
        chosen = require_scope(principal, parse_topic(topic))
        etag, packed = fleet.dictionary(chosen)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if if_none_match == etag:
            return Response(status_code=304, headers=headers)
        return Response(packed, media_type="application/json", headers=headers | {"Content-Encoding": "gzip"})

    @routes.get("/vehicles/{vehicle_id}/card")
    def card(principal: Seeing, vehicle_id: VehicleId) -> VehicleCard:
        """What the map shows of a chosen vehicle. A vehicle outside what the person may see is 404."""
        with asking(pool, principal) as conn:
            row = visible_vehicle(conn, vehicle_id)
            newest = state.newest(vehicle_id) if principal.may("positions:read") else None
            fix = _fix(newest, _ignition(conn, newest)) if newest is not None else None
        operator = fleet.operators.get(row.operator_id) if row.operator_id is not None else None
        return VehicleCard(
            vehicle_id=row.vehicle_id,
            plate=row.plate,
            plate_colour=row.plate_colour,
            vehicle_class=row.vehicle_class,
            state=row.state,
            operator=operator.name if operator else None,
            operator_en=operator.name_en if operator else None,
            region=_region(fleet, row.region_code),
            dangerous_goods=row.dangerous_goods,
            terminal_id=row.terminal_id,
            fix=fix,
        )

    return routes


def _region(fleet: Fleet, code: str | None) -> RegionName | None:
    if code is None:
        return None
    region = fleet.regions.get(code)
    return RegionName(region_code=code, name=region.name if region else code, name_en=region.name_en if region else None)


def _ignition(conn: psycopg.Connection[Any], row: np.void) -> bool | None:
    """Whether the ignition is on; None where the newest report came without status bits, which its stored position says."""
    if int(row["status_bits"]) & ACC_ON:
        return True
    t_ms = int(row["t_ms"])
    stored = read_track(conn, int(row["vehicle_id"]), t_ms, t_ms + 1)
    return None if len(stored) and int(stored["flags"][0]) & Flag.NO_STATUS else False


def _fix(row: np.void, ignition: bool | None) -> LastFix:
    def said(name: str) -> Any:
        value = int(row[name])
        return value if value >= 0 else None

    alarms = int(row["alarm_bits"]) & 0xFFFFFFFF
    speed = said("speed_kmh10")
    return LastFix(
        time=instant(int(row["t_ms"])).isoformat(),
        received=instant(int(row["received_ms"])).isoformat(),
        located=instant(int(row["located_ms"])).isoformat(),
        lon=int(row["lon_e6"]) / 1e6,
        lat=int(row["lat_e6"]) / 1e6,
        speed_kmh=speed / 10 if speed is not None else None,
        heading_deg=said("heading_deg"),
        odometer_m=said("odometer_m"),
        alarms=[bit for bit in range(32) if alarms >> bit & 1],
        acc_on=ignition,
    )
