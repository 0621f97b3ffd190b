"""The commands `cuntong migrate`, `cuntong registry` and `cuntong regions`, as a person calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from runtime.commands import migrate, regions, registry
from storage.migrate import steps


@pytest.fixture
def run(empty_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runner whose commands use the test's own, still empty database."""
    monkeypatch.setenv("CUNTONG_DATABASE_URL", empty_dsn)
    monkeypatch.setenv("CUNTONG_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    migrate.register(app)
    registry.register(app)
    regions.register(app)
    return app


def test_migrate_says_what_it_did(run: CliRunner, app: typer.Typer) -> None:
    first = run.invoke(app, ["migrate"])
    assert first.exit_code == 0
    assert f"schema is up to date ({len(steps())} applied now)" in first.stdout
    assert "(0 applied now)" in run.invoke(app, ["migrate"]).stdout


def test_import_list_revoke(run: CliRunner, app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text("plate,plate_colour,terminal_id,operator\n贵A12345,yellow,0139,清水公交\n")
    assert "imported 1 vehicles, 1 terminals, 1 operators" in run.invoke(app, ["registry", "import", str(file)]).stdout
    listed = run.invoke(app, ["registry", "list"]).stdout
    for part in ("贵A12345", "yellow", "清水公交", "139"):
        assert part in listed
    assert "terminal 139 is revoked" in run.invoke(app, ["registry", "revoke", "0139"]).stdout
    assert "revoked: 139" in run.invoke(app, ["registry", "list"]).stdout
    assert "may register again" in run.invoke(app, ["registry", "restore", "139"]).stdout


def test_a_bad_file_ends_with_its_faults_and_code_1(run: CliRunner, app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text("plate,plate_colour\n贵A1,pink\n贵A2,2\n")
    done = run.invoke(app, ["registry", "import", str(file)])
    assert done.exit_code == 1
    assert "'pink' is not a plate colour" in done.stdout
    assert "0 vehicles" in run.invoke(app, ["registry", "list"]).stdout


def test_regions_of_the_simulated_county(run: CliRunner, app: typer.Typer) -> None:
    assert run.invoke(app, ["regions", "import", "--simulated"]).exit_code == 0
    assert "529921 " in run.invoke(app, ["regions", "list"]).stdout
    assert run.invoke(app, ["regions", "import"]).exit_code == 2


def test_every_kind_by_command(run: CliRunner, app: typer.Typer, tmp_path: Path) -> None:
    out = tmp_path / "vehicles.xlsx"
    assert (
        run.invoke(app, ["registry", "template", "vehicles", "--xlsx", "--out", str(out)]).exit_code == 0 and out.read_bytes()[:2] == b"PK"
    )
    file, faults = tmp_path / "drivers.csv", tmp_path / "faults.csv"
    file.write_text("姓名,身份证号,从业资格证有效期至\n张三,11010519491231002X,2020-01-01\n李四,1,\n", "utf-8")
    bad = run.invoke(app, ["registry", "load", "drivers", str(file), "--report", str(faults)])
    assert bad.exit_code == 1 and "identity_card" in faults.read_text("utf-8-sig")
    file.write_text("姓名,身份证号,从业资格证有效期至\n张三,11010519491231002X,2020-01-01\n", "utf-8")
    assert "1 rows: 1 drivers made" in run.invoke(app, ["registry", "load", "drivers", str(file)]).stdout
    assert "2020-01-01" in run.invoke(app, ["registry", "expiring"]).stdout
    assert run.invoke(app, ["registry", "dictionary"]).stdout.startswith("# Warehouse")
    nobody = run.invoke(app, ["registry", "act", "drivers", "1", "suspend", "--as", "nobody", "--reason", "x"])
    assert nobody.exit_code != 0 and "no account nobody" in str(nobody.exception)
