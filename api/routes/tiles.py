"""`/tiles/`: base map archives, read by HTTP ranges; there is no tile server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse

from domain.errors import RefusedError

_ARCHIVE = re.compile(r"[a-z0-9][a-z0-9_-]{0,80}\.pmtiles")
DESCRIPTION = "basemap.json"


def router(folder: Path) -> APIRouter:
    """Routes of the base map.

    Args:
        folder: holds `basemap.json` and the archive that it names, as `cuntong basemap build` writes them.
    """
    routes = APIRouter(prefix="/tiles", tags=["tiles"])

    @routes.get("/basemap.json")
    def description() -> JSONResponse:
        """Which archive to draw: url, bounds, attribution, source date; `url` is null when no base map was built."""
        try:
            body: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        except FileNotFoundError:
            return JSONResponse({"url": None}, headers={"Cache-Control": "no-cache"})
        body["url"] = f"/tiles/{body.pop('file')}"
        return JSONResponse(body, headers={"Cache-Control": "no-cache"})

    @routes.get("/{name}")
    def archive(name: str) -> FileResponse:
        """A PMTiles archive, or the range of it that is asked for. Its name carries a hash of its content."""
        path = folder / name
        if not _ARCHIVE.fullmatch(name) or not path.is_file():
            raise RefusedError(f"no base map {name[:90]!r}", kind="missing")
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        return FileResponse(path, media_type="application/vnd.pmtiles", headers=headers)

    return routes
