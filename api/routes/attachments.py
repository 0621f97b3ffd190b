"""`/api/v1/vehicles/{id}/attachments`: files of a vehicle's active-safety alarms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse

from api.asking import asking, may
from api.documents import BYTES
from api.live.source import Pool
from api.parameters import Int8Id, VehicleId
from api.schemas.attachments import AlarmAttachments, AttachmentFile, AttachmentList
from api.seeing import visible_vehicle
from domain.errors import RefusedError
from operations.identity import Principal
from storage import attachments as stored
from storage.attachments import AlarmFile, AlarmUpload

Seeing = Annotated[Principal, Depends(may("media:read"))]

_KINDS = ("picture", "sound", "video", "text", "other")
_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".mp4": "video/mp4", ".mp3": "audio/mpeg", ".wav": "audio/wav"}
_HEADERS = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}


def router(pool: Pool, folder: Path) -> APIRouter:
    """Routes of attachments.

    Args:
        folder: where the attachment server keeps the files.
    """
    routes = APIRouter(prefix="/api/v1/vehicles/{vehicle_id}/attachments", tags=["attachments"])

    @routes.get("")
    def listed(principal: Seeing, vehicle_id: VehicleId, limit: int = Query(default=50, ge=1, le=500)) -> AttachmentList:
        """The newest alarms with files."""
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            rows = stored.of_vehicle(conn, vehicle_id, limit)
        return AttachmentList(vehicle_id=vehicle_id, items=[_alarm(vehicle_id, one, files) for one, files in rows])

    @routes.get("/{upload_id}/{name:path}", response_class=FileResponse, responses=BYTES)
    def data(principal: Seeing, vehicle_id: VehicleId, upload_id: Int8Id, name: str) -> FileResponse:
        """The bytes of a file that is whole."""
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            found = stored.file(conn, vehicle_id, upload_id, name)
        if found is None or found.path is None:
            why = "has not come whole" if found is not None else "is unknown"
            raise RefusedError(f"file {name!r} of alarm {upload_id} {why}", field="name", kind="missing")
        path = folder / found.path
        if not path.is_file():
            raise RefusedError(
                f"the file {found.path} is not under {folder}; serve the attachment folder here", field="name", kind="missing"
            )
        return FileResponse(path, media_type=_TYPES.get(path.suffix.lower(), "application/octet-stream"), headers=_HEADERS)

    return routes


def _alarm(vehicle_id: int, one: AlarmUpload, files: list[AlarmFile]) -> AlarmAttachments:
    return AlarmAttachments(
        upload_id=one.upload_id, terminal_id=one.terminal_id, terminal_code=one.terminal_code, alarm=one.alarm_at, sequence=one.sequence,
        attachments=one.attachments, item=f"0x{one.item:02X}", kind=one.kind, level=one.level, position_time=one.fix_at, state=one.state,
        orders=one.orders, command_id=one.command_id, changed=one.changed_at, done=one.done_at, reason=one.reason,
        files=[_file(vehicle_id, row) for row in files],
    )  # fmt: skip


def _file(vehicle_id: int, row: AlarmFile) -> AttachmentFile:
    href = f"/api/v1/vehicles/{vehicle_id}/attachments/{row.upload_id}/{quote(row.name, safe='')}"
    return AttachmentFile(
        name=row.name, kind=_KINDS[row.kind] if row.kind is not None and row.kind < len(_KINDS) else "other", bytes=row.size, came=row.came,
        sha256=row.sha256, done=row.done_at, href=href if row.path is not None else None,
    )  # fmt: skip
