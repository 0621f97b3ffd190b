"""The layer before every page and route: who is not logged in gets 401, or the login page."""

from __future__ import annotations

from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.login import AWAY, REFRESH_COOKIE, Doorkeeper, address_of
from api.problems import problem
from operations.identity import Login, Principal

LOGIN_PAGE = "/app/login"

OPEN_PATHS = frozenset((
    "/", "/healthz", "/readyz", "/favicon.ico", LOGIN_PAGE, "/api/v1/session", "/api/v1/session/refresh", "/api/v1/session/tokens",
    "/api/v1/session/tokens/refresh", "/api/v1/session/oidc", "/api/v1/session/oidc/callback",
))  # fmt: skip
OPEN_PREFIXES = ("/static/", "/vendor/", "/app/public/", "/app/assets/", "/app/_dash-component-suites/", "/app/_favicon.ico")
WITHOUT_DATABASE = ("/app/", "/tiles/")
"""Pages and files that whoever holds a valid token gets even while the database is away; they show no row of it."""
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


class LoginLayer:
    """ASGI layer: puts the principal into `scope["state"]`; who is not logged in gets 401, or the login page.

    Sockets check for themselves, because a refused socket must tell its close code. free: further paths that everybody may ask.
    """

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper, free: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._door = doorkeeper
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401, 403 or a redirect."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        trace = str(scope.setdefault("state", {}).get("request_id", ""))
        try:
            principal, login = await self._who(connection)
        except AWAY:
            principal, login = self._door.unchecked(connection), None
            if principal is None or not scope["path"].startswith(WITHOUT_DATABASE):
                answer = problem(503, "store", "the database does not answer", trace_id=trace, headers={"Retry-After": "2"})
                await answer(scope, receive, send)
                return
        scope["state"]["principal"] = principal
        refusal = self._refusal(connection, principal, trace)
        if login is not None:
            send = _setting_cookies(send, self._door.cookies(login))
        await (refusal or self._app)(scope, receive, send)

    async def _who(self, connection: HTTPConnection) -> tuple[Principal | None, Login | None]:
        if _open(connection.url.path) or connection.url.path in self._free:
            return None, None
        principal = await self._door.person(connection)
        refresh = connection.cookies.get(REFRESH_COOKIE)
        if principal is not None or refresh is None or "authorization" in connection.headers:
            return principal, None
        login = await self._door.renew(refresh, address_of(connection))
        return (login.principal, login) if login is not None else (None, None)

    def _refusal(self, connection: HTTPConnection, principal: Principal | None, trace: str) -> Response | None:
        path = connection.url.path
        method = connection.scope["method"]
        if method not in SAFE_METHODS and not self._door.own_origin(connection):
            return problem(403, "origin", "the request comes from another site", trace_id=trace)
        if _open(path) or path in self._free:
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
