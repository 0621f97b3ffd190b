"""Nothing is kept of people that is of no use any more."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg

from operations.accounts import add_user
from storage.residue import forget


def test_ended_logins_old_failures_and_kept_answers_are_deleted(conn: psycopg.Connection[Any]) -> None:
    user = add_user(conn, "wang", "correct horse 808")
    for age, revoked in ((40, None), (10, None), (-1, None), (-1, 40), (-1, 2)):
        conn.execute(
            """
            insert into login_session (session_id, user_id, refresh_hash, rotated_at, created_at, expires_at, revoked_at, address)
            values (%s, %s, '', now(), now(), now() - make_interval(days => %s), now() - make_interval(days => %s), '10.0.0.1')
            """,
            (uuid4(), user, age, revoked),
        )
    conn.execute("insert into login_failure values ('old', 3, now() - interval '2 days', now() - interval '1 day')")
    conn.execute("insert into login_failure values ('locked', 9, now() - interval '2 days', now() + interval '1 day')")
    for key, hours in (("old", 25), ("new", 1)):
        conn.execute(
            "insert into idempotency (user_id, key, fingerprint, created_at) values (%s, %s, '', now() - make_interval(hours => %s))",
            (user, key, hours),
        )
    assert forget(conn) == 4
    assert forget(conn) == 0
    assert conn.execute("select count(*) from login_session").fetchone() == (3,)
    assert conn.execute("select array_agg(subject) from login_failure").fetchone() == (["locked"],)
    assert conn.execute("select array_agg(key) from idempotency").fetchone() == (["new"],)
