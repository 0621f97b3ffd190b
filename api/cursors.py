"""Keyset paging: `?limit=&cursor=`, the next page in `Link: rel="next"`. A cursor holds the sort key and id of the last row that was told.

Cursors are opaque, signed and bound to the path and filters they were given for: none can be made up, changed or used elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query, Request, Response

from domain.errors import RefusedError

T = TypeVar("T")

DEFAULT_LIMIT = 100
MOST_ROWS = 1_000
WHOLE = 2**31 - 2
_SIGNATURE = 16
_FREE = frozenset(("cursor", "limit"))
"""Parameters that may change from page to page."""


class Cursors:
    """Makes and reads cursors.

    Args:
        secret: of the logins; a key of its own is derived from it, so that restarts leave cursors good.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.new(secret, b"derived:cursors", hashlib.sha256).digest()

    def seal(self, binding: bytes, key: Sequence[Any]) -> str:
        """Cursor of a row.

        Args:
            binding: what it is good for (`_binding`).
            key: sort key and id: text, numbers, instants, days, None.
        """
        body = json.dumps([_said(part) for part in key], separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(self._sign(binding, body) + body).rstrip(b"=").decode()

    def open(self, binding: bytes, cursor: str) -> tuple[Any, ...]:
        """Sort key and id that a cursor holds.

        Raises:
            RefusedError: kind "invalid": made up, damaged, or given for another list.
        """
        try:
            raw = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as error:
            raise _refused() from error
        signature, body = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(binding, body)):
            raise _refused()
        return tuple(_read(part) for part in json.loads(body))

    def _sign(self, binding: bytes, body: bytes) -> bytes:
        return hmac.new(self._key, hashlib.sha256(binding).digest() + body, hashlib.sha256).digest()[:_SIGNATURE]


@dataclass(frozen=True, slots=True)
class Page:
    """The page that is asked for.

    Args:
        limit: rows at most; `WHOLE` where everything was asked for.
        after: sort key and id of the last row of the page before; None: the first page.
        headers: of the answer; `cut` puts the link there. A route that answers with a `Response` of its own passes them to it.
    """

    limit: int
    after: tuple[Any, ...] | None
    headers: dict[str, str]
    _response: Response
    _next: Callable[[Sequence[Any]], str]

    def cut(self, rows: Sequence[T], key: Callable[[T], Sequence[Any]]) -> list[T]:
        """The rows to tell, and the link to the next page when there are more.

        Args:
            rows: up to `limit + 1` rows after `after`, in order.
            key: sort key and id of a row, unique and ordered as the rows are.
        """
        told = list(rows[: self.limit])
        if len(rows) > self.limit:
            self.headers["Link"] = self._response.headers["Link"] = f'<{self._next(key(told[-1]))}>; rel="next"'
        return told


Limit = Query(ge=1, le=MOST_ROWS, description="rows at most")
CursorQuery = Annotated[str | None, Query(max_length=1_000, description='of the `Link: rel="next"` of the page before')]


async def _paging(request: Request, response: Response, limit: Annotated[int, Limit] = DEFAULT_LIMIT, cursor: CursorQuery = None) -> Page:
    return _page(request, response, limit, cursor)


async def _paging_or_whole(
    request: Request, response: Response, limit: Annotated[int | None, Limit] = None, cursor: CursorQuery = None
) -> Page:
    return _page(request, response, limit or (WHOLE if cursor is None else DEFAULT_LIMIT), cursor)


def _page(request: Request, response: Response, limit: int, cursor: str | None) -> Page:
    cursors: Cursors = request.app.state.cursors
    binding = _binding(request)

    def following(key: Sequence[Any]) -> str:
        kept = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "cursor"]
        return f"{request.url.path}?{urlencode([*kept, ('cursor', cursors.seal(binding, key))])}"

    after = cursors.open(binding, cursor) if cursor is not None else None
    return Page(limit, after, {}, response, following)


Paging = Annotated[Page, Depends(_paging)]
"""Parameter of a route that lists: `page: Paging`."""

PagingOrWhole = Annotated[Page, Depends(_paging_or_whole)]
"""Likewise, for a route that tells everything when no limit is asked for."""


def _binding(request: Request) -> bytes:
    filters = sorted(pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] not in _FREE)
    return json.dumps([request.url.path, filters]).encode()


def _refused() -> RefusedError:
    return RefusedError("the cursor is not one of this list: ask for the first page again, without it", field="cursor")


def _said(part: Any) -> Any:
    if isinstance(part, datetime):
        return {"at": part.isoformat()}
    if isinstance(part, date):
        return {"day": part.isoformat()}
    return part


def _read(part: Any) -> Any:
    if isinstance(part, dict):
        return datetime.fromisoformat(part["at"]) if "at" in part else date.fromisoformat(part["day"])
    return part
