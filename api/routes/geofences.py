"""`/api/v1/geofences`, and `/api/v1/vehicles/{id}/geofences`: what a vehicle's terminal holds, and what it shall hold."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter

from api.asking import Asking, asking
from api.live.fleet import Fleet
from api.live.source import Pool
from api.schemas.geofences import GeofenceList, GeofenceOrder, GeofenceSeen, Ordered, ZoneCommand, ZoneHeld, ZoneList
from api.seeing import region_visible, visible_vehicle
from domain.errors import RefusedError
from operations import geofences
from operations.identity import Principal
from storage import geofences as stored
from storage.geofences import Geofence
from storage.registry import VehicleRow


def router(fleet: Fleet, pool: Pool) -> APIRouter:
    """Routes of geofences."""
    routes = APIRouter(prefix="/api/v1", tags=["geofences"])

    @routes.get("/geofences")
    def listed(principal: Asking) -> GeofenceList:
        """Geofences in use."""
        with asking(pool, principal) as conn:
            found = stored.listed(conn)
        return GeofenceList(geofences=[_seen(one) for one in found if region_visible(principal, one.region_code)])

    @routes.post("/vehicles/{vehicle_id}/geofences", status_code=202)
    def order(principal: Asking, vehicle_id: int, asked: GeofenceOrder) -> Ordered:
        """Have the terminal hold geofences, or forget them; it hears it when it is on line."""
        return _order(pool, principal, visible_vehicle(fleet, principal, vehicle_id), asked)

    @routes.get("/vehicles/{vehicle_id}/geofences")
    def on(principal: Asking, vehicle_id: int) -> ZoneList:
        """What the terminal holds, and what is under way to it."""
        row = visible_vehicle(fleet, principal, vehicle_id)
        if row.terminal_id is None:
            return ZoneList(vehicle_id=vehicle_id, terminal_id=None, zones=[], unsettled=[])
        with asking(pool, principal) as conn:
            held, open_ = stored.held(conn, row.terminal_id), stored.unsettled(conn, row.terminal_id)
        zones = [ZoneHeld.model_validate(asdict(one)) for one in held]
        left = [
            ZoneCommand(command_id=one.command_id, message_id=one.message_id, geofences=one.names, state=one.state, reason=one.reason)
            for one in open_
        ]
        return ZoneList(vehicle_id=vehicle_id, terminal_id=row.terminal_id, zones=zones, unsettled=left)

    return routes


def _order(pool: Pool, principal: Principal, row: VehicleRow, asked: GeofenceOrder) -> Ordered:
    if row.terminal_id is None:
        raise RefusedError(f"vehicle {row.vehicle_id} has no terminal; bind one in the registry first", field="vehicle_id", kind="conflict")
    how = geofences.Asking(datetime.now(UTC) + timedelta(seconds=asked.expires_in_s), principal.name, asked.most_points, asked.tolerance_m)
    with asking(pool, principal) as conn, conn.transaction():
        wanted = geofences.named(conn, asked.geofences)
        hidden = [one.name for one in wanted if not region_visible(principal, one.region_code)]
        if hidden:
            raise RefusedError(f"no geofence {', '.join(hidden)}", field="geofences", kind="missing")
        numbers = geofences.order(conn, row.terminal_id, asked.action, wanted, how)
    return Ordered(vehicle_id=row.vehicle_id, terminal_id=row.terminal_id, commands=numbers)


def _seen(one: Geofence) -> GeofenceSeen:
    return GeofenceSeen.model_validate(asdict(one))
