"""`/api/v1/users`: accounts, for administrators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response

from api.asking import asking, may
from api.cursors import Paging
from api.live.hub import Hub
from api.login import Doorkeeper, now_ms
from api.preconditions import IfMatch, etag_of, require_match
from api.schemas.accounts import INT_MOST, AccountChange, AccountIn, AccountMade, AccountOut, Accounts
from domain.errors import RefusedError
from operations import accounts, accounts_store
from operations.accounts_store import Account, Grant
from operations.identity import Principal

Manager = Annotated[Principal, Depends(may("users:manage"))]
CLEARABLE = ("operator_id", "person_id")
UserId = Annotated[int, Path(ge=1, le=INT_MOST)]


def router(doorkeeper: Doorkeeper, hub: Hub) -> APIRouter:
    """Routes of accounts."""
    routes = APIRouter(prefix="/api/v1/users", tags=["users"])

    @routes.get("")
    def users(principal: Manager, page: Paging) -> Accounts:
        """Accounts of one's region, and of one's operator where one has one."""
        with asking(doorkeeper.pool, principal) as conn:
            rows = accounts_store.accounts(conn, page.after[0] if page.after else 0, page.limit + 1)
        return Accounts(users=[AccountOut(**_told(row)) for row in page.cut(rows, lambda row: (row.user_id,))])

    @routes.post("", status_code=201)
    def make(principal: Manager, body: AccountIn, response: Response) -> AccountMade:
        """A new account, with a grant as wide as one's own or narrower."""
        password = body.password.get_secret_value() if body.password else accounts.new_password()
        grant = Grant(body.role, body.region_code, body.operator_id, body.person_id, body.unmask)
        with asking(doorkeeper.pool, principal) as conn:
            made = _found(accounts_store.account(conn, user_id=accounts.add_user(conn, body.name, password, grant)))
        response.headers["Cache-Control"] = "no-store"
        return AccountMade(**_told(made), password=None if body.password else password)

    _one(routes, doorkeeper, hub)
    return routes


def _one(routes: APIRouter, doorkeeper: Doorkeeper, hub: Hub) -> None:
    @routes.get("/{user_id}")
    def user(principal: Manager, user_id: UserId, response: Response) -> AccountOut:
        """One account; its ETag is what an edit names in `If-Match`."""
        with asking(doorkeeper.pool, principal) as conn:
            found = _found(accounts_store.account(conn, user_id=user_id))
        response.headers["ETag"] = _etag(found)
        return AccountOut(**_told(found))

    @routes.patch("/{user_id}")
    def change(principal: Manager, user_id: UserId, body: AccountChange, response: Response, if_match: IfMatch = None) -> AccountOut:
        """Another grant, disabled or enabled; counts at once for every login and key of the account. Nobody changes one's own."""
        if user_id == principal.user_id:
            raise RefusedError("nobody changes one's own grant: ask another administrator", field="user_id", kind="forbidden")
        with asking(doorkeeper.pool, principal) as conn:
            found = _found(accounts_store.account(conn, user_id=user_id, lock=True))
            require_match(if_match, _etag(found))
            said = {name: value for name, value in body if name in body.model_fields_set and (value is not None or name in CLEARABLE)}
            disabled = bool(said.pop("disabled", found.disabled))
            grant = Grant(**(asdict(found.grant) | said))
            ended = accounts.change(conn, user_id, grant, disabled, now_ms())
            changed = _found(accounts_store.account(conn, user_id=user_id))
        for one in ended:
            hub.close_session(str(one))
        response.headers["ETag"] = _etag(changed)
        return AccountOut(**_told(changed))


def _found(found: Account | None) -> Account:
    if found is None:
        raise RefusedError("no such account", field="user_id", kind="missing")
    return found


def _etag(found: Account) -> str:
    return etag_of("account", found.user_id, found.changed_at)


def _told(row: Account) -> dict[str, Any]:
    return {
        "user_id": row.user_id, "name": row.name, "role": row.role, "region_code": row.region_code, "operator_id": row.operator_id,
        "person_id": row.person_id, "unmask": row.unmask, "disabled": row.disabled,
        "created": row.created_at.isoformat() if row.created_at else "", "changed": row.changed_at.isoformat() if row.changed_at else "",
    }  # fmt: skip
