"""`/api/v1/sessions`: logins that stand, and ending them; `/api/v1/session/totp`: the second factor."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.asking import asking, may
from api.cursors import Paging
from api.live.hub import Hub
from api.login import Doorkeeper, counting, now_ms
from api.schemas.accounts import INT_MOST
from api.schemas.session import Code, Disabling, Enrolling, EnrolmentOut, FactorState, SessionOut, Sessions
from operations import identity_sessions
from operations.identity import Principal

Own = Annotated[Principal, Depends(may("session:own"))]
Whose = Annotated[int | None, Query(ge=1, le=INT_MOST, description="another account's logins, for administrators; without it your own")]


def router(doorkeeper: Doorkeeper, hub: Hub) -> APIRouter:
    """Routes of logins and second factors."""
    routes = APIRouter(prefix="/api/v1", tags=["session"])
    _factor(routes, doorkeeper)

    @routes.get("/sessions")
    def sessions(principal: Own, page: Paging, user_id: Whose = None) -> Sessions:
        """Logins that stand."""
        with asking(doorkeeper.pool, principal) as conn:
            after = UUID(page.after[0]) if page.after else None
            rows = identity_sessions.listed(conn, principal, user_id, now_ms(), after, page.limit + 1)
        told = page.cut(rows, lambda row: (str(row.session_id),))
        return Sessions(sessions=[_told(row, principal) for row in told])

    @routes.delete("/sessions/{session_id}", status_code=204)
    def end(principal: Own, session_id: UUID) -> Response:
        """End a login of one's own (an administrator: of the accounts that may be seen); its tokens and sockets end at once."""
        with asking(doorkeeper.pool, principal) as conn:
            identity_sessions.end(conn, principal, session_id, now_ms())
        hub.close_session(str(session_id))
        return Response(status_code=204)

    return routes


def _factor(routes: APIRouter, doorkeeper: Doorkeeper) -> None:
    factor = doorkeeper.identity.factor

    @routes.get("/session/totp")
    def state(principal: Own) -> FactorState:
        """Whether a second factor is in force."""
        with asking(doorkeeper.pool, principal) as conn:
            return FactorState(in_force=factor.in_force(conn, principal.user_id))

    @routes.post("/session/totp", status_code=201)
    def enrol(principal: Own, body: Enrolling, response: Response) -> EnrolmentOut:
        """A fresh secret for an authenticator; it counts once a code of it is confirmed."""
        with counting(doorkeeper.pool, principal.scope()) as conn:
            made = factor.enrol(conn, principal, body.password.get_secret_value(), now_ms())
        response.headers["Cache-Control"] = "no-store"
        return EnrolmentOut(secret=made.secret, uri=made.uri)

    @routes.post("/session/totp/confirm", status_code=204)
    def confirm(principal: Own, body: Code) -> Response:
        """The first code proves that the authenticator works."""
        with counting(doorkeeper.pool, principal.scope()) as conn:
            factor.confirm(conn, principal, body.code, now_ms())
        return Response(status_code=204)

    @routes.post("/session/totp/disable", status_code=204)
    def disable(principal: Own, body: Disabling) -> Response:
        """End the second factor, by password and code."""
        with counting(doorkeeper.pool, principal.scope()) as conn:
            factor.disable(conn, principal, body.password.get_secret_value(), body.code, now_ms())
        return Response(status_code=204)


def _told(row: identity_sessions.Listed, principal: Principal) -> SessionOut:
    return SessionOut(
        session_id=str(row.session_id),
        user_id=row.user_id,
        name=row.name,
        kind=row.kind,
        address=row.address,
        agent=row.agent,
        created=row.created_at.isoformat(),
        used=row.used_at.isoformat(),
        expires=row.expires_at.isoformat(),
        current=str(row.session_id) == principal.session_id,
    )
