"""Table of links: whom another provider's login opens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg


def linked(conn: psycopg.Connection[Any], issuer: str, subject: str) -> int | None:
    """The account of a provider's person; None: not linked."""
    row = conn.execute(
        "select user_id from oidc_link where issuer = %(issuer)s and subject = %(subject)s", {"issuer": issuer, "subject": subject}
    ).fetchone()
    return int(row[0]) if row is not None else None


def link(conn: psycopg.Connection[Any], issuer: str, subject: str, user_id: int, now: datetime) -> bool:
    """Link an account to a provider's person; False when it is linked to another one of that provider."""
    done = conn.execute(
        """
        insert into oidc_link (issuer, subject, user_id, linked_at)
        values (%(issuer)s, %(subject)s, %(user_id)s, %(now)s)
            on conflict do nothing
        """,
        {"issuer": issuer, "subject": subject, "user_id": user_id, "now": now},
    )
    return done.rowcount > 0


def unlink(conn: psycopg.Connection[Any], user_id: int) -> int:
    """Remove all links of an account; how many there were."""
    return conn.execute("delete from oidc_link where user_id = %(user_id)s", {"user_id": user_id}).rowcount
