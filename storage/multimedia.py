"""Read side of multimedia: what a vehicle's terminal has sent, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Multimedia:
    """One upload. taken_at, lon_e6, lat_e6 None when the terminal did not know; path under the media folder, None while the bytes wait in the
    database; media_type 0 picture, 1 sound, 2 film; media_format 0 JPEG, 1 TIF, 2 MP3, 3 WAV, 4 WMV (JT/T 808-2013 table 81)."""

    terminal_id: str
    media_id: int
    sha256: str
    received: datetime
    taken_at: datetime | None
    lon_e6: int | None
    lat_e6: int | None
    media_type: int
    media_format: int
    event: int
    channel: int
    size: int
    path: str | None


_COLUMNS = "terminal_id, media_id, sha256, received, taken_at, lon_e6, lat_e6, media_type, media_format, event, channel, size, path"


def of_vehicle(conn: Connection, vehicle_id: int, limit: int) -> list[Multimedia]:
    """Uploads of a vehicle, the newest first."""
    sql = f"select {_COLUMNS} from multimedia where vehicle_id = %(vehicle)s order by received desc, media_id desc limit %(limit)s"
    with conn.cursor(row_factory=class_row(Multimedia)) as cursor:
        return cursor.execute(sql, {"vehicle": vehicle_id, "limit": limit}).fetchall()


def one(conn: Connection, vehicle_id: int, sha256: str) -> tuple[Multimedia, bytes | None] | None:
    """An upload of a vehicle by its hash, with the bytes where they still wait in the database; None when there is none."""
    with conn.cursor(row_factory=class_row(Multimedia)) as cursor:
        found = cursor.execute(
            f"select {_COLUMNS} from multimedia where vehicle_id = %(vehicle)s and sha256 = %(sha256)s order by received desc limit 1",
            {"vehicle": vehicle_id, "sha256": sha256},
        ).fetchone()
    if found is None:
        return None
    if found.path is not None:
        return found, None
    row = conn.execute(
        "select data from multimedia where vehicle_id = %(vehicle)s and sha256 = %(sha256)s and path is null",
        {"vehicle": vehicle_id, "sha256": sha256},
    ).fetchone()
    return found, row[0] if row is not None else None
