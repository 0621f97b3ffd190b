"""Answers under the keys that clients chose, so that nothing is done twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Kept:
    """What was asked under a key (sha256 of it), and the answer as JSON."""

    fingerprint: bytes
    body: str


def take(conn: psycopg.Connection[Any], user_id: int, key: str, fingerprint: bytes) -> Kept | None:
    """Take a key for this transaction; None: it is ours now, and `keep` must follow.

    Waits while another transaction holds it. What was kept is given back for 24 hours.
    """
    values = {"user_id": user_id, "key": key, "fingerprint": fingerprint}
    conn.execute(
        """
        delete from idempotency
         where user_id = %(user_id)s
           and created_at < now() - interval '24 hours'
        """,
        values,
    )
    fresh = conn.execute(
        """
        insert into idempotency (user_id, key, fingerprint)
        values (%(user_id)s, %(key)s, %(fingerprint)s)
            on conflict (user_id, key) do nothing
        returning true
        """,
        values,
    ).fetchone()
    if fresh is not None:
        return None
    with conn.cursor(row_factory=class_row(Kept)) as cursor:
        found = cursor.execute("select fingerprint, body from idempotency where user_id = %(user_id)s and key = %(key)s", values).fetchone()
    if found is None:  # it was thrown away in this moment
        return take(conn, user_id, key, fingerprint)
    return found


def keep(conn: psycopg.Connection[Any], user_id: int, key: str, body: str) -> None:
    """The answer of a key that was taken in this transaction."""
    conn.execute(
        "update idempotency set body = %(body)s where user_id = %(user_id)s and key = %(key)s",
        {"user_id": user_id, "key": key, "body": body},
    )
