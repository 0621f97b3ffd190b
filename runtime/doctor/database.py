"""Checks that ask the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from ingest.log.spool import SpoolReader
from runtime.doctor.finding import Finding, judged, ok
from runtime.settings import Settings
from storage import health
from storage.database import archive_folder
from storage.health import Waiting
from storage.migrate import steps
from storage.probe import probe

Connection = psycopg.Connection[Any]
Check = Callable[[Connection, Settings, datetime], Iterator[Finding]]

_CLOCK_WARN_S, _CLOCK_FAIL_S = 1.0, 30.0
_LAG_S, _BACKLOG_MIB = 120.0, 16.0
_DAYS_H, _JOBS_MIN, _HOOKS_MIN = 36.0, 60.0, 60.0
_LEAST_SERVER = 150_000


def server(conn: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Version, extension, schema."""
    found = probe(conn)
    extension = f"TimescaleDB {found.timescaledb}" if found.timescaledb else "no TimescaleDB: one table instead of chunks"
    yield judged(
        "database", f"PostgreSQL {found.server // 10_000}.{found.server % 10_000}, {extension}", "update the server to PostgreSQL 15 or newer",
        fail=found.server < _LEAST_SERVER,
    )  # fmt: skip
    have, want = health.applied(conn), {step.name: step.sha256 for step in steps()}
    missing, foreign = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
    changed = sorted(name for name in want.keys() & have.keys() if want[name] != have[name])
    if foreign or changed:
        yield Finding(
            "schema", "fail", f"not of this program: {', '.join((foreign + changed)[:3])}", "install the version that migrated it last"
        )
    else:
        yield judged("schema", f"{len(have)} of {len(want)} migrations", "cuntong migrate", fail=bool(missing))


def roles(conn: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    """The login of the programs, and row-level security."""
    who = health.login(conn)
    over = ", ".join(
        word for word, is_so in (("superuser", who.superuser), ("owns tables", who.owner), ("passes row security", who.bypasses)) if is_so
    )
    if settings.database.url is None:
        yield ok("login", f"{who.name} of the embedded server, reached by a local socket alone")
    else:
        yield judged(
            "login", f"{who.name}{': ' + over if over else ''}",
            "give the web process a login of its own that is a member of cuntong_app alone (docs/security.md); migrate as the owner",
            warn=bool(over),
        )  # fmt: skip
    bare = health.unguarded(conn)
    yield judged(
        "row security",
        f"missing on {', '.join(bare)}" if bare else "on every table that the API reaches",
        "cuntong migrate; report it",
        fail=bool(bare),
    )
    admins = health.administrators(conn)
    yield judged("accounts", f"{admins} administrators", "cuntong users add NAME --role admin", warn=not admins)


def clock(conn: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    """The database's clock against this machine's."""
    apart_s = abs((health.clock(conn) - datetime.now(UTC)).total_seconds())
    yield judged(
        "clock", f"{apart_s:.1f} s between database and this machine", "run chrony or ntpd on both: times of arrival decide what is late",
        warn=apart_s > _CLOCK_WARN_S, fail=apart_s > _CLOCK_FAIL_S,
    )  # fmt: skip


def flow(conn: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    """What waits in the log, in days, jobs and webhooks."""
    yield from _log(conn, settings, now)
    days, failed = health.dirty_days(conn), health.failed_days(conn)
    yield judged(
        "days", f"{_told(days, now)} to compute, {failed} failed", "see that cuntong worker runs, and its log; cuntong days list --failed",
        warn=_age_s(days, now) > _DAYS_H * 3600 or failed > 0,
    )  # fmt: skip
    jobs, hooks = health.open_jobs(conn), health.webhook_queue(conn)
    yield judged("jobs", f"{_told(jobs, now)} open", "see that cuntong worker runs, and its log", warn=_age_s(jobs, now) > _JOBS_MIN * 60)
    yield judged(
        "webhooks",
        f"{_told(hooks, now)} waiting",
        "see why their receivers refuse: GET /api/v1/webhooks",
        warn=_age_s(hooks, now) > _HOOKS_MIN * 60,
    )


def _log(conn: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    if not settings.log.path.is_dir():
        yield ok("log", f"no log at {settings.log.path}: no gateway ran here")
        return
    stored, moved = health.offsets(conn)
    reader = SpoolReader(settings.log.path, "doctor", settings.log)
    try:
        reader.logs()
        behind = reader.backlog(stored) / (1 << 20)
    finally:
        reader.close()
    still_s = (now - moved).total_seconds() if moved is not None else float("inf")
    yield judged(
        "log", f"{behind:.1f} MiB not yet in the database, last stored {'never' if moved is None else f'{still_s:.0f} s ago'}",
        "see that cuntong pipeline runs and what its /readyz says; nothing is lost while the log has room",
        warn=behind > _BACKLOG_MIB, fail=behind > _BACKLOG_MIB and still_s > _LAG_S,
    )  # fmt: skip


def stock(conn: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Roads, regions, archive."""
    paths = health.networks(conn)
    gone = [path for path in paths if not Path(path).is_file()]
    yield judged(
        "roads", f"{len(paths)} networks" + (f", {gone[0]} is missing" if gone else ""),
        "cuntong network import, then cuntong network use" if not gone else "put the file back, or register another: cuntong network use",
        warn=not paths, fail=bool(gone),
    )  # fmt: skip
    regions, drawn = health.counties(conn)
    yield judged("regions", f"{regions}, {drawn} counties with an outline", "cuntong regions import FILE.geojson", warn=not drawn)
    folder, named = archive_folder(settings.database, settings.data), health.archived(conn)
    lost = [path for path in named if not (folder / path).is_file()]
    yield judged(
        "archive", f"{len(named)} files" + (f", {len(lost)} missing: {lost[0]}" if lost else ""),
        f"put them back to {folder} from a backup: positions of those days are nowhere else", fail=bool(lost),
    )  # fmt: skip


CHECKS: tuple[Check, ...] = (server, roles, clock, flow, stock)


def _age_s(waiting: Waiting, now: datetime) -> float:
    return (now - waiting.since).total_seconds() if waiting.since is not None else 0.0


def _told(waiting: Waiting, now: datetime) -> str:
    return f"{waiting.count}" + (f" (oldest {_age_s(waiting, now) / 3600:.1f} h)" if waiting.since is not None else "")
