"""`/static/` and `/vendor/`: our own modules and the vendored libraries, compressed once, with an ETag."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from domain.errors import RefusedError

MEDIA_TYPES = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
SMALL = 1024
"""Files below this many bytes are not compressed."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One file in memory; gzipped is None for small ones."""

    media_type: str
    etag: str
    raw: bytes
    gzipped: bytes | None


class Folder:
    """Files of a folder, read when first asked for and again when they change.

    Args:
        root: only files below it, of the media types above, are served.
        versioned: True for `<package>/<version>/<file>` served as `<package>/<file>`.
    """

    def __init__(self, root: Path, *, versioned: bool = False) -> None:
        self._packed: dict[str, tuple[int, Packed]] = {}
        self._paths = {
            self._name(path.relative_to(root), versioned): path for path in sorted(root.rglob("*")) if path.suffix in MEDIA_TYPES
        }

    @staticmethod
    def _name(relative: Path, versioned: bool) -> str:
        parts = relative.parts
        return "/".join((parts[0], *parts[2:])) if versioned and len(parts) > 2 else "/".join(parts)

    def file(self, name: str) -> Packed:
        """A file by its name in the folder; RefusedError when there is none."""
        path = self._paths.get(name)
        if path is None or not path.is_file():
            raise RefusedError(f"no file {name[:90]!r}", kind="missing")
        changed = path.stat().st_mtime_ns
        held = self._packed.get(name)
        if held is None or held[0] != changed:
            held = self._packed[name] = (changed, _pack(path))
        return held[1]


def _pack(path: Path) -> Packed:
    raw = path.read_bytes()
    etag = f'"{hashlib.sha256(raw).hexdigest()[:24]}"'
    gzipped = gzip.compress(raw, 6, mtime=0) if len(raw) >= SMALL else None
    return Packed(f"{MEDIA_TYPES[path.suffix]}; charset=utf-8", etag, raw, gzipped)


def router(prefix: str, folder: Folder) -> APIRouter:
    """Routes of a folder's files."""
    routes = APIRouter(prefix=prefix, include_in_schema=False)

    @routes.get("/{name:path}")
    def file(name: str, request: Request) -> Response:
        """The file, 304 when the browser has it."""
        packed = folder.file(name)
        headers = {"ETag": packed.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == packed.etag:
            return Response(status_code=304, headers=headers)
        if packed.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed.gzipped, media_type=packed.media_type, headers=headers | {"Content-Encoding": "gzip"})
        return Response(packed.raw, media_type=packed.media_type, headers=headers)

    return routes
