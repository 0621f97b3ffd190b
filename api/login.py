"""Who asks: cookies, the login layer before every page and route, and proof that a changing request is our own page's."""

from __future__ import annotations

import asyncio
import hmac
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import quote, urlsplit

import psycopg
from psycopg_pool import PoolTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.live.source import Pool
from api.problems import problem
from domain.errors import RefusedError
from operations.identity import REFRESH_DAYS, Identity, Login, Principal
from storage.scope import scoped, service

ACCESS_COOKIE = "cuntong_access"
REFRESH_COOKIE = "cuntong_refresh"
CSRF_COOKIE = "_csrf_token"
CSRF_HEADER = "x-csrftoken"
LOGIN_PAGE = "/app/login"

OPEN_PATHS = frozenset(("/", "/healthz", "/readyz", "/favicon.ico", LOGIN_PAGE, "/api/v1/session", "/api/v1/session/refresh"))
OPEN_PREFIXES = ("/static/", "/vendor/", "/app/public/", "/app/assets/", "/app/_dash-component-suites/", "/app/_favicon.ico")
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


def now_ms() -> int:
    """Epoch ms UTC of this machine's clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Checks who asks.

    Args:
        identity: reads and renews tokens.
        pool: of role "app".
        secure: cookies only over TLS.
        origins: allowed origins beside our own.
    """

    identity: Identity
    pool: Pool
    secure: bool
    origins: tuple[str, ...]

    def cookies(self, login: Login) -> list[str]:
        """Set-Cookie values of a login."""
        values = [self._cookie(ACCESS_COOKIE, login.access, True), self._cookie(CSRF_COOKIE, login.csrf, False)]
        if login.refresh is not None:
            values.append(self._cookie(REFRESH_COOKIE, login.refresh, True))
        return values

    def no_cookies(self) -> list[str]:
        """Set-Cookie values that end a login in the browser."""
        return [self._cookie(name, "", True, 0) for name in (ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE)]

    def _cookie(self, name: str, value: str, http_only: bool, max_age: int = REFRESH_DAYS * 86_400) -> str:
        cookie: SimpleCookie = SimpleCookie()
        cookie[name] = value
        cookie[name].update({"path": "/", "samesite": "Lax", "max-age": str(max_age)})
        if http_only:
            cookie[name]["httponly"] = True
        if self.secure:
            cookie[name]["secure"] = True
        return cookie[name].OutputString()

    def principal(self, connection: HTTPConnection) -> Principal | None:
        """Who asks, by bearer token or cookie; None: nobody known."""
        return self.by_token(bearer(connection.headers) or connection.cookies.get(ACCESS_COOKIE))

    def by_token(self, token: str | None) -> Principal | None:
        """Whom an access token speaks for; None when it is missing, forged or too old."""
        if not token:
            return None
        try:
            return self.identity.read(token, now_ms())
        except RefusedError:
            return None

    async def renew(self, refresh: str) -> Login | None:
        """New tokens for a refresh secret; None when the login has ended."""
        return await asyncio.to_thread(self._renew, refresh)

    def _renew(self, refresh: str) -> Login | None:
        with scoped(self.pool, service("login")) as conn:
            try:
                return self.identity.refresh(conn, refresh, now_ms())
            except RefusedError:
                return None

    async def end(self, principal: Principal) -> None:
        """Log out."""
        await asyncio.to_thread(self._end, principal.session_id)

    def _end(self, session_id: str) -> None:
        with scoped(self.pool, service("login")) as conn:
            self.identity.log_out(conn, session_id, now_ms())

    async def alive(self, session_id: str) -> bool:
        """The login still stands, by the database."""
        return await asyncio.to_thread(self._alive, session_id)

    def _alive(self, session_id: str) -> bool:
        try:
            with scoped(self.pool, service("login")) as conn:
                return self.identity.alive(conn, session_id, now_ms())
        except (psycopg.OperationalError, PoolTimeout):
            return True  # nobody can tell now; asked again at the next check, and no frame flows meanwhile

    def own_origin(self, connection: HTTPConnection) -> bool:
        """The request comes from a page of ours, or from no page at all."""
        origin = connection.headers.get("origin")
        if origin is None or origin in self.origins:
            return True
        return urlsplit(origin).netloc == connection.headers.get("host")

    def proven(self, connection: HTTPConnection, principal: Principal) -> bool:
        """A changing request carries this login's CSRF token; a bearer token is proof enough."""
        if bearer(connection.headers):
            return True
        return hmac.compare_digest(connection.headers.get(CSRF_HEADER, ""), self.identity.csrf(principal.session_id))


def bearer(headers: Headers) -> str | None:
    """Token of `Authorization: Bearer`; None when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class LoginLayer:
    """ASGI layer: puts the principal into `scope["state"]`; who is not logged in gets 401, or the login page.

    Sockets check for themselves, because a refused socket must tell its close code.
    """

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper) -> None:
        self._app = app
        self._door = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401, 403 or a redirect."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            principal, login = await self._who(connection)
        except (psycopg.OperationalError, PoolTimeout):
            answer = problem(503, "store", "the database does not answer", headers={"Retry-After": "2"})
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        refusal = self._refusal(connection, principal)
        if login is not None:
            send = _setting_cookies(send, self._door.cookies(login))
        await (refusal or self._app)(scope, receive, send)

    async def _who(self, connection: HTTPConnection) -> tuple[Principal | None, Login | None]:
        principal = self._door.principal(connection)
        refresh = connection.cookies.get(REFRESH_COOKIE)
        path = connection.url.path
        if principal is not None or refresh is None or _open(path):
            return principal, None
        login = await self._door.renew(refresh)
        return (login.principal, login) if login is not None else (None, None)

    def _refusal(self, connection: HTTPConnection, principal: Principal | None) -> Response | None:
        path = connection.url.path
        method = connection.scope["method"]
        trace = str(connection.scope["state"].get("request_id", ""))
        if method not in SAFE_METHODS and not self._door.own_origin(connection):
            return problem(403, "origin", "the request comes from another site", trace_id=trace)
        if _open(path):
            return None
        if principal is None:
            if path.startswith("/app/") and method == "GET" and "/_dash-" not in path:
                query = f"?{connection.url.query}" if connection.url.query else ""
                return RedirectResponse(f"{LOGIN_PAGE}?next={quote(path + query)}", 303)
            return problem(401, "unauthenticated", "log in first", trace_id=trace, headers={"WWW-Authenticate": "Bearer"})
        if method not in SAFE_METHODS and not self._door.proven(connection, principal):
            return problem(403, "csrf", "the X-CSRFToken header is missing or wrong", trace_id=trace)
        return None


def _open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)


def _setting_cookies(send: Send, cookies: list[str]) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for cookie in cookies:
                headers.append("set-cookie", cookie)
        await send(message)

    return dressed
