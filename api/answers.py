"""Answers of some size: an ETag of their content, 304 when the client has them, gzip when it takes it."""

from __future__ import annotations

import gzip
import hashlib

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

GEOJSON = "application/geo+json"
SMALL = 1024
"""Bodies below this many bytes are not compressed."""


def answer(request: Request, body: BaseModel, media_type: str = "application/json") -> Response:
    """The body as JSON, private to the person who asked."""
    return _sent(request, body.model_dump_json().encode(), media_type)


def _sent(request: Request, raw: bytes, media_type: str) -> Response:
    headers = {
        "ETag": f'W/"{hashlib.sha256(raw).hexdigest()[:24]}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if len(raw) >= SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(gzip.compress(raw, 5, mtime=0), media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(raw, media_type=media_type, headers=headers)
