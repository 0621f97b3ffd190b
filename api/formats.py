"""Which form an answer takes: by `format=`, else by `Accept`; and answers that are sent as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from fastapi import Header, Request
from fastapi.responses import JSONResponse, StreamingResponse

from api.answers import GEOJSON
from api.text_columns import gzipped
from domain.errors import RefusedError

JSON = "application/json"

Accept = Annotated[str | None, Header(description="media type of the answer; `format` counts more")]


class GeoJsonResponse(JSONResponse):
    """Documents a route that always answers with GeoJSON."""

    media_type = GEOJSON


def media_type_of(accept: str | None, offered: Mapping[str, str], format_: str | None = None) -> tuple[str, str]:
    """(word, media type) of the form to answer in.

    Args:
        accept: header of the request.
        offered: media type by word, the one preferred first.
        format_: word that the client asked for; it counts more than the header.
    Raises:
        RefusedError: kind "not_acceptable" (406): the client takes none of them.
    """
    if format_ is not None:
        return format_, offered[format_]
    best, weight = "", 0.0
    for range_, quality in _ranges(accept or "*/*"):
        if quality > weight:
            found = next((word for word, kind in offered.items() if _within(kind, range_)), "")
            best, weight = (found, quality) if found else (best, weight)
    if not best:
        raise RefusedError(f"none of {', '.join(offered.values())} is accepted", field="Accept", kind="not_acceptable")
    return best, offered[best]


def stream(request: Request, parts: Iterator[bytes], media_type: str, headers: Mapping[str, str] | None = None) -> StreamingResponse:
    """An answer sent as it is written, compressed quickly for who takes gzip."""
    said = {"Vary": "Accept, Accept-Encoding", "Cache-Control": "private, no-cache", **(headers or {})}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return StreamingResponse(gzipped(parts), media_type=media_type, headers=said | {"Content-Encoding": "gzip"})
    return StreamingResponse(parts, media_type=media_type, headers=said)


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Media ranges with their weights (RFC 9110 12.5.1); a weight that is no number counts as 1."""
    for part in accept.split(","):
        range_, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        yield range_, float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0


def _within(kind: str, range_: str) -> bool:
    return range_ in ("*/*", kind) or (range_.endswith("/*") and kind.startswith(range_[:-1]))
