"""Every row of a database in one snapshot to files, and back into an empty database.

COPY in text form, so that a backup opens on any later version of PostgreSQL, with or without TimescaleDB. The schema is not copied: the
manifest names the migrations, and a restore applies those.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from domain.errors import RefusedError, StoreError
from storage.migrate import SCHEMA, migrate, steps
from storage.pool import connect
from storage.settings import DatabaseSettings

_LEVEL = 1
"""Of gzip: the disk is filled faster than it is read."""
MARKS = ("account", "vehicle", "terminal", "region", "vehicle_last", "positions", "audit")
"""A database whose tables of these are empty holds nothing of anybody."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the snapshot: its columns (generated ones left out) and how many rows it has."""

    name: str
    columns: list[str]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Counter:
    """A sequence: where it stands."""

    name: str
    last: int
    called: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was copied: tables with their rows, sequences, applied migrations (name, SHA-256 of the file), version of the server."""

    tables: list[Table]
    sequences: list[Counter]
    migrations: list[tuple[str, str]]
    server: str


def dump(dsn: str, folder: Path) -> Snapshot:
    """Copy every table of the schema `public` to `<name>.copy.gz` in a folder, all as of one instant; nobody is held up.

    Raises:
        StoreError: retriable, the database went away; the folder holds a part then.
    """
    try:
        with connect(dsn, "owner") as conn:
            conn.execute("set transaction isolation level repeatable read, read only")
            tables = [Table(name, columns, _copy_out(conn, name, columns, folder)) for name, columns in _tables(conn)]
            migrations = conn.execute("select name, sha256 from schema_migration order by name").fetchall()
            server = conn.execute("select version()").fetchone()
            return Snapshot(tables, list(_sequences(conn)), [(name, digest) for name, digest in migrations], server[0] if server else "")
    except psycopg.Error as error:
        raise StoreError(f"backup failed: {error}; nothing was changed, try again", retriable=True) from error


def load(dsn: str, folder: Path, snapshot: Snapshot, settings: DatabaseSettings) -> None:
    """Fill an empty database with a snapshot, in one transaction, then bring the schema up to date.

    Raises:
        RefusedError: the database is not empty, or the snapshot's schema is none of this program's.
        StoreError: a row was refused; nothing is stored then.
    """
    require_empty(dsn, snapshot)
    with tempfile.TemporaryDirectory() as known:
        for step in _known(snapshot):
            (Path(known) / step).write_bytes((SCHEMA / step).read_bytes())
        migrate(dsn, settings, Path(known))
    try:
        with connect(dsn, "owner") as conn:
            _load(conn, folder, snapshot)
    except psycopg.Error as error:
        raise StoreError(f"restore failed, nothing is stored: {error}") from error
    migrate(dsn, settings)


def _known(snapshot: Snapshot) -> list[str]:
    mine = {step.name: step.sha256 for step in steps()}
    for name, digest in snapshot.migrations:
        if mine.get(name) != digest:
            raise RefusedError(
                f"the backup's schema has {name}, which this program does not have in that form: restore with the program that made it, then update",
                field="backup",
            )
    return [name for name, _ in snapshot.migrations]


def require_empty(dsn: str, snapshot: Snapshot) -> None:
    """RefusedError unless the database has no tables, or the snapshot's and nothing in them."""
    with connect(dsn, "owner") as conn:
        there = {name for name, _ in _tables(conn)}
        if not there:
            return
        full = [name for name in MARKS if name in there and _holds(conn, name)]
        if full:
            raise RefusedError(f"the database is not empty ({', '.join(full)} hold rows): restore into a new one", field="database")
        applied = conn.execute("select name from schema_migration order by name").fetchall() if _migrated(conn) else []
        if [name for (name,) in applied] != [name for name, _ in snapshot.migrations]:
            raise RefusedError("the database has tables of another version: restore into a new one", field="database")


def _migrated(conn: psycopg.Connection[Any]) -> bool:
    row = conn.execute("select to_regclass('public.schema_migration') is not null").fetchone()
    return row is not None and bool(row[0])


