"""`/api/v1/geofences`, and `/api/v1/vehicles/{id}/geofences`: what a vehicle's terminal holds, and what it shall hold."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.asking import asking, may
from api.idempotency import IdempotencyKey, once
from api.live.source import Pool
from api.parameters import VehicleId
from api.schemas.geofences import GeofenceList, GeofenceOrder, GeofenceSeen, Ordered, ZoneCommand, ZoneHeld, ZoneList
from api.seeing import visible_vehicle
from domain.errors import RefusedError
from operations import geofences
from operations.identity import Principal
from storage import audit
from storage import geofences as stored
from storage.geofences import Geofence
from storage.registry import VehicleRow

Seeing = Annotated[Principal, Depends(may("geofences:read"))]
Sending = Annotated[Principal, Depends(may("commands:send"))]


def router(pool: Pool) -> APIRouter:
    """Routes of geofences."""
    routes = APIRouter(prefix="/api/v1", tags=["geofences"])

    @routes.get("/geofences")
    def listed(principal: Seeing) -> GeofenceList:
        """Geofences in use."""
        with asking(pool, principal) as conn:
            found = stored.listed(conn)
        return GeofenceList(geofences=[_seen(one) for one in found])

    @routes.post("/vehicles/{vehicle_id}/geofences", status_code=202, response_model=Ordered)
    def order(request: Request, principal: Sending, vehicle_id: VehicleId, asked: GeofenceOrder, key: IdempotencyKey) -> Response:
        """Have the terminal hold geofences, or forget them; it hears it when it is on line."""
        with asking(pool, principal) as conn:
            row = visible_vehicle(conn, vehicle_id)
            return once(request, conn, principal, key, asked, lambda: _order(conn, principal, row, asked))

    @routes.get("/vehicles/{vehicle_id}/geofences")
    def on(principal: Seeing, vehicle_id: VehicleId) -> ZoneList:
        """What the terminal holds, and what is under way to it."""
        with asking(pool, principal) as conn:
            row = visible_vehicle(conn, vehicle_id)
            if row.terminal_id is None:
                return ZoneList(vehicle_id=vehicle_id, terminal_id=None, zones=[], unsettled=[])
            held, open_ = stored.held(conn, row.terminal_id), stored.unsettled(conn, row.terminal_id)
        zones = [ZoneHeld.model_validate(asdict(one)) for one in held]
        left = [
            ZoneCommand(command_id=one.command_id, message_id=one.message_id, geofences=one.names, state=one.state, reason=one.reason)
            for one in open_
        ]
        return ZoneList(vehicle_id=vehicle_id, terminal_id=row.terminal_id, zones=zones, unsettled=left)

    return routes


def _order(conn: stored.Connection, principal: Principal, row: VehicleRow, asked: GeofenceOrder) -> Ordered:
    if row.terminal_id is None:
        raise RefusedError(f"vehicle {row.vehicle_id} has no terminal; bind one in the registry first", field="vehicle_id", kind="conflict")
    how = geofences.Asking(datetime.now(UTC) + timedelta(seconds=asked.expires_in_s), principal.name, asked.most_points, asked.tolerance_m)
    numbers = geofences.order(conn, row.terminal_id, asked.action, geofences.named(conn, asked.geofences), how)
    said = {"action": asked.action, "geofences": asked.geofences, "commands": numbers}
    audit.put(conn, "command", "geofences.order", f"terminal:{row.terminal_id}", said)
    return Ordered(vehicle_id=row.vehicle_id, terminal_id=row.terminal_id, commands=numbers)


def _seen(one: Geofence) -> GeofenceSeen:
    return GeofenceSeen.model_validate(asdict(one))
