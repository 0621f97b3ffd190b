"""`cuntong audit`, as a person calls it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from runtime.commands import audit, registry


@pytest.fixture
def run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runner whose commands use the test's own database."""
    monkeypatch.setenv("CUNTONG_DATABASE_URL", dsn)
    monkeypatch.setenv("CUNTONG_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")
    return CliRunner()


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    audit.register(app)
    registry.register(app)
    return app


def test_verify_names_the_row_that_was_changed(run: CliRunner, app: typer.Typer, dsn: str, tmp_path: Path) -> None:
    assert "the log is empty" in run.invoke(app, ["audit", "verify"]).stdout
    file = tmp_path / "fleet.csv"
    file.write_text("plate,plate_colour,operator\n贵A1,yellow,Red\n贵A2,yellow,Red\n", encoding="utf-8")
    assert run.invoke(app, ["registry", "import", str(file)]).exit_code == 0
    listed = run.invoke(app, ["audit", "list", "--stream", "registry"]).stdout
    assert "vehicle.insert" in listed and "command:" in listed
    head = next(line for line in run.invoke(app, ["audit", "heads"]).stdout.splitlines() if line.startswith("registry:"))
    good = run.invoke(app, ["audit", "verify", "--head", head])
    assert good.exit_code == 0, good.output
    with psycopg.connect(dsn) as conn:
        conn.execute("alter table audit disable trigger user")
        conn.execute("update audit set payload = overlay(payload placing '!' from 9 for 1) where stream = 'registry' and seq = 2")
    bad = run.invoke(app, ["audit", "verify"])
    assert bad.exit_code == 3
    assert "registry: 1 rows hold, row 2 was changed" in bad.stdout


def test_a_head_that_is_none_is_refused(run: CliRunner, app: typer.Typer) -> None:
    refused = run.invoke(app, ["audit", "verify", "--head", "registry"])
    assert refused.exit_code != 0
    assert "STREAM:NUMBER:HASH" in str(refused.exception)
