"""Migrations: ordered, each once, guarded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import StoreError
from storage.migrate import SCHEMA, migrate, steps
from storage.pool import connect
from storage.settings import DatabaseSettings


def test_every_file_is_applied_once_and_in_order(empty_dsn: str) -> None:
    first = migrate(empty_dsn, DatabaseSettings())
    assert first == sorted(path.name for path in SCHEMA.glob("0*.sql"))
    assert migrate(empty_dsn, DatabaseSettings()) == []


def test_two_processes_migrating_at_once_apply_each_file_once(empty_dsn: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: migrate(empty_dsn, DatabaseSettings()), range(3)))
    assert sorted(len(result) for result in results) == [0, 0, len(steps())]


def test_a_failing_file_leaves_nothing_of_itself(empty_dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_good.sql").write_text("create table good (a int);")
    (tmp_path / "0002_bad.sql").write_text("create table half (a int); select no_such_function();")
    with pytest.raises(StoreError, match="no_such_function"):
        migrate(empty_dsn, DatabaseSettings(), tmp_path)
    with connect(empty_dsn) as conn:
        found = conn.execute("select to_regclass('good') is not null, to_regclass('half') is not null").fetchone()
    assert found == (True, False)
    (tmp_path / "0002_bad.sql").write_text("create table half (a int);")
    assert migrate(empty_dsn, DatabaseSettings(), tmp_path) == ["0002_bad.sql"]


def test_a_file_changed_after_it_was_applied_is_refused(empty_dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("create table a (a int);")
    migrate(empty_dsn, DatabaseSettings(), tmp_path)
    (tmp_path / "0001_a.sql").write_text("create table a (a bigint);")
    with pytest.raises(StoreError, match=r"0001_a\.sql was changed"):
        migrate(empty_dsn, DatabaseSettings(), tmp_path)


def test_a_database_of_a_newer_version_is_refused(empty_dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("select 1;")
    (tmp_path / "0002_b.sql").write_text("select 1;")
    migrate(empty_dsn, DatabaseSettings(), tmp_path)
    (tmp_path / "0002_b.sql").unlink()
    with pytest.raises(StoreError, match="newer version"):
        migrate(empty_dsn, DatabaseSettings(), tmp_path)


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("select 1;")
    (tmp_path / "0001_b.sql").write_text("select 1;")
    with pytest.raises(StoreError, match="same number"):
        steps(tmp_path)


def test_positions_have_exactly_one_index(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute("select indexdef from pg_indexes where tablename = 'positions'").fetchall()
    assert [definition.split(" USING ")[1] for (definition,) in found] == ['btree (vehicle_id, "time")']


def test_vehicle_last_is_half_empty_and_has_its_key_only(conn: psycopg.Connection[Any]) -> None:
    options = conn.execute("select reloptions from pg_class where relname = 'vehicle_last'").fetchone()
    assert options is not None and "fillfactor=50" in options[0]
    count = conn.execute("select count(*) from pg_indexes where tablename = 'vehicle_last'").fetchone()
    assert count == (1,)


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        ("ingest", "select count(*) from positions", True),
        ("app", "select count(*) from positions", False),
        ("app", "select count(*) from position_seen", True),
        ("app", "select count(*) from vehicle_last", False),
        ("app", "select count(*) from vehicle_last_seen", True),
        ("ingest", "insert into vehicle (plate, plate_colour) values ('A', 1)", False),
        ("app", "select admit_terminal('1', '', 0::smallint, '', '', '', 0, 0, now())", False),
        ("ingest", "select admit_terminal('1', '', 0::smallint, '', '', '', 0, 0, now())", True),
        ("ingest", "create table mine (a int)", False),
        ("app", "create table mine (a int)", False),
    ],
)
def test_roles_may_do_their_work_and_nothing_else(dsn: str, role: Any, statement: str, allowed: bool) -> None:
    with connect(dsn, role, autocommit=True) as conn:
        if allowed:
            conn.execute(statement.encode())
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())
