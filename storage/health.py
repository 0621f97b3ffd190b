"""What a deployment's check asks the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Login:
    """Who the programs log in as: its name, whether it is a superuser, owns tables, or passes row-level security."""

    name: str
    superuser: bool
    owner: bool
    bypasses: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: how much, and since when (None: nothing does)."""

    count: int
    since: datetime | None


def login(conn: Connection) -> Login:
    """The login of this connection."""
    row = conn.execute(
        """
        select session_user::text, r.rolsuper, exists (select from pg_class c where c.relowner = r.oid and c.relkind in ('r', 'p')), r.rolbypassrls
          from pg_roles r
         where r.rolname = session_user
        """
    ).fetchone()
    assert row is not None
    return Login(*row)


def clock(conn: Connection) -> datetime:
    """The database's clock."""
    row = conn.execute("select clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def applied(conn: Connection) -> dict[str, str]:
    """Name and SHA-256 of the migrations; empty before the first."""
    there = conn.execute("select to_regclass('public.schema_migration') is not null").fetchone()
    if there is None or not there[0]:
        return {}
    return dict(conn.execute("select name, sha256 from schema_migration").fetchall())


def unguarded(conn: Connection) -> list[str]:
    """Tables on which the API's role has a right and that row-level security does not guard."""
    rows = conn.execute(
        """
        select c.relname
          from pg_class c
         where c.relnamespace = 'public'::regnamespace
           and c.relkind in ('r', 'p')
           and exists (select from pg_roles where rolname = 'cuntong_app')
           and has_table_privilege('cuntong_app', c.oid, 'select, insert, update, delete')
           and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))
         order by 1
        """
    ).fetchall()
    return [name for (name,) in rows]


def administrators(conn: Connection) -> int:
    """Accounts of role admin that may log in."""
    return _number(conn.execute("select count(*) from account where role = 'admin' and not disabled").fetchone())


def dirty_days(conn: Connection) -> Waiting:
    """Vehicle-days to be computed, of days that are over for more than the worker's rounds."""
    return _waiting(conn.execute("select count(*), min(first_marked) from due_day").fetchone())


def failed_days(conn: Connection) -> int:
    """Vehicle-days whose computation failed."""
    return _number(conn.execute("select count(*) from due_day where failures > 0").fetchone())


def open_jobs(conn: Connection) -> Waiting:
    """Jobs that are queued or run."""
    return _waiting(conn.execute("select count(*), min(created_at) from job where state in ('queued', 'running')").fetchone())


def webhook_queue(conn: Connection) -> Waiting:
    """Deliveries that wait."""
    return _waiting(conn.execute("select count(*), min(created_at) from webhook_delivery where state = 'waiting'").fetchone())


def offsets(conn: Connection) -> tuple[dict[str, int], datetime | None]:
    """(log id to the least offset that any reader of positions has stored, when one moved last)."""
    rows = conn.execute("select log_id, min(position), max(updated_at) from ingest_offset group by 1").fetchall()
    return {row[0]: row[1] for row in rows}, max((row[2] for row in rows), default=None)


def networks(conn: Connection) -> list[str]:
    """Files of the registered road networks."""
    return [path for (path,) in conn.execute("select distinct path from network_version order by 1").fetchall()]


def counties(conn: Connection) -> tuple[int, int]:
    """(regions that hold today, counties among them with an outline)."""
    row = conn.execute(
        """
        select count(*), count(*) filter (where geometry is not null and (level = 'county' or 'county' = any (also_levels)))
          from region
         where valid_from <= current_date
           and (valid_to is null or valid_to > current_date)
        """
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def archived(conn: Connection) -> list[str]:
    """Paths of the archive's files that count."""
    return [path for (path,) in conn.execute("select path from archive_file order by day desc, region").fetchall()]


def _number(row: tuple[Any, ...] | None) -> int:
    return int(row[0]) if row is not None else 0


def _waiting(row: tuple[Any, ...] | None) -> Waiting:
    return Waiting(row[0], row[1]) if row is not None else Waiting(0, None)
