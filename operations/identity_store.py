"""Tables of logins: sessions, and failed tries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from operations.identity_person import Attempt, Principal


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One login; expires_at ends it whatever happens."""

    session_id: UUID
    user_id: int
    refresh_hash: bytes
    previous_hash: bytes | None
    rotated_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def by_name(name: str) -> str:
    """Subject of failed logins of a name."""
    return f"name:{name.lower()[:64]}"


@dataclass(frozen=True, slots=True)
class Asks:
    """Whom a login speaks for at this moment; expires_at ends it."""

    user_id: int
    name: str
    role: str
    region_code: str
    operator_id: int | None
    person_id: int | None
    unmask: bool
    expires_at: datetime

    def gives(self, seen: Principal) -> bool:
        """Role and scope are those that were seen before."""
        given = (self.role, int(self.region_code), self.operator_id, self.person_id, self.unmask)
        return given == (seen.role, seen.region_code, seen.operator_id, seen.person_id, seen.unmask)


@dataclass(frozen=True, slots=True)
class Listed:
    """A login as its owner sees it: used_at is when its tokens were renewed last."""

    session_id: UUID
    user_id: int
    name: str
    kind: str
    address: str
    agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime


def asks(conn: psycopg.Connection[Any], session_id: UUID) -> Asks | None:
    """Whom a login speaks for; None when it was ended, or the account disabled. Needs no scope."""
    row = conn.execute(
        """
        select user_id, name, role, region_code, operator_id, person_id, unmask, expires_at
          from session_asks(%(session_id)s)
        """,
        {"session_id": session_id},
    ).fetchone()
    return Asks(*row) if row is not None else None


def sessions(conn: psycopg.Connection[Any], user_id: int | None, now: datetime, after: UUID | None, most: int) -> list[Listed]:
    """Logins that stand, of one user or (None) of all that may be seen, by session_id, those after `after`."""
    with conn.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(
            """
            select s.session_id, s.user_id, a.name, s.kind, coalesce(s.address, '') as address, s.agent, s.created_at,
                   s.rotated_at as used_at, s.expires_at
              from login_session s
              join account a on a.user_id = s.user_id
             where s.revoked_at is null
               and s.expires_at > %(now)s
               and (%(user_id)s::int is null or s.user_id = %(user_id)s)
               and (%(after)s::uuid is null or s.session_id > %(after)s)
             order by s.session_id
             limit %(most)s
            """,
            {"now": now, "user_id": user_id, "after": after, "most": most},
        ).fetchall()


def add_session(conn: psycopg.Connection[Any], session: SessionRow, attempt: Attempt) -> None:
    """Insert a login, and forget the user's that ended long ago."""
    conn.execute(
        "delete from login_session where user_id = %(user_id)s and expires_at < %(limit)s",
        {"user_id": session.user_id, "limit": session.rotated_at},
    )
    conn.execute(
        """
        insert into login_session (session_id, user_id, refresh_hash, rotated_at, created_at, expires_at, address, kind, agent)
        values (%(session_id)s, %(user_id)s, %(refresh_hash)s, %(now)s, %(now)s, %(expires_at)s, %(address)s, %(kind)s, %(agent)s)
        """,
        {
            "session_id": session.session_id, "user_id": session.user_id, "refresh_hash": session.refresh_hash,
            "now": session.rotated_at, "expires_at": session.expires_at, "address": attempt.address, "kind": attempt.kind,
            "agent": attempt.agent[:200],
        },
    )  # fmt: skip


def session(conn: psycopg.Connection[Any], session_id: UUID, *, lock: bool = False) -> SessionRow | None:
    """The login, for update when `lock`; None when there is none."""
    text = """
        select session_id, user_id, refresh_hash, previous_hash, rotated_at, expires_at, revoked_at
          from login_session
         where session_id = %(session_id)s
        """
    with conn.cursor(row_factory=class_row(SessionRow)) as cursor:
        locked = text + " for update" if lock else text
        return cursor.execute(locked.encode(), {"session_id": session_id}).fetchone()


def rotate(conn: psycopg.Connection[Any], session_id: UUID, refresh_hash: bytes, now: datetime) -> None:
    """The refresh secret was used: keep the hash of the next one and, for a moment, of this one."""
    conn.execute(
        """
        update login_session
           set previous_hash = refresh_hash, refresh_hash = %(refresh_hash)s, rotated_at = %(now)s
         where session_id = %(session_id)s
        """,
        {"session_id": session_id, "refresh_hash": refresh_hash, "now": now},
    )


def revoke(
    conn: psycopg.Connection[Any], now: datetime, *, session_id: UUID | None = None, user_id: int | None = None, but: UUID | None = None
) -> list[UUID]:
    """End one login, or all of a user except `but`; those that stood until now."""
    rows = conn.execute(
        """
        update login_session
           set revoked_at = %(now)s
         where revoked_at is null
           and (session_id = %(session_id)s or user_id = %(user_id)s)
           and session_id is distinct from %(but)s::uuid
        returning session_id
        """,
        {"now": now, "session_id": session_id, "user_id": user_id, "but": but},
    ).fetchall()
    return [row[0] for row in rows]


def locked_until(conn: psycopg.Connection[Any], subjects: list[str]) -> datetime | None:
    """When the last lock of these subjects ends; None when none was ever locked."""
    row = conn.execute(
        "select max(locked_until) from login_failure where subject = any(%(subjects)s)",
        {"subjects": subjects},
    ).fetchone()
    return row[0] if row is not None else None


def count_failure(conn: psycopg.Connection[Any], subject: str, now: datetime, forget_before: datetime) -> int:
    """One more failed login; how many there are since the last success or since `forget_before`."""
    row = conn.execute(
        """
        insert into login_failure as f (subject, failures, failed_at, locked_until)
        values (%(subject)s, 1, %(now)s, %(now)s)
        on conflict (subject) do update
           set failures = case when f.failed_at < %(forget_before)s then 1 else f.failures + 1 end,
               failed_at = %(now)s
        returning failures
        """,
        {"subject": subject, "now": now, "forget_before": forget_before},
    ).fetchone()
    assert row is not None
    return int(row[0])


def lock(conn: psycopg.Connection[Any], subject: str, until: datetime) -> None:
    """No login for this subject before `until`."""
    conn.execute(
        "update login_failure set locked_until = %(until)s where subject = %(subject)s",
        {"subject": subject, "until": until},
    )


def forget_failures(conn: psycopg.Connection[Any], subject: str) -> None:
    """The subject logged in."""
    conn.execute("delete from login_failure where subject = %(subject)s", {"subject": subject})
