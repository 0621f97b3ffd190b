"""`/api/v1/session/oidc`: to another provider and back."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.login import Doorkeeper, address_of, counting, now_ms
from api.login_layer import LOGIN_PAGE
from api.metrics import Metrics
from api.routes.session import with_cookies
from operations import identity_links
from operations.identity import Attempt, Login
from operations.identity_oidc import STATE_S, OidcError, Proved
from storage.scope import SERVICE, Scope

log = structlog.get_logger()

COOKIE = "cuntong_oidc"
PATH = "/api/v1/session/oidc"
HOME = "/app/monitor"
_LOCAL = re.compile(r"/app/(?![/\\])[^\\\x00-\x20]*")

Short = Annotated[str, Query(max_length=2000)]


def local(then: str) -> str:
    """The page to go to: one of ours, whatever was asked."""
    return then if _LOCAL.fullmatch(then) else HOME


def router(doorkeeper: Doorkeeper, metrics: Metrics) -> APIRouter:
    """Routes of the login at another provider."""
    routes = APIRouter(prefix=PATH, tags=["session"])
    provider = doorkeeper.identity.provider

    @routes.get("", status_code=303, response_class=RedirectResponse)
    def begin(request: Request, next: Short = HOME) -> Response:
        """Go to the provider; `next` is the page of ours to open afterwards. What fails is told on the login page."""
        try:
            if provider is None:
                raise OidcError("none", "no provider is configured: see [oidc] in cuntong.toml")
            begun = provider.begin(provider.settings.redirect_url or _callback(request), local(next), now_ms())
        except OidcError as error:
            return _failed(doorkeeper, error, local(next))
        cookie = doorkeeper.cookie(COOKIE, begun.kept, max_age=STATE_S, path=PATH)
        return with_cookies(RedirectResponse(begun.url, 303), [cookie])

    @routes.get("/callback", status_code=303, response_class=RedirectResponse)
    def callback(request: Request, state: Short = "", code: Short = "", error: Short = "") -> Response:
        """Back from the provider: sets the cookies of the login; what failed is told on the login page."""
        try:
            if provider is None:
                raise OidcError("none", "no provider is configured: see [oidc] in cuntong.toml")
            if error or not code:
                raise OidcError("refused", f"the provider says {error[:100]!r}")
            proved = provider.finish(request.cookies.get(COOKIE, ""), state, code, now_ms())
            login = _open(doorkeeper, request, proved)
        except OidcError as failure:
            metrics.logins.labels("refused").inc()
            return _failed(doorkeeper, failure, HOME)
        metrics.logins.labels("accepted").inc()
        return with_cookies(RedirectResponse(local(proved.then), 303), [*doorkeeper.cookies(login), _forgotten(doorkeeper)])

    return routes


def _open(doorkeeper: Doorkeeper, request: Request, proved: Proved) -> Login:
    address, agent = address_of(request), request.headers.get("user-agent", "")
    trace = str(request.scope.get("state", {}).get("request_id", ""))
    with counting(doorkeeper.pool, Scope(SERVICE, actor=proved.claim or "oidc", trace_id=trace, address=address)) as conn:
        found = identity_links.account_of(conn, proved, now_ms())
        return doorkeeper.identity.open(conn, found, Attempt(found.name, "", address, kind="oidc", agent=agent), now_ms())


def _failed(doorkeeper: Doorkeeper, failure: OidcError, then: str) -> Response:
    log.warning("oidc_login_failed", code=failure.code, reason=str(failure))
    there = f"{LOGIN_PAGE}?{urlencode({'error': f'oidc_{failure.code}', 'next': then})}"
    return with_cookies(RedirectResponse(there, 303), [_forgotten(doorkeeper)])


def _forgotten(doorkeeper: Doorkeeper) -> str:
    return doorkeeper.cookie(COOKIE, "", max_age=0, path=PATH)


def _callback(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{PATH}/callback"
