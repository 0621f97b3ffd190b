"""`/api/v1/session`: log in, stay logged in, log out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.asking import Asking
from api.live.hub import Hub
from api.login import REFRESH_COOKIE, Doorkeeper, now_ms
from api.metrics import Metrics
from api.schemas.session import Credentials, Person
from domain.errors import RefusedError
from domain.units import instant
from operations.identity import LockedError, Login, Principal
from storage.scope import scoped, service


def router(doorkeeper: Doorkeeper, hub: Hub, metrics: Metrics) -> APIRouter:
    """Routes of the login."""
    routes = APIRouter(prefix="/api/v1/session", tags=["session"])

    @routes.post("", response_model=Person)
    def log_in(body: Credentials, request: Request) -> Response:
        """Log in by name and password; sets the cookies."""
        address = request.client.host if request.client else ""
        try:
            login = _log_in(doorkeeper, body, address)
        except RefusedError as error:
            metrics.logins.labels("locked" if isinstance(error, LockedError) else "refused").inc()
            raise
        metrics.logins.labels("accepted").inc()
        return _answer(doorkeeper, login)

    @routes.post("/refresh", response_model=Person)
    async def refresh(request: Request) -> Response:
        """New tokens for the refresh cookie."""
        login = await doorkeeper.renew(request.cookies.get(REFRESH_COOKIE, ""))
        if login is None:
            raise RefusedError("the login has ended", kind="unauthenticated")
        return _answer(doorkeeper, login)

    @routes.get("/me")
    def me(principal: Asking) -> Person:
        """Who is logged in."""
        return _person(principal)

    @routes.delete("", status_code=204)
    async def log_out(request: Request) -> Response:
        """End the login, its cookies and its sockets; without a login only the cookies."""
        principal = doorkeeper.principal(request)
        if principal is not None:
            if not doorkeeper.proven(request, principal):
                raise RefusedError("the X-CSRFToken header is missing or wrong", kind="forbidden")
            await doorkeeper.end(principal)
            hub.close_session(principal.session_id)
        return _with_cookies(Response(status_code=204), doorkeeper.no_cookies())

    return routes


def _log_in(doorkeeper: Doorkeeper, body: Credentials, address: str) -> Login:
    """Failed tries are counted in the same transaction, so it commits whatever the outcome."""
    refused: RefusedError | None = None
    with scoped(doorkeeper.pool, service("login")) as conn:
        try:
            return doorkeeper.identity.log_in(conn, body.name, body.password, address, now_ms())
        except RefusedError as error:
            refused = error
    raise refused


def _person(principal: Principal) -> Person:
    return Person(
        user_id=principal.user_id,
        name=principal.name,
        role=principal.role,
        region_code=str(principal.region_code),
        expires=instant(principal.expires_ms).isoformat(),
    )


def _answer(doorkeeper: Doorkeeper, login: Login) -> Response:
    return _with_cookies(JSONResponse(_person(login.principal).model_dump()), doorkeeper.cookies(login))


def _with_cookies(response: Response, cookies: list[str]) -> Response:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    response.headers["Cache-Control"] = "no-store"
    return response
