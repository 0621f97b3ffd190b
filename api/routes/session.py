"""`/api/v1/session`: log in, stay logged in, log out; with cookies for browsers, with tokens in the body for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api.asking import Asking, may
from api.live.hub import Hub
from api.login import REFRESH_COOKIE, Doorkeeper, address_of, counting, now_ms
from api.metrics import Metrics
from api.schemas.session import Credentials, NewPassword, Person, Refreshing, Tokens
from domain.errors import RefusedError
from domain.units import instant
from operations import accounts
from operations.identity import ACCESS_S, Attempt, LockedError, Login, Principal
from storage.scope import SERVICE, Scope

Own = Annotated[Principal, Depends(may("session:own"))]


def router(doorkeeper: Doorkeeper, hub: Hub, metrics: Metrics) -> APIRouter:
    """Routes of the login."""
    routes = APIRouter(prefix="/api/v1/session", tags=["session"])

    @routes.post("", response_model=Person)
    def log_in(body: Credentials, request: Request) -> Response:
        """Log in by name and password; sets the cookies. 401 with code `second_factor`: send the authenticator's code too."""
        return answer(doorkeeper, _log_in(doorkeeper, metrics, body, request, "cookie"))

    @routes.post("/refresh", response_model=Person)
    async def refresh(request: Request) -> Response:
        """New tokens for the refresh cookie."""
        login = await doorkeeper.renew(request.cookies.get(REFRESH_COOKIE, ""), address_of(request))
        if login is None:
            raise RefusedError("the login has ended: log in again", kind="unauthenticated")
        return answer(doorkeeper, login)

    @routes.delete("", status_code=204)
    async def log_out(request: Request) -> Response:
        """End the login, its cookies and its sockets; without a login only the cookies."""
        principal = await doorkeeper.person(request)
        if principal is not None:
            if not doorkeeper.proven(request, principal):
                raise RefusedError("the X-CSRFToken header is missing or wrong", kind="forbidden")
            await doorkeeper.end(principal)
            hub.close_session(principal.session_id)
        return with_cookies(Response(status_code=204), doorkeeper.no_cookies())

    _own(routes, doorkeeper, hub)
    _in_bodies(routes, doorkeeper, metrics)
    return routes


def _own(routes: APIRouter, doorkeeper: Doorkeeper, hub: Hub) -> None:
    @routes.get("/me")
    def me(principal: Asking) -> Person:
        """Who is logged in."""
        return person(principal)

    @routes.post("/password", status_code=204)
    def password(body: NewPassword, principal: Own) -> Response:
        """Change one's own password; ends one's other logins."""
        with counting(doorkeeper.pool, principal.scope()) as conn:
            present, new = body.password.get_secret_value(), body.new_password.get_secret_value()
            ended = accounts.change_own_password(conn, principal, present, new, now_ms())
        for one in ended:
            hub.close_session(str(one))
        return Response(status_code=204)


def _in_bodies(routes: APIRouter, doorkeeper: Doorkeeper, metrics: Metrics) -> None:
    @routes.post("/tokens", response_model=Tokens)
    def tokens(body: Credentials, request: Request) -> Response:
        """Log in without cookies: access token and refresh secret come in the body. Programs that run unattended use an API key instead."""
        return _in_body(_log_in(doorkeeper, metrics, body, request, "token"))

    @routes.post("/tokens/refresh", response_model=Tokens)
    async def refresh_tokens(body: Refreshing, request: Request) -> Response:
        """New tokens for a refresh secret, which is good for one use; a used one that comes back ends the login."""
        login = await doorkeeper.renew(body.refresh_token, address_of(request))
        if login is None:
            raise RefusedError("the login has ended: log in again", kind="unauthenticated")
        return _in_body(login)


def _log_in(doorkeeper: Doorkeeper, metrics: Metrics, body: Credentials, request: Request, kind: str) -> Login:
    address = address_of(request)
    trace = str(request.scope.get("state", {}).get("request_id", ""))
    attempt = Attempt(body.name, body.password, address, body.code, kind, request.headers.get("user-agent", ""))
    scope = Scope(SERVICE, actor=body.name or "nobody", trace_id=trace, address=address)
    try:
        with counting(doorkeeper.pool, scope) as conn:
            login = doorkeeper.identity.log_in(conn, attempt, now_ms())
    except RefusedError as error:
        metrics.logins.labels("locked" if isinstance(error, LockedError) else "refused").inc()
        raise
    metrics.logins.labels("accepted").inc()
    return login


def person(principal: Principal) -> Person:
    """Who asks, for the outside."""
    return Person(
        user_id=principal.user_id,
        name=principal.name,
        role=principal.role,
        region_code=f"{principal.region_code:06d}",
        operator_id=principal.operator_id,
        person_id=principal.person_id,
        unmask=principal.unmask,
        rights=sorted(principal.all_rights()),
        expires=instant(principal.expires_ms).isoformat(),
    )


def answer(doorkeeper: Doorkeeper, login: Login) -> Response:
    """Who is logged in now, with the cookies."""
    return with_cookies(JSONResponse(person(login.principal).model_dump()), doorkeeper.cookies(login))


def _in_body(login: Login) -> Response:
    body = Tokens(
        access_token=login.access, refresh_token=login.refresh, token_type="Bearer", expires_in=ACCESS_S, person=person(login.principal)
    )
    return JSONResponse(body.model_dump(), headers={"Cache-Control": "no-store"})


def with_cookies(response: Response, cookies: list[str]) -> Response:
    """The answer with these Set-Cookie values, kept by nobody."""
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    response.headers["Cache-Control"] = "no-store"
    return response
