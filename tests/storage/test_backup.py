"""A backup is made, everything is destroyed, and comes back equal."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from domain.errors import RefusedError, StoreError
from operations.accounts import add_user
from runtime import backups
from runtime.cli import app, commands
from runtime.settings import Settings, load
from storage import backup_files
from storage.audit import verify as verify_audit
from storage.database import archive_folder
from storage.pool import connect
from tests.ingest.spooled import NOON_MS, Logged, drain, pipeline, report, rows, write

WORDS = "a long passphrase"


def _settings(data: Path, dsn: str) -> Settings:
    return load(data, {"database.url": dsn}, {})


def _filled(dsn: str, data: Path) -> Settings:
    """An installation with positions, an account, an archive file, a picture and a key."""
    with psycopg.connect(dsn) as conn:
        add_user(conn, "admin", "correct horse 808")
        conn.execute(
            """
            insert into positions (time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, speed_kmh10, heading_deg, altitude_m,
                                   source, flags)
            select now() - make_interval(secs => second), now(), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
              from generate_series(1, 50) second
            """
        )
        conn.execute("insert into vehicle (plate, plate_colour) values ('贵A12345', 2)")
        conn.execute(
            "insert into region (region_code, level, name, geometry) values ('520000', 'province', E'贵\\t州\\n省\\\\', '{\"a\": 1}')"
        )
        conn.execute("update region set name = '贵州省'")
    settings = _settings(data, dsn)
    for path, text in (
        (archive_folder(settings.database, data) / "region=520100" / "part-1.parquet", "archived"), (settings.pipeline.media_path / "a.jpg", "picture"),
        (data / "secrets" / "personal.key", "the very key"), (data / "cuntong.toml", "[web]\n"),
    ):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return settings


def _content(dsn: str) -> dict[str, Any]:
    """Every row of every table, and where the sequences stand."""
    with connect(dsn) as conn:
        found: dict[str, Any] = {}
        for (name,) in conn.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1"
        ).fetchall():
            rows = conn.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(name))).fetchall()
            found[name] = len(rows) if name == "schema_migration" else sorted(text for (text,) in rows)
        found["sequences"] = conn.execute(
            "select sequencename, last_value from pg_sequences where schemaname = 'public' order by 1"
        ).fetchall()
        return found


@pytest.fixture
def installed(dsn: str, tmp_path: Path) -> Settings:
    return _filled(dsn, tmp_path / "data")


def test_everything_comes_back_and_the_audit_log_holds(installed: Settings, empty_dsn: str, tmp_path: Path) -> None:
    dsn = installed.database.url
    assert dsn is not None
    made = backups.make(installed, tmp_path / "backups", WORDS)
    before = _content(dsn)
    assert made.snapshot.tables
    assert sum(table.rows for table in made.snapshot.tables if table.name == "positions") == 50
    assert [one.folder for one in backup_files.listed(tmp_path / "backups")] == [made.folder]
    assert b"the very key".hex().encode() not in (made.folder / "secrets.sealed").read_bytes()
    assert not list(made.folder.rglob("*.key"))

    anew = _settings(tmp_path / "new", empty_dsn)
    told = backups.restore(anew, backup_files.read(made.folder), WORDS)
    assert _content(empty_dsn) == before
    assert (told["files"], told["audit"]) == (4, len(before["audit"]))
    assert told["audit"] >= 2
    assert (tmp_path / "new" / "secrets" / "personal.key").read_text() == "the very key"
    assert (tmp_path / "new" / "secrets" / "personal.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new" / "archive" / "region=520100" / "part-1.parquet").read_text() == "archived"
    with psycopg.connect(empty_dsn) as conn:
        assert add_user(conn, "second", "correct horse 808") == 2, "numbers go on"
        conn.commit()
        assert verify_audit(conn)[0] == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("delete from audit")
    with pytest.raises(RefusedError, match="not empty"):
        backups.restore(anew, made, WORDS)


def test_with_the_log_of_a_day_nothing_after_the_backup_is_lost(dsn: str, empty_dsn: str, tmp_path: Path) -> None:
    spool, before, after = tmp_path / "spool", [], []
    for step in range(20):
        (before if step < 10 else after).append(Logged(report("13800000001", NOON_MS + step * 1000), NOON_MS + step * 1000))
    write(spool, before)
    worker = pipeline(dsn, spool)
    drain(worker)
    made = backups.make(_settings(tmp_path / "data", dsn), tmp_path / "backups")
    write(spool, after)
    drain(worker)
    worker.close()
    backups.restore(_settings(tmp_path / "new", empty_dsn), made)
    assert rows(empty_dsn, "select count(*) from positions") == [(10,)]
    again = pipeline(empty_dsn, spool)
    drain(again)
    again.close()
    everything = "select time, vehicle_id, received, lon_e6, lat_e6 from positions order by time"
    assert rows(empty_dsn, everything) == rows(dsn, everything)
    assert len(rows(empty_dsn, everything)) == 20


def test_a_damaged_backup_is_told_and_not_restored(installed: Settings, empty_dsn: str, tmp_path: Path) -> None:
    made = backups.make(installed, tmp_path / "backups")
    (made.folder / "tables" / "positions.copy.gz").write_bytes(b"other")
    (made.folder / "files" / "media" / "a.jpg").unlink()
    (made.folder / "stranger").write_text("x")
    assert len(backup_files.faults(made)) == 3
    commands()
    done = CliRunner().invoke(app, ["backup", "verify", str(made.folder)])
    assert (done.exit_code, "positions.copy.gz was changed" in done.stdout) == (1, True)
    with pytest.raises(RefusedError, match="damaged"):
        backups.restore(_settings(tmp_path / "new", empty_dsn), made)
    with connect(empty_dsn) as conn:
        assert conn.execute("select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'").fetchone() == (
            0,
        )


def test_a_row_that_does_not_fit_leaves_the_database_empty_and_the_restore_can_be_tried_again(
    installed: Settings, empty_dsn: str, tmp_path: Path
) -> None:
    made = backups.make(installed, tmp_path / "backups")
    table = next(one for one in made.snapshot.tables if one.name == "positions")
    short = [one if one is not table else type(table)(table.name, table.columns, 51) for one in made.snapshot.tables]
    wrong = type(made)(made.folder, made.made_at, type(made.snapshot)(short, *_rest(made)), made.files)
    anew = _settings(tmp_path / "new", empty_dsn)
    with pytest.raises(StoreError, match="positions has 50 rows, the manifest says 51"):
        backups.restore(anew, wrong)
    with connect(empty_dsn) as conn:
        assert conn.execute("select count(*) from vehicle").fetchone() == (0,)
    assert backups.restore(anew, made)["rows"] == made.rows


def _rest(made: backup_files.Backup) -> tuple[Any, ...]:
    return made.snapshot.sequences, made.snapshot.migrations, made.snapshot.server


def test_a_backup_killed_half_way_leaves_nothing_that_looks_whole(installed: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    assert installed.database.url is not None
    code = (
        "import sys, time; from pathlib import Path; from runtime import backups; from runtime.settings import load;"
        "from storage import backup_files\n"
        "def slow(*_):\n    print('copying', flush=True); time.sleep(60)\n"
        "backup_files.copy_in = slow\n"
        "backups.make(load(Path(sys.argv[1]), {'database.url': sys.argv[2]}, {}), Path(sys.argv[3]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(installed.data), installed.database.url, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "copying\n"
    child.kill()
    child.wait(20)
    child.stdout.close()
    (left,) = folder.iterdir()
    assert left.name.endswith(".partial")
    assert backup_files.listed(folder) == []
    with pytest.raises(RefusedError, match="no whole backup"):
        backup_files.read(left)
    time.sleep(1.0)  # the name holds seconds
    made = backups.make(installed, folder)
    assert list(folder.iterdir()) == [made.folder]


def test_the_secrets_open_with_their_passphrase_alone(installed: Settings, tmp_path: Path) -> None:
    made = backups.make(installed, tmp_path / "backups", WORDS)
    with pytest.raises(RefusedError, match="does not open"):
        backup_files.unseal_secrets(made, tmp_path / "keys", "another passphrase")
    with pytest.raises(RefusedError, match="too short"):
        backups.make(installed, tmp_path / "others", "short")
    assert backup_files.unseal_secrets(made, tmp_path / "keys", WORDS) == ["personal.key"]
    (tmp_path / "keys" / "personal.key").write_text("other")
    with pytest.raises(RefusedError, match="another key"):
        backup_files.unseal_secrets(made, tmp_path / "keys", WORDS)
    shutil.rmtree(made.folder)
