"""All checks of one deployment, whatever is broken about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from domain.errors import HouseError, StoreError
from runtime.doctor import database, machine
from runtime.doctor.finding import Finding, ok
from runtime.settings import Settings, load
from storage.database import serving
from storage.pool import connect


def examine(data: Path | None, environment: Mapping[str, str] | None = None) -> list[Finding]:
    """Every finding; a check that cannot be made is a finding too."""
    try:
        settings = load(data, environment=environment)
    except HouseError as error:
        return [Finding("settings", "fail", str(error), "mend the file or the variable that it names")]
    found = [ok("settings", f"read, data in {settings.data}")]
    for check in (machine.disk, machine.secrets, machine.doors, machine.backups):
        try:
            found += check(settings)
        except OSError as error:
            found.append(Finding(check.__name__, "fail", str(error), "look at the rights of the data folder"))
    return found + list(_database(settings))


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with serving(settings.database, settings.data) as dsn, connect(dsn, "owner") as conn:
            for check in database.CHECKS:
                yield from _asked(check, conn, settings)
    except StoreError as error:
        mend = "start the server, and look at [database] url" if settings.database.url else "look into data/postgres/log and the disk"
        yield Finding("database", "fail", str(error).splitlines()[0], mend)


def _asked(check: database.Check, conn: database.Connection, settings: Settings) -> Iterator[Finding]:
    try:
        with conn.transaction():
            yield from list(check(conn, settings, datetime.now(UTC)))
    except psycopg.errors.UndefinedTable as error:
        yield Finding(check.__name__, "fail", str(error).splitlines()[0], "cuntong migrate")
    except (psycopg.Error, HouseError, OSError) as error:
        yield Finding(
            check.__name__, "fail", (str(error) or repr(error)).splitlines()[0], "see the message; a login without rights cannot be checked"
        )
