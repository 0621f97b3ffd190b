"""`/api/v1/vehicles/{id}/media`: pictures, sounds and films of a vehicle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, Response

from api.asking import asking, may
from api.documents import BYTES
from api.live.source import Pool
from api.parameters import VehicleId
from api.schemas.media import MediaItem, MediaList
from api.seeing import visible_vehicle
from domain.errors import RefusedError
from operations.identity import Principal
from storage import multimedia as stored
from storage.multimedia import Multimedia

Seeing = Annotated[Principal, Depends(may("media:read"))]

_KINDS = ("picture", "sound", "film")
_TYPES = ("image/jpeg", "image/tiff", "audio/mpeg", "audio/wav", "video/x-ms-wmv")
_CACHED = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}


def router(pool: Pool, folder: Path) -> APIRouter:
    """Routes of multimedia.

    Args:
        folder: where the pipeline keeps the files.
    """
    routes = APIRouter(prefix="/api/v1/vehicles/{vehicle_id}/media", tags=["media"])

    @routes.get("")
    def listed(principal: Seeing, vehicle_id: VehicleId, limit: int = Query(default=50, ge=1, le=500)) -> MediaList:
        """The newest uploads."""
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            rows = stored.of_vehicle(conn, vehicle_id, limit)
        return MediaList(vehicle_id=vehicle_id, items=[_item(vehicle_id, row) for row in rows])

    @routes.get("/{sha256}", response_class=Response, responses=BYTES)
    def data(principal: Seeing, vehicle_id: VehicleId, sha256: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")]) -> Response:
        """The bytes."""
        with asking(pool, principal) as conn:
            visible_vehicle(conn, vehicle_id)
            found = stored.one(conn, vehicle_id, sha256)
        if found is None:
            raise RefusedError(f"no multimedia {sha256} of vehicle {vehicle_id}", field="sha256", kind="missing")
        row, waiting = found
        kind = _TYPES[row.media_format] if row.media_format < len(_TYPES) else "application/octet-stream"
        if row.path is None:
            return Response(waiting or b"", media_type=kind, headers=_CACHED)
        file = folder / row.path
        if not file.is_file():
            raise RefusedError(
                f"the file {row.path} is not under {folder}; serve the pipeline's media folder here", field="sha256", kind="missing"
            )
        return FileResponse(file, media_type=kind, headers=_CACHED)

    return routes


def _item(vehicle_id: int, row: Multimedia) -> MediaItem:
    return MediaItem(
        sha256=row.sha256, media_id=row.media_id, kind=_KINDS[row.media_type] if row.media_type < len(_KINDS) else "other", event=row.event,
        channel=row.channel, bytes=row.size, received=row.received, taken=row.taken_at,
        lon=row.lon_e6 / 1e6 if row.lon_e6 is not None else None, lat=row.lat_e6 / 1e6 if row.lat_e6 is not None else None,
        href=f"/api/v1/vehicles/{vehicle_id}/media/{row.sha256}",
    )  # fmt: skip
