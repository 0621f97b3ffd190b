"""`/api/v1/keys`: API keys of programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response

from api.asking import asking, may
from api.cursors import Paging
from api.live.hub import Hub
from api.login import Doorkeeper, now_ms
from api.schemas.accounts import KeyIn, KeyMade, KeyOut, Keys
from domain.errors import RefusedError
from domain.units import instant
from operations import identity_keys, identity_keys_store
from operations.identity import Principal
from operations.identity_keys import Wish
from operations.identity_keys_store import KeyRow

Own = Annotated[Principal, Depends(may("keys:own"))]


def router(doorkeeper: Doorkeeper, hub: Hub) -> APIRouter:
    """Routes of keys."""
    routes = APIRouter(prefix="/api/v1/keys", tags=["keys"])

    @routes.get("")
    def keys(principal: Own, page: Paging) -> Keys:
        """One's own keys, without their secrets."""
        with asking(doorkeeper.pool, principal) as conn:
            rows = identity_keys_store.keys(conn, principal.user_id, page.after[0] if page.after else "", page.limit + 1)
        return Keys(keys=[KeyOut(**_told(row)) for row in page.cut(rows, lambda row: (row.key_id,))])

    @routes.post("", status_code=201)
    def make(principal: Own, body: KeyIn, response: Response) -> KeyMade:
        """A new key. The answer holds it; it is told this once.

        A key does less than its owner or as much: `scopes` are rights of the owner's (`GET /api/v1/session/me` lists them), and it dies
        with the account. Send it as `Authorization: Bearer ck_…`; it needs no cookie and no CSRF token.
        """
        if body.expires.tzinfo is None:
            raise RefusedError("write the zone of expires, such as 2027-01-01T00:00:00Z", field="expires")
        wish = Wish(body.name, body.scopes, body.expires, body.region_code, body.networks)
        with asking(doorkeeper.pool, principal) as conn:
            row, text = identity_keys.make(conn, principal, wish, now_ms())
        response.headers["Cache-Control"] = "no-store"
        return KeyMade(**_told(row), key=text)

    @routes.delete("/{key_id}", status_code=204)
    def revoke(principal: Own, key_id: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]) -> Response:
        """End a key at once (an administrator: of any account that may be seen)."""
        whose = None if principal.may("users:manage") else principal.user_id
        with asking(doorkeeper.pool, principal) as conn:
            if not identity_keys_store.revoke(conn, key_id, whose, instant(now_ms())):
                raise RefusedError("no such key", field="key_id", kind="missing")
        hub.close_session(f"key:{key_id}")
        return Response(status_code=204)

    return routes


def _told(row: KeyRow) -> dict[str, Any]:
    return {
        "key_id": row.key_id, "name": row.name, "scopes": row.scopes, "region_code": row.region_code,
        "networks": [str(one) for one in row.networks], "created": row.created_at.isoformat(), "expires": row.expires_at.isoformat(),
        "used": row.used_at.isoformat() if row.used_at else None, "used_from": row.used_from,
    }  # fmt: skip
