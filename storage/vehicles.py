"""Vehicles as lists and cards show them, of those that the asker may see."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import class_row

from storage.registry import VehicleRow


def vehicle(conn: psycopg.Connection[Any], vehicle_id: int) -> VehicleRow | None:
    """A vehicle; None when there is none that the asker may see."""
    with conn.cursor(row_factory=class_row(VehicleRow)) as cursor:
        return cursor.execute(
            """
            select v.vehicle_id, v.plate, v.plate_colour, v.vehicle_class, v.state, v.operator_id, v.region_code, v.line_id,
                   v.dangerous_goods, t.terminal_id, greatest(v.changed_at, t.changed_at) as changed_at
              from vehicle v
              left join terminal t on t.vehicle_id = v.vehicle_id
             where v.vehicle_id = %(vehicle_id)s
            """,
            {"vehicle_id": vehicle_id},
        ).fetchone()
