"""Jobs: long work that somebody asked for, done by the worker as that person. A row is written by the asker, then by one worker at a time.

A worker takes a job under a token of its own and says now and then that it is alive. One that has said nothing for a while counts as dead: the job
is taken again under another token, and what the first one still writes is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import HouseError, RefusedError
from storage.scope import Scope

Connection = psycopg.Connection[Any]

STATES = ("queued", "running", "done", "failed", "cancelled")


class LostError(HouseError):
    """The job was taken by another worker, which took this one for dead; or it was cancelled."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job; progress 0 to 1; user_id, role, region_code, operator_id, person_id: of who asked, as they were then; None: a program."""

    job_id: int
    kind: str
    arguments: dict[str, Any]
    state: str
    progress: float
    result: dict[str, Any] | None
    error: str | None
    asked_by: str
    user_id: int | None
    role: str | None
    region_code: str | None
    operator_id: int | None
    person_id: int | None
    address: str
    trace_id: str
    attempts: int
    cancel_asked: bool
    created_at: datetime
    started_at: datetime | None
    seen_at: datetime | None
    done_at: datetime | None
    expires_at: datetime | None

    def scope(self) -> Scope | None:
        """As whom it runs; None: as the program itself, for no person asked."""
        if self.user_id is None or self.role is None or self.region_code is None:
            return None
        return Scope(
            self.role, self.region_code, self.user_id, self.operator_id, self.person_id, self.asked_by, False, self.trace_id, self.address
        )


_JOBS = b"""
    select job_id, kind, arguments, state, progress, result, error, asked_by, user_id, role, region_code, operator_id, person_id, address,
           trace_id, attempts, cancel_asked, created_at, started_at, seen_at, done_at, expires_at
      from job
"""


def ask(conn: Connection, kind: str, arguments: Mapping[str, Any]) -> int:
    """Queue work, in the caller's transaction, as who asks there; its number."""
    row = conn.execute(
        "insert into job (kind, arguments) values (%(kind)s, %(arguments)s) returning job_id",
        {"kind": kind, "arguments": Jsonb(dict(arguments))},
    ).fetchone()
    assert row is not None
    return int(row[0])


def one(conn: Connection, job_id: int) -> Job | None:
    """One job; None when there is none that the asker may see."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(_JOBS + b" where job_id = %(job_id)s", {"job_id": job_id}).fetchone()


def page(
    conn: Connection,
    limit: int,
    before: int | None = None,
    *,
    user_id: int | None = None,
    state: str | None = None,
    kind: str | None = None,
) -> list[Job]:
    """Jobs, the newest first; those before a number; user_id: of one person."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            _JOBS
            + b"""
             where (%(before)s::bigint is null or job_id < %(before)s)
               and (%(user_id)s::int is null or user_id = %(user_id)s)
               and (%(state)s::text is null or state = %(state)s)
               and (%(kind)s::text is null or kind = %(kind)s)
             order by job_id desc
             limit %(limit)s
            """,
            {"before": before, "user_id": user_id, "state": state, "kind": kind, "limit": limit},
        ).fetchall()


def cancel(conn: Connection, job_id: int) -> Job:
    """End a job that is queued; ask the worker to end one that runs.

    Raises:
        RefusedError: missing; conflict when it has ended.
    """
    conn.execute(
        """
        update job
           set cancel_asked = true,
               state = case when state = 'queued' then 'cancelled' else state end,
               done_at = case when state = 'queued' then now() else done_at end
         where job_id = %(job_id)s
           and state in ('queued', 'running')
        """,
        {"job_id": job_id},
    )
    found = one(conn, job_id)
    if found is None:
        raise RefusedError(f"no job {job_id}", field="job_id", kind="missing")
    if not found.cancel_asked:
        raise RefusedError(f"job {job_id} is {found.state} already", field="job_id", kind="conflict")
    return found


def claim(conn: Connection, kinds: Sequence[str], token: UUID, stale_s: float, most_attempts: int) -> Job | None:
    """Take the oldest job that waits, or whose worker died; None: nothing to do. The caller commits at once.

    A job that was begun `most_attempts` times, and never ended, fails.
    """
    values = {"kinds": list(kinds), "token": token, "stale": stale_s, "most": most_attempts}
    conn.execute(
        """
        update job
           set state = 'failed', done_at = now(), token = null,
               error = format('its worker died %%s times; ask the administrator for the log of the worker', attempts)
         where state = 'running'
           and attempts >= %(most)s
           and seen_at < now() - make_interval(secs => %(stale)s)
        """,
        values,
    )
    row = conn.execute(
        """
        update job
           set state = 'running', token = %(token)s, attempts = attempts + 1, started_at = coalesce(started_at, now()), seen_at = now(),
               progress = 0
         where job_id = (
                   select job_id
                     from job
                    where kind = any(%(kinds)s::text[])
                      and (state = 'queued' or (state = 'running' and seen_at < now() - make_interval(secs => %(stale)s)))
                    order by job_id
                    limit 1
                      for update skip locked)
        returning job_id
        """,
        values,
    ).fetchone()
    return one(conn, row[0]) if row is not None else None


def alive(conn: Connection, job_id: int, token: UUID, progress: float) -> None:
    """Say that the job's worker lives, and how far it is.

    Raises:
        LostError: another worker has the job, or it was cancelled: stop.
    """
    row = conn.execute(
        """
        update job set seen_at = now(), progress = %(progress)s
         where job_id = %(job_id)s and token = %(token)s and state = 'running'
        returning cancel_asked
        """,
        {"job_id": job_id, "token": token, "progress": min(max(progress, 0.0), 1.0)},
    ).fetchone()
    if row is None:
        raise LostError(f"job {job_id} was taken by another worker")
    if row[0]:
        raise LostError(f"job {job_id} was cancelled")


@dataclass(frozen=True, slots=True)
class End:
    """How a job ended: state "done", "failed", "cancelled", or "queued" to be done anew; keep_days: of its files, None: it has none."""

    state: str
    result: Mapping[str, Any] | None = None
    error: str | None = None
    keep_days: int | None = None


def end(conn: Connection, job_id: int, token: UUID, how: End) -> bool:
    """End a job; False when it is another worker's meanwhile, and nothing was written."""
    done = conn.execute(
        """
        update job
           set state = %(state)s, result = %(result)s, error = %(error)s, token = null,
               progress = case when %(state)s = 'done' then 1 else progress end,
               attempts = case when %(state)s = 'queued' then attempts - 1 else attempts end,
               done_at = case when %(state)s = 'queued' then null else now() end,
               expires_at = now() + make_interval(days => %(keep)s)
         where job_id = %(job_id)s and token = %(token)s and state = 'running'
        """,
        {"job_id": job_id, "token": token, "state": how.state, "result": None if how.result is None else Jsonb(dict(how.result)),
         "error": how.error, "keep": how.keep_days},
    )  # fmt: skip
    return done.rowcount == 1


def expired(conn: Connection) -> list[Job]:
    """Jobs whose files are to be removed."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(_JOBS + b" where expires_at <= now() order by job_id limit 1000").fetchall()


def without_file(conn: Connection, job_id: int) -> None:
    """Its files are gone."""
    conn.execute(
        "update job set expires_at = null, result = result - 'file' || '{\"removed\": true}' where job_id = %(job_id)s", {"job_id": job_id}
    )
