"""Parameters of OGC API - Features, read as the standard says: whatever is wrong with one is a 400."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request

from api.cursors import Cursors
from api.schemas.ogc import CRS84
from domain.errors import RefusedError

DEFAULT_LIMIT, MOST = 100, 1_000
KNOWN = frozenset(("limit", "bbox", "bbox-crs", "datetime", "cursor"))
Box = tuple[float, float, float, float]
Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a collection: limit features, in the box, in the span (both ends included, None: open), after a key."""

    limit: int
    box: Box | None
    span: Span
    after: tuple[Any, ...] | None


def bad(field: str, what: str) -> RefusedError:
    """A 400."""
    return RefusedError(f"{field}: {what}", field=field, kind="bad_request")


def require_known(request: Request, known: frozenset[str] = frozenset()) -> None:
    """Refuse parameters that the operation does not know (requirement /req/core/query-param-unknown)."""
    for name in request.query_params:
        if name not in known:
            raise bad(name[:40], f"is no parameter here; there are {', '.join(sorted(known)) or 'none'}")


def asked(request: Request) -> Asked:
    """The parameters of an items request.

    Raises:
        RefusedError: kind "bad_request".
    """
    require_known(request, KNOWN)
    said = request.query_params
    for name in KNOWN:
        if len(said.getlist(name)) > 1:
            raise bad(name, "is given more than once")
    if said.get("bbox-crs", CRS84) != CRS84:
        raise bad("bbox-crs", f"is {CRS84} alone")
    after = None
    if "cursor" in said:
        cursors: Cursors = request.app.state.cursors
        try:
            after = cursors.open(binding(request), said["cursor"])
        except RefusedError as error:
            raise bad("cursor", str(error)) from error
    box = _box(said["bbox"]) if "bbox" in said else None
    return Asked(_limit(said.get("limit")), box, _span(said["datetime"]) if "datetime" in said else (None, None), after)


def binding(request: Request) -> bytes:
    """What a cursor is bound to: the path and the filters."""
    said = request.query_params
    return json.dumps([request.url.path, said.get("bbox"), said.get("datetime")]).encode()


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text) >= 1):
        raise bad("limit", "is a whole number from 1")
    return min(int(text), MOST)


def _box(text: str) -> Box:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise bad("bbox", "is four or six numbers, with commas") from None
    if len(numbers) not in (4, 6) or not all(math.isfinite(one) for one in numbers):
        raise bad("bbox", "is four or six numbers, with commas")
    half = len(numbers) // 2
    west, south, east, north = numbers[0], numbers[1], numbers[half], numbers[half + 1]
    if south > north or max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 180:
        raise bad("bbox", "is west, south, east, north in degrees, south not above north")
    return west, south, east, north


def _span(text: str) -> Span:
    parts = text.split("/")
    if len(parts) > 2 or all(part in ("", "..") for part in parts):
        raise bad("datetime", "is an instant, or an interval of which one end may be open (..)")
    ends = [None if len(parts) == 2 and part in ("", "..") else _instant(part) for part in parts]
    first, last = (ends[0], ends[0]) if len(ends) == 1 else (ends[0], ends[1])
    if first is not None and last is not None and first > last:
        raise bad("datetime", "begins after its end")
    return first, last


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        raise bad("datetime", f"{text[:40]!r} is no RFC 3339 instant") from None
    if found.tzinfo is None or "T" not in text.upper():
        raise bad("datetime", f"{text[:40]!r} has no time or no zone")
    return found
