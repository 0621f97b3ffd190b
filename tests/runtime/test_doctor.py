"""The doctor finds what was broken on purpose, and says what mends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from runtime import backups
from runtime.cli import app, commands
from runtime.doctor.examining import examine
from runtime.doctor.finding import Finding
from runtime.doctor.machine import backups as backups_check
from runtime.settings import load
from tests.ingest.spooled import Logged, report, write


def _by_name(found: list[Finding]) -> dict[str, Finding]:
    """The worst of each name."""
    order = ("ok", "warn", "fail")
    return {one.name: one for one in sorted(found, key=lambda one: order.index(one.state))}


def _environment(dsn: str, **more: str) -> dict[str, str]:
    return {"CUNTONG_DATABASE_URL": dsn, "CUNTONG_LOG_MIN_FREE_GIB": "0", **more}


def test_a_sound_deployment_fails_nowhere(dsn: str, tmp_path: Path) -> None:
    found = _by_name(examine(tmp_path, _environment(dsn)))
    assert [one for one in found.values() if one.state == "fail"] == []
    assert found["schema"].state == found["row security"].state == found["clock"].state == found["archive"].state == "ok"
    for name in ("backups", "regions", "roads", "accounts"):
        assert (found[name].state, found[name].mend != "") == ("warn", True)


def test_what_was_broken_is_found_and_mended(dsn: str, tmp_path: Path) -> None:
    key = tmp_path / "secrets" / "personal.key"
    key.parent.mkdir()
    key.write_text("key")
    key.chmod(0o644)
    write(tmp_path / "spool", [Logged(report("13800000001"))])
    with psycopg.connect(dsn) as conn:
        conn.execute("delete from schema_migration where name = '0360_regions.sql'")
        conn.execute("alter table station disable row level security")
        conn.execute(
            "insert into archive_file (day, region, version, rows, keys_hash, sha256, path) values ('2026-01-01', 'x', 1, 1, '', '', 'x/y')"
        )
        conn.execute("insert into network_version (map_version, path, edges) values ('v', '/nowhere.npz', 1)")
        conn.execute(
            "insert into due_day (vehicle_id, day, reason, failures, first_marked) values (1, '2026-01-01', 'late', 3, now() - interval '3 days')"
        )
    environment = _environment(dsn, CUNTONG_WEB_LISTEN="0.0.0.0:1", CUNTONG_WEB_METRICS_LISTEN="0.0.0.0:2", CUNTONG_LOG_MIN_FREE_GIB="1e9")
    found = _by_name(examine(tmp_path, environment))
    states = {name: found[name].state for name in (
        "secrets", "tls", "metrics", "disk", "schema", "row security", "archive", "roads", "days", "web",
    )}  # fmt: skip
    assert states == {
        "secrets": "fail", "tls": "fail", "metrics": "warn", "disk": "fail", "schema": "fail", "row security": "fail", "archive": "fail",
        "roads": "fail", "days": "warn", "web": "warn",
    }  # fmt: skip
    assert found["secrets"].mend == f"chmod 600 {key}"
    assert found["schema"].mend == "cuntong migrate"
    assert "station" in found["row security"].said
    assert "MiB not yet in the database, last stored never" in found["log"].said
    assert list((tmp_path / "spool").glob("doctor*")) == [], "looking leaves nothing behind"


def test_a_database_without_tables_and_one_that_is_away(empty_dsn: str, tmp_path: Path) -> None:
    found = _by_name(examine(tmp_path, _environment(empty_dsn)))
    assert (found["schema"].state, found["roles"].mend) == ("fail", "cuntong migrate")
    away = _by_name(examine(tmp_path, _environment("postgresql://127.0.0.1:1/none")))
    assert (away["database"].state, "start the server" in away["database"].mend) == ("fail", True)


def test_settings_that_cannot_be_read_are_the_only_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cuntong.toml").write_text("[web]\nlistn = 1\n")
    monkeypatch.setenv("CUNTONG_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    commands()
    done = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path), "--json"])
    (one,) = json.loads(done.stdout)
    assert (done.exit_code, one["name"], one["state"], "listn" in one["said"]) == (1, "settings", "fail", True)


def test_an_old_backup_and_a_broken_off_one_are_told(dsn: str, tmp_path: Path) -> None:
    settings = load(tmp_path, {"database.url": dsn}, {})
    made = backups.make(settings, tmp_path / backups.FOLDER)
    assert [one.state for one in backups_check(settings)] == ["ok"]
    (made.folder.parent / "cuntong-20260101T000000Z.partial").mkdir()
    assert [one.state for one in backups_check(settings, datetime.now(UTC) + timedelta(days=2))] == ["warn", "warn"]
