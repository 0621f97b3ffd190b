"""Commands that take steps as an account: its scope and the four eyes hold as on the screens."""

from __future__ import annotations

from typing import Any

import psycopg

from domain.errors import RefusedError
from operations.accounts import list_users
from operations.registry import masters_store as store
from storage.scope import Scope, enter

Connection = psycopg.Connection[Any]


def scope_of(conn: Connection, name: str) -> Scope:
    """What an account sees, by its login name.

    Raises:
        RefusedError: kind "missing": no such account, or a disabled one.
    """
    account = next((one for one in list_users(conn) if one.name.lower() == name.lower() and not one.disabled), None)
    if account is None:
        raise RefusedError(f"no account {name} that may log in: `cuntong users list` tells all", field="as", kind="missing")
    return Scope(account.role, account.region_code, account.user_id, account.operator_id, account.person_id, account.name, False)


def act_as(conn: Connection, who: Scope) -> None:
    """Let the rest of the transaction be an account's: the application's role, under its scope."""
    store.as_application(conn)
    enter(conn, who)
