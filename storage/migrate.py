"""Brings the schema up to date: the ordered `.sql` files of `storage/schema`, each once, each in its own transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from domain.errors import StoreError
from storage.pool import connect
from storage.probe import extension_offered, probe
from storage.settings import DatabaseSettings

SCHEMA = Path(__file__).parent / "schema"
SHIM = SCHEMA / "shim.sql"
LOCK_KEY = 0x63756E746F6E67
"""Advisory lock that two migrating processes share ("cuntong" in ASCII)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration file: its name, its text and the hash of the text."""

    name: str
    text: bytes
    sha256: str


def steps(folder: Path = SCHEMA) -> list[Step]:
    """Migration files in order of their four-digit number.

    Raises:
        StoreError: two files have one number.
    """
    found: dict[str, Step] = {}
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")):
        text = path.read_bytes()
        number = path.name[:4]
        if number in found:
            raise StoreError(f"migrations {found[number].name} and {path.name} have the same number")
        found[number] = Step(path.name, text, hashlib.sha256(text).hexdigest())
    return list(found.values())


def migrate(dsn: str, settings: DatabaseSettings, folder: Path = SCHEMA) -> list[str]:
    """Apply what is missing; names of the files applied now, in order (empty when the schema is up to date).

    Two processes may call this at once: the second waits and finds nothing to do.

    Raises:
        StoreError: an applied file has changed since, the database knows a newer file, or the server refuses.
    """
    with connect(dsn, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock(%(key)s)", {"key": LOCK_KEY})
        try:
            _prepare(conn, settings)
            return _apply(conn, steps(folder))
        except psycopg.Error as error:
            raise StoreError(f"migration failed: {error}") from error
        finally:
            if not conn.closed:
                conn.execute("select pg_advisory_unlock(%(key)s)", {"key": LOCK_KEY})


def _prepare(conn: psycopg.Connection[Any], settings: DatabaseSettings) -> None:
    """The extension where the server offers it, else the shim; parameters that the files read; the list of files."""
    conn.execute("set client_min_messages to warning")
    if extension_offered(conn):
        conn.execute("create extension if not exists timescaledb")
    if probe(conn).timescaledb is None:
        conn.execute(SHIM.read_bytes())
    conn.execute("select set_config('cuntong.chunk_hours', %(hours)s, false)", {"hours": str(settings.chunk_hours)})
    conn.execute(
        """
        create table if not exists schema_migration (
            name text primary key,
            sha256 text not null,
            applied_at timestamptz not null default now()
        )
        """
    )


def _apply(conn: psycopg.Connection[Any], wanted: list[Step]) -> list[str]:
    applied: dict[str, str] = dict(conn.execute("select name, sha256 from schema_migration").fetchall())
    unknown = sorted(set(applied) - {step.name for step in wanted})
    if unknown:
        raise StoreError(f"the database was migrated by a newer version ({unknown[0]}): update this program")
    done = []
    for step in wanted:
        if step.name in applied:
            if applied[step.name] != step.sha256:
                raise StoreError(f"migration {step.name} was changed after it was applied: add a new file instead")
            continue
        with conn.transaction():
            conn.execute(step.text)
            conn.execute(
                "insert into schema_migration (name, sha256) values (%(name)s, %(sha256)s)",
                {"name": step.name, "sha256": step.sha256},
            )
        done.append(step.name)
    return done
