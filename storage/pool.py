"""Connections and pools. `runtime` opens one pool a process and role and passes it on; nothing else opens one."""

from __future__ import annotations

from typing import Any, Literal

import psycopg
from psycopg_pool import ConnectionPool

from domain.errors import StoreError

Role = Literal["owner", "ingest", "app"]
"""owner: migrations, registry commands, retention; ingest: pipeline and worker; app: API and screens."""

CONNECT_TIMEOUT_S = 5


def _assume(conn: psycopg.Connection[Any], role: Role) -> None:
    """Put a fresh connection under its role, in UTC; leaves no transaction open."""
    conn.execute("set timezone to 'UTC'")
    if role == "ingest":
        conn.execute("set role cuntong_ingest")
    elif role == "app":
        conn.execute("set role cuntong_app")
    conn.commit()


def connect(dsn: str, role: Role = "owner", *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """A connection of its own (LISTEN, COPY, long transactions) under a role.

    Raises:
        StoreError: retriable, when the server does not answer or refuses.
    """
    try:
        conn = psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S, application_name=f"cuntong-{role}")
        _assume(conn, role)
    except psycopg.OperationalError as error:
        raise StoreError(f"database does not answer: {error}", retriable=True) from error
    except psycopg.errors.UndefinedObject as error:
        raise StoreError(f"role of {role!r} is missing: run `cuntong migrate` first") from error
    conn.autocommit = autocommit
    return conn


def open_pool(dsn: str, role: Role, size: int) -> ConnectionPool[psycopg.Connection[Any]]:
    """An open pool of up to `size` connections under one role; the caller closes it.

    Broken connections are replaced; a request waits at most 10 s for one (`psycopg_pool.PoolTimeout`).
    """
    return ConnectionPool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=10.0,
        kwargs={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": f"cuntong-{role}"},
        configure=lambda conn: _assume(conn, role),
        check=ConnectionPool.check_connection,
        name=f"cuntong-{role}",
        open=True,
    )
