"""Read side of attachments: alarms of a vehicle whose files were ordered, and the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class AlarmUpload:
    """An alarm and how far its files have come. item 0x64 to 0x67, 0x70; kind and level as the item says them, None where it has none; state
    ordered, arriving, complete or incomplete; done_at None while files are still expected."""

    upload_id: int
    terminal_id: str
    terminal_code: str
    alarm_at: datetime
    sequence: int
    attachments: int
    item: int
    kind: int | None
    level: int | None
    fix_at: datetime
    state: str
    orders: int
    command_id: int | None
    changed_at: datetime
    done_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class AlarmFile:
    """A file. kind 0 picture, 1 sound, 2 video, 3 text, 4 other, None before it has begun; came: bytes that are there; sha256 and path (under
    the attachment folder) None while it is not whole."""

    upload_id: int
    name: str
    kind: int | None
    size: int
    came: int
    sha256: str | None
    path: str | None
    done_at: datetime | None


_UPLOAD = """
    select upload_id, terminal_id, terminal_code, alarm_at, sequence, attachments, item, kind, level, fix_at, state, orders, command_id,
           changed_at, done_at, reason
      from alarm_upload
"""
_FILE = "select upload_id, name, kind, size, came, sha256, path, done_at from alarm_file"


def of_vehicle(conn: Connection, vehicle_id: int, limit: int) -> list[tuple[AlarmUpload, list[AlarmFile]]]:
    """Alarms of a vehicle with their files, the newest first."""
    with conn.cursor(row_factory=class_row(AlarmUpload)) as cursor:
        uploads = cursor.execute(
            f"{_UPLOAD} where vehicle_id = %(vehicle)s order by alarm_at desc, upload_id desc limit %(limit)s",
            {"vehicle": vehicle_id, "limit": limit},
        ).fetchall()
    files: dict[int, list[AlarmFile]] = {one.upload_id: [] for one in uploads}
    with conn.cursor(row_factory=class_row(AlarmFile)) as cursor:
        for row in cursor.execute(f"{_FILE} where upload_id = any(%(ids)s) order by name", {"ids": list(files)}):
            files[row.upload_id].append(row)
    return [(one, files[one.upload_id]) for one in uploads]


def file(conn: Connection, vehicle_id: int, upload_id: int, name: str) -> AlarmFile | None:
    """A file of an alarm of a vehicle; None when there is none."""
    with conn.cursor(row_factory=class_row(AlarmFile)) as cursor:
        return cursor.execute(
            f"""
            {_FILE}
             where upload_id = %(upload)s and name = %(name)s
               and exists (select from alarm_upload u where u.upload_id = %(upload)s and u.vehicle_id = %(vehicle)s)
            """,
            {"upload": upload_id, "name": name.replace("\x00", ""), "vehicle": vehicle_id},
        ).fetchone()
