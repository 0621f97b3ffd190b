"""Which vehicles a person may see: those of the person's region subtree, by the registry."""

from __future__ import annotations

from api.live.fleet import Fleet
from api.live.topics import COUNTRY, Topic, in_scope
from domain.errors import RefusedError
from operations.identity import Principal
from storage.registry import VehicleRow


def visible_vehicle(fleet: Fleet, principal: Principal, vehicle_id: int) -> VehicleRow:
    """The vehicle; RefusedError, kind "missing", when there is none or it lies outside: not even that it exists is told."""
    row = fleet.vehicles.get(vehicle_id)
    if row is None or not region_visible(principal, row.region_code):
        raise RefusedError(f"no vehicle {vehicle_id}", field="vehicle_id", kind="missing")
    return row


def region_visible(principal: Principal, region_code: str | None) -> bool:
    """The region lies in the person's subtree; codes of towns (9 digits) count by their county. Unknown regions: the whole country only."""
    if principal.region_code == COUNTRY:
        return True
    code = (region_code or "")[:6]
    return code.isdecimal() and len(code) == 6 and in_scope(Topic("region", int(code)), principal.region_code)
