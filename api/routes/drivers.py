"""`/api/v1/vehicles/{id}/drivers`: who drives a vehicle; a driver's account sees the vehicles that the driver is assigned to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.asking import asking, may
from api.live.source import Pool
from api.parameters import Int4Id, VehicleId
from api.schemas.registry import Assigned, AssignedList, DriverAsked
from operations.identity import Principal
from operations.registry import drivers

Reader = Annotated[Principal, Depends(may("registry:read"))]
Writer = Annotated[Principal, Depends(may("registry:write"))]


def router(pool: Pool) -> APIRouter:
    """Routes of the drivers of vehicles."""
    routes = APIRouter(prefix="/api/v1/vehicles/{vehicle_id}/drivers", tags=["registry"])

    @routes.get("")
    def listed(principal: Reader, vehicle_id: VehicleId) -> AssignedList:
        """Who drives or drove the vehicle, newest first."""
        with asking(pool, principal) as conn:
            return AssignedList(drivers=[Assigned(**row) for row in drivers.assigned(conn, vehicle_id)])

    @routes.post("")
    def assign(principal: Writer, vehicle_id: VehicleId, asked: DriverAsked) -> AssignedList:
        """A driver may drive the vehicle from now on, and sees it."""
        with asking(pool, principal) as conn:
            drivers.assign(conn, vehicle_id, asked.driver_id)
            return AssignedList(drivers=[Assigned(**row) for row in drivers.assigned(conn, vehicle_id)])

    @routes.delete("/{driver_id}", status_code=204)
    def release(principal: Writer, vehicle_id: VehicleId, driver_id: Int4Id) -> None:
        """A driver drives the vehicle no longer; that it was so stays told."""
        with asking(pool, principal) as conn:
            drivers.release(conn, vehicle_id, driver_id)

    return routes
