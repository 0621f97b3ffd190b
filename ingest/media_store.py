"""Multimedia of terminals: the bytes in files under their hash, what is known of them in a table. Nothing stalls for a full disk, nothing is lost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import structlog

from domain.units import instant
from protocols.jt808.messages.multimedia import MediaData, MediaEvent

log = structlog.get_logger()

Connection = psycopg.Connection[Any]

_ENDINGS = {0: ".jpg", 1: ".tif", 2: ".mp3", 3: ".wav", 4: ".wmv"}
"""By format (JT/T 808-2013 table 81)."""
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Upload:
    """A whole 0x0801, or a 0x0800 that only announces: `message`; vehicle_id None when nobody knows the terminal; its place in the log."""

    terminal_id: str
    vehicle_id: int | None
    received_ms: int
    log_id: str
    position: int
    message: MediaData | MediaEvent


def place_of(sha256: str, media_format: int) -> str:
    """Path of a file under the media folder."""
    return f"{sha256[:2]}/{sha256}{_ENDINGS.get(media_format, '.bin')}"


def put(conn: Connection, folder: Path, uploads: Sequence[Upload]) -> int:
    """Store uploads and announcements; how many uploads were new. One that is there already changes nothing.

    A file is durable before its row is written; where it cannot be written the row keeps the bytes, for `settle`.
    """
    return sum(
        _data(conn, folder, one, one.message) if isinstance(one.message, MediaData) else _event(conn, one, one.message) for one in uploads
    )


def settle(conn: Connection, folder: Path) -> int:
    """Move bytes that wait in the table to files; how many. OSError when the disk still refuses."""
    rows = conn.execute(
        """
        select terminal_id, media_id, sha256, media_format, data from multimedia where path is null
         order by received limit %(most)s for update skip locked
        """,
        {"most": _AT_ONCE},
    ).fetchall()
    for terminal_id, media_id, sha256, media_format, data in rows:
        path = place_of(sha256, media_format)
        write(folder / path, data)
        conn.execute(
            """
            update multimedia set path = %(path)s, data = null
             where terminal_id = %(terminal)s and media_id = %(media)s and sha256 = %(sha256)s
            """,
            {"path": path, "terminal": terminal_id, "media": media_id, "sha256": sha256},
        )
    return len(rows)


def write(path: Path, data: bytes) -> None:
    """Write a file whole and durable; one that is there under the name of its hash is left as it is. OSError."""
    if path.exists() and path.stat().st_size == len(data):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    for one in (path.parent, path.parent.parent):
        folder = os.open(one, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _data(conn: Connection, folder: Path, upload: Upload, message: MediaData) -> int:
    sha256 = hashlib.sha256(message.data).hexdigest()
    path: str | None = place_of(sha256, message.media_format)
    try:
        write(folder / str(path), message.data)
    except OSError as error:
        log.error("media_file_not_written", folder=str(folder), error=str(error), next="the bytes wait in the database; free the disk")
        path = None
    known = message.location.fault is None and message.location.time_ms is not None
    lat_e6, lon_e6 = message.location.signed_e6 if known else (None, None)
    taken = instant(message.location.time_ms) if known and message.location.time_ms is not None else None
    return conn.execute(
        """
        insert into multimedia (terminal_id, media_id, sha256, vehicle_id, received, taken_at, lon_e6, lat_e6, media_type, media_format,
                                event, channel, size, path, data)
        values (%(terminal)s, %(media)s, %(sha256)s, %(vehicle)s, %(received)s, %(taken)s, %(lon)s, %(lat)s, %(type)s, %(format)s,
                %(event)s, %(channel)s, %(size)s, %(path)s, %(data)s)
            on conflict do nothing
        """,
        _columns(upload, message)
        | {
            "sha256": sha256, "taken": taken, "lon": lon_e6, "lat": lat_e6, "size": len(message.data), "path": path,
            "data": None if path is not None else message.data,
        },
    ).rowcount  # fmt: skip


def _event(conn: Connection, upload: Upload, message: MediaEvent) -> int:
    conn.execute(
        """
        insert into multimedia_event (log_id, position, terminal_id, vehicle_id, received, media_id, media_type, media_format, event, channel)
        values (%(log_id)s, %(position)s, %(terminal)s, %(vehicle)s, %(received)s, %(media)s, %(type)s, %(format)s, %(event)s, %(channel)s)
            on conflict do nothing
        """,
        _columns(upload, message) | {"log_id": upload.log_id, "position": upload.position},
    )
    return 0


def _columns(upload: Upload, message: MediaData | MediaEvent) -> dict[str, Any]:
    return {
        "terminal": upload.terminal_id, "vehicle": upload.vehicle_id, "received": instant(upload.received_ms), "media": message.media_id,
        "type": message.media_type, "format": message.media_format, "event": message.event, "channel": message.channel,
    }  # fmt: skip
