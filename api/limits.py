"""How much one may ask: requests a minute by address (before the login is read) and by person (after it), and bytes of a body.

Counts live in this process's memory, in a sliding window. Fields `RateLimit` and `RateLimit-Policy`: draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import ipaddress
import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from api.settings import WebSettings
from operations.identity import Principal

FREE = ("/static/", "/vendor/", "/tiles/", "/app/assets/", "/app/_dash-component-suites/", "/healthz", "/readyz")
"""Files of the screens, and what watches us."""

LOGINS = ("/api/v1/session", "/api/v1/session/tokens")
IMPORTS = re.compile(r"/api/v1/(?:.*/)?imports")
"""Paths that take whole files."""


@dataclass(frozen=True, slots=True)
class Count:
    """Where one asker stands. within: this request is allowed; left: further ones; reset_s: seconds until there is room again."""

    within: bool
    left: int
    reset_s: int


class Limit:
    """Requests a minute of everybody who is counted alike.

    Args:
        name: of the policy, told to clients.
        per_minute: 0: no limit.
    """

    def __init__(self, name: str, per_minute: int) -> None:
        self.name, self.per_minute = name, per_minute
        self._item = RateLimitItemPerMinute(max(per_minute, 1))
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())

    def hit(self, who: str) -> Count | None:
        """Count one request; None: there is no limit."""
        if not self.per_minute:
            return None
        within = self._counts.hit(self._item, who)
        reset_at, left = self._counts.get_window_stats(self._item, who)
        return Count(within, left, max(1, math.ceil(reset_at - time.time())))


class Rates(ABC):
    """ASGI layer that counts requests and answers 429 above the limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    @abstractmethod
    def counted(self, scope: Scope) -> Sequence[tuple[Limit, str]]:
        """Limits that apply to a request, and who is counted."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 429."""
        if scope["type"] != "http" or scope["path"].startswith(FREE):
            await self._app(scope, receive, send)
            return
        for limit, who in self.counted(scope):
            count = limit.hit(who)
            if count is None:
                continue
            told = _told(limit, count)
            if not count.within:
                await _too_many(scope, limit, count, told)(scope, receive, send)
                return
            send = _telling(send, told)
        await self._app(scope, receive, send)


class AddressRates(Rates):
    """Counts every request by its address, and logins once more. Stands before the login layer."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        super().__init__(app)
        self._all = Limit("address", settings.address_requests_per_minute)
        self._logins = Limit("login", settings.logins_per_minute)

    def counted(self, scope: Scope) -> Sequence[tuple[Limit, str]]:
        """By address."""
        who = network_of(scope["client"][0] if scope.get("client") else "")
        if scope["path"] in LOGINS and scope["method"] == "POST":
            return (self._all, who), (self._logins, who)
        return ((self._all, who),)


class PersonRates(Rates):
    """Counts by person, all sessions and keys of one together. Stands behind the login layer."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        super().__init__(app)
        self._person = Limit("person", settings.requests_per_minute)

    def counted(self, scope: Scope) -> Sequence[tuple[Limit, str]]:
        """By person; nobody where nobody is logged in."""
        principal = scope.get("state", {}).get("principal")
        return ((self._person, str(principal.user_id)),) if isinstance(principal, Principal) else ()


class Bodies:
    """ASGI layer that ends a request whose body is too big: at once by its length, else at the byte that is too many."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._most, self._import_most = settings.body_most, settings.import_most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._import_most if IMPORTS.fullmatch(scope["path"]) else self._most
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > most:
            await _too_big(scope, most)(scope, receive, send)
            return
        came, begun = 0, False

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise HTTPException(413, f"the body is bigger than {most} bytes")
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except HTTPException:
            if begun:
                raise
            await _too_big(scope, most)(scope, receive, send)


def network_of(address: str) -> str:
    """Who is counted as one address: an IPv4 address, or the /64 of an IPv6 one, which is what a subscriber gets."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


def _told(limit: Limit, count: Count) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.per_minute};w=60',
        "RateLimit": f'"{limit.name}";r={count.left};t={count.reset_s}',
    }


def _telling(send: Send, told: dict[str, str]) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in told.items():
                headers.setdefault(name, value)
        await send(message)

    return dressed


def _too_many(scope: Scope, limit: Limit, count: Count, told: dict[str, str]) -> Response:
    detail = f"more than {limit.per_minute} requests a minute: try again in {count.reset_s} s"
    headers = told | {"Retry-After": str(count.reset_s)}
    return problem(429, "too_many", detail, trace_id=_trace(scope), headers=headers)


def _too_big(scope: Scope, most: int) -> Response:
    detail = f"the body is bigger than {most} bytes: send less at a time"
    return problem(413, "too_big", detail, trace_id=_trace(scope), headers={"Connection": "close"})


def _trace(scope: Scope) -> str:
    return str(scope.get("state", {}).get("request_id", ""))
