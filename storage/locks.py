"""Advisory locks of the database: one process at a time does a thing, and a dead one holds nothing."""

from __future__ import annotations

from typing import Any

import psycopg


def try_lock(conn: psycopg.Connection[Any], key: int) -> bool:
    """Take the lock for this connection; False when another holds it. Leaves no transaction open."""
    row = conn.execute("select pg_try_advisory_lock(%(key)s)", {"key": key}).fetchone()
    conn.commit()
    return row is not None and bool(row[0])


def unlock(conn: psycopg.Connection[Any], key: int) -> None:
    """Give the lock back; nothing when the connection is closed, which gave it back already."""
    if not conn.closed:
        conn.rollback()
        conn.execute("select pg_advisory_unlock(%(key)s)", {"key": key})
        conn.commit()
