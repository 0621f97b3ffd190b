"""What is of no use any more and would only tell of people: ended logins, failed attempts, answers kept for repeated requests."""

from __future__ import annotations

from typing import Any

import psycopg

LOGINS_DAYS = 30
"""Ended logins are listed for so long, so that a person can see where one was logged in."""
FAILURES_DAYS = 1
ANSWERS_HOURS = 24


def forget(conn: psycopg.Connection[Any]) -> int:
    """Delete it for good; number of rows. Commits."""
    logins = conn.execute(
        """
        delete from login_session
         where least(expires_at, coalesce(revoked_at, expires_at)) < now() - make_interval(days => %(days)s)
        """,
        {"days": LOGINS_DAYS},
    ).rowcount
    failures = conn.execute(
        "delete from login_failure where locked_until < now() and failed_at < now() - make_interval(days => %(days)s)",
        {"days": FAILURES_DAYS},
    ).rowcount
    answers = conn.execute(
        "delete from idempotency where created_at < now() - make_interval(hours => %(hours)s)", {"hours": ANSWERS_HOURS}
    ).rowcount
    conn.commit()
    return logins + failures + answers
