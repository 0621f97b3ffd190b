"""Which vehicles and regions a person may see."""

from __future__ import annotations

from typing import Any

import psycopg

from api.live.topics import COUNTRY, below, region_bounds
from domain.errors import RefusedError
from operations.identity import Principal
from storage.registry import VehicleRow
from storage.vehicles import vehicle


def visible_vehicle(conn: psycopg.Connection[Any], vehicle_id: int) -> VehicleRow:
    """The vehicle; RefusedError, kind "missing", when there is none or it lies outside: not even that it exists is told.

    Args:
        conn: of `api.asking.asking`, so that the database decides who sees what.
    """
    row = vehicle(conn, vehicle_id)
    if row is None:
        raise RefusedError(f"no vehicle {vehicle_id}", field="vehicle_id", kind="missing")
    return row


def area_of(region_code: int | str | None) -> str:
    """What the codes of a region's subtree begin with; "" for the country and for None."""
    if region_code is None or int(region_code) == COUNTRY:
        return ""
    low, high = region_bounds(int(region_code))
    return f"{low:06d}"[: 7 - len(str(high - low))]


def region_visible(principal: Principal, region_code: str | None) -> bool:
    """The region lies in the person's subtree; codes of towns (9 digits) count by their county. Unknown regions: the whole country only."""
    if principal.region_code == COUNTRY:
        return True
    code = (region_code or "")[:6]
    return code.isdecimal() and len(code) == 6 and below(int(code), principal.region_code)
