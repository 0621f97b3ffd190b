"""Who asks: told to PostgreSQL for one transaction, whose row-level security then shows what that person may see.

Without a scope the role `cuntong_app` sees nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

COUNTRY = "100000"
"""GB/T 2260 code whose subtree is everything."""

SERVICE = "service"
"""Role of the process itself: checks logins, feeds the live map, works queues. Nobody logs in with it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks.

    Args:
        role: of `operations.rights.ROLES`, or `SERVICE`.
        region_code: GB/T 2260 root of the subtree that is seen.
        user_id: account; None: no account (the process itself, a command).
        operator_id: only this operator's; None: all operators.
        person_id: the person's own record (a driver's `driver_id`); None: none.
        actor: how the audit log names who asks.
        unmask: may see personal data in clear.
        trace_id, address: of the request; "" outside one.
    """

    role: str
    region_code: str = COUNTRY
    user_id: int | None = None
    operator_id: int | None = None
    person_id: int | None = None
    actor: str = ""
    unmask: bool = False
    trace_id: str = ""
    address: str = ""


def service(name: str) -> Scope:
    """The process itself, named `name` in the audit log."""
    return Scope(SERVICE, actor=name)


def enter(conn: psycopg.Connection[Any], scope: Scope) -> None:
    """Say who asks, until the present transaction ends; begins one when none is open."""
    conn.execute(
        """
        select set_config('cuntong.role', %(role)s, true), set_config('cuntong.region', %(region)s, true),
               set_config('cuntong.user', %(user)s, true), set_config('cuntong.operator', %(operator)s, true),
               set_config('cuntong.person', %(person)s, true), set_config('cuntong.actor', %(actor)s, true),
               set_config('cuntong.unmask', %(unmask)s, true), set_config('cuntong.trace', %(trace)s, true),
               set_config('cuntong.address', %(address)s, true)
        """,
        {
            "role": scope.role, "region": scope.region_code, "user": _said(scope.user_id), "operator": _said(scope.operator_id),
            "person": _said(scope.person_id), "actor": scope.actor, "unmask": "on" if scope.unmask else "", "trace": scope.trace_id,
            "address": scope.address,
        },
    )  # fmt: skip


def name_actor(conn: psycopg.Connection[Any], actor: str) -> None:
    """How the audit log names the owner of this connection, for all its transactions; ends the present one."""
    conn.execute("select set_config('cuntong.actor', %(actor)s, false)", {"actor": actor})
    conn.commit()


@contextmanager
def scoped(pool: ConnectionPool[psycopg.Connection[Any]], scope: Scope) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the pool in a transaction of its own under the scope; committed at the end, rolled back on an error."""
    with pool.connection() as conn:
        enter(conn, scope)
        yield conn


def _said(number: int | None) -> str:
    return "" if number is None else str(number)
