"""Whether a person for whom something is done later may still see what was seen when it was asked for."""

from __future__ import annotations

from typing import Any

import psycopg

from domain.errors import RefusedError
from storage.scope import Scope
from storage.violations import area


def require_standing(conn: psycopg.Connection[Any], scope: Scope) -> None:
    """Nothing when the account still has the role of the scope, and its range or a wider one.

    Args:
        conn: as the process itself (`storage.scope.service`).
    Raises:
        RefusedError: forbidden: the account is gone, disabled, or has another role or range now.
    """
    row = conn.execute(
        "select disabled, role, region_code, operator_id, person_id from account where user_id = %(user_id)s", {"user_id": scope.user_id}
    ).fetchone()
    name = scope.actor or f"user {scope.user_id}"
    if row is None or row[0]:
        raise RefusedError(f"the account of {name} is disabled", kind="forbidden")
    _, role, region, operator_id, person_id = row
    same = role == scope.role and operator_id in (None, scope.operator_id) and person_id in (None, scope.person_id)
    if not same or not area(scope.region_code).startswith(area(region)):
        raise RefusedError(f"the rights of {name} have changed since: ask again", kind="forbidden")
