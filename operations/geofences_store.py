"""SQL of geofences and of what is ordered of terminals about them. Nobody else writes these tables; `geofence_held` writes itself, from
acknowledged commands (0280_geofences.sql)."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from domain.errors import RefusedError
from storage import geofences
from storage.geofences import Drawing, Geofence

Connection = psycopg.Connection[Any]

_DRAWN = (
    "region_code", "outline", "alarms", "max_speed_kmh", "overspeed_s", "night_speed_kmh", "valid_from", "valid_to", "daily_from", "daily_to",
)  # fmt: skip


def put(conn: Connection, drawing: Drawing, source: str, who: str) -> bool:
    """Store a drawing as the newest version of its geofence, in the caller's transaction; False when the newest is it already.

    Raises:
        RefusedError: a geofence of that name has another shape.
    """
    key = conn.execute(
        "select geofence_id, shape from geofence where name = %(name)s and removed_at is null for update", {"name": drawing.name}
    ).fetchone()
    if key is not None and key[1] != drawing.shape:
        raise RefusedError(f"{drawing.name} is a {key[1]}, no {drawing.shape}: remove it first, or choose another name", field="shape")
    if key is None:
        key = conn.execute(
            "insert into geofence (name, shape) values (%(name)s, %(shape)s) returning geofence_id",
            {"name": drawing.name, "shape": drawing.shape},
        ).fetchone()
        assert key is not None
    newest = geofences.one(conn, drawing.name)
    if newest is not None and all(getattr(newest, name) == getattr(drawing, name) for name in _DRAWN):
        return False
    conn.execute(
        """
        insert into geofence_version (geofence_id, version, region_code, outline, alarms, max_speed_kmh, overspeed_s, night_speed_kmh,
                                      valid_from, valid_to, daily_from, daily_to, source, created_by)
        values (%(id)s, %(version)s, %(region_code)s, %(outline)s, %(alarms)s, %(max_speed_kmh)s, %(overspeed_s)s, %(night_speed_kmh)s,
                %(valid_from)s, %(valid_to)s, %(daily_from)s, %(daily_to)s, %(source)s, %(who)s)
        """,
        {name: getattr(drawing, name) for name in _DRAWN}
        | {"id": key[0], "version": newest.version + 1 if newest is not None else 1, "outline": Jsonb(drawing.outline)}
        | {"source": source, "who": who},
    )
    return True


def remove(conn: Connection, geofence_id: int, who: str) -> None:
    """Take a geofence out of use; its versions stay."""
    conn.execute(
        "update geofence set removed_at = now(), removed_by = %(who)s where geofence_id = %(id)s and removed_at is null",
        {"id": geofence_id, "who": who},
    )


def note_order(
    conn: Connection, command_id: int, terminal_id: str, geofence: Geofence, points: int | None, tolerance_m: float | None
) -> None:
    """Note which version a command carries."""
    conn.execute(
        """
        insert into geofence_order (command_id, geofence_id, version, terminal_id, points, tolerance_m)
        values (%(command)s, %(geofence)s, %(version)s, %(terminal)s, %(points)s, %(tolerance)s)
        """,
        {"command": command_id, "geofence": geofence.geofence_id, "version": geofence.version, "terminal": terminal_id, "points": points,
         "tolerance": tolerance_m},
    )  # fmt: skip