def _holds(conn: psycopg.Connection[Any], name: str) -> bool:
    row = conn.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(name))).fetchone()
    return row is not None and bool(row[0])


def _tables(conn: psycopg.Connection[Any]) -> list[tuple[str, list[str]]]:
    """Names and written columns of the tables of `public`, a table after those that it refers to; without the list of migrations."""
    columns: dict[str, list[str]] = dict(
        conn.execute(
            """
            select c.relname, array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '')
              from pg_class c
              join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             where c.relnamespace = 'public'::regnamespace
               and c.relkind in ('r', 'p')
               and not c.relispartition
               and c.relname <> 'schema_migration'
               and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
             group by 1
             order by 1
            """
        ).fetchall()
    )
    needs: dict[str, set[str]] = {name: set() for name in columns}
    for child, parent in conn.execute(
        """
        select conrelid::regclass::text, confrelid::regclass::text
          from pg_constraint
         where contype = 'f'
           and connamespace = 'public'::regnamespace
           and conrelid <> confrelid
        """
    ).fetchall():
        needs.setdefault(child, set()).add(parent)
    ordered: list[tuple[str, list[str]]] = []
    while columns:
        free = sorted(name for name in columns if not needs[name] & columns.keys()) or sorted(columns)
        ordered += [(name, columns.pop(name)) for name in free]
    return ordered


def _sequences(conn: psycopg.Connection[Any]) -> Iterator[Counter]:
    for (name,) in conn.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S' order by 1"
    ).fetchall():
        row = conn.execute(sql.SQL("select last_value, is_called from {}").format(sql.Identifier(name))).fetchone()
        assert row is not None
        yield Counter(name, row[0], row[1])


def _copy_out(conn: psycopg.Connection[Any], name: str, columns: list[str], folder: Path) -> int:
    """Number of rows copied."""
    query = sql.SQL("copy (select {} from {}) to stdout").format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(name))
    with gzip.open(folder / f"{name}.copy.gz", "wb", _LEVEL) as out, conn.cursor() as cursor:
        with cursor.copy(query) as copy:
            for block in copy:
                out.write(block)
        return cursor.rowcount


def _load(conn: psycopg.Connection[Any], folder: Path, snapshot: Snapshot) -> None:
    triggered = _triggered(conn)
    for name in triggered:
        conn.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(name)))
    for table in reversed(snapshot.tables):  # rows that the migrations put in
        conn.execute(sql.SQL("delete from {}").format(sql.Identifier(table.name)))
    for table in snapshot.tables:
        names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        query = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table.name), names)
        with gzip.open(folder / f"{table.name}.copy.gz", "rb") as rows, conn.cursor() as cursor:
            with cursor.copy(query) as copy:
                while block := rows.read(1 << 20):
                    copy.write(block)
            if cursor.rowcount != table.rows:
                raise StoreError(
                    f"restore failed, nothing is stored: {table.name} has {cursor.rowcount} rows, the manifest says {table.rows}"
                )
    for one in snapshot.sequences:
        conn.execute(
            "select setval(%(name)s::text::regclass, %(last)s, %(called)s)",
            {"name": f"public.{one.name}", "last": one.last, "called": one.called},
        )
    for name in triggered:
        conn.execute(sql.SQL("alter table {} enable trigger user").format(sql.Identifier(name)))


def _triggered(conn: psycopg.Connection[Any]) -> list[str]:
    """Tables with triggers of ours; a hypertable's own, which cannot be turned off, are none."""
    rows = conn.execute(
        """
        select distinct c.relname
          from pg_trigger t
          join pg_class c on c.oid = t.tgrelid
          join pg_proc p on p.oid = t.tgfoid
         where not t.tgisinternal
           and c.relnamespace = 'public'::regnamespace
           and p.pronamespace = 'public'::regnamespace
         order by 1
        """
    ).fetchall()
    return [name for (name,) in rows]
