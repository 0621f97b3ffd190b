"""`cuntong rules judge` and `explain` over stored fixes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from ingest import days
from ingest.judged_day import judge_day
from runtime import cli
from tests.ingest.day_fleet import put, vehicle
from tests.tracking.day_drives import DAY, drive, laps, ring
from tracking.network import save


@pytest.fixture
def run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Commands on the test's database."""
    monkeypatch.setenv("CUNTONG_DATABASE_URL", dsn)
    monkeypatch.setenv("CUNTONG_DATA", str(tmp_path / "data"))
    if not cli.app.registered_groups:
        cli.commands()
    return CliRunner(env={"COLUMNS": "220"})


def test_what_a_coach_broke_and_the_evidence_of_it(dsn: str, run: CliRunner, tmp_path: Path) -> None:
    network = tmp_path / "ring.npz"
    save(ring(40)[0], network)
    with psycopg.connect(dsn) as conn:
        number = vehicle(conn, "line_coach")
        rows = drive(laps(1))
        rows["vehicle_id"] = number
        rows["alarm_bits"][100] = 1
        put(conn, rows)
        days.use_network(conn, network)
    folder = tmp_path / "evidence"
    told = run.invoke(cli.app, ["rules", "judge", str(number), DAY.isoformat(), "--save", str(folder)])
    assert told.exit_code == 0, told.output
    assert "not judged (no threshold for class line_coach)" not in told.output and "matched to roads; not read: driver cards" in told.output
    assert "SPD-LIMIT" in told.output and "minor" in told.output and "SOS" in told.output
    files = sorted(folder.iterdir())
    assert {path.name.rpartition("-")[0] for path in files} == {"spd-limit", "sos"}
    for path in files:
        again = run.invoke(cli.app, ["rules", "explain", str(path)])
        assert again.exit_code == 0 and "judged again: the same episode" in again.output, again.output
    bad = files[-1].read_bytes()
    broken = tmp_path / "broken.evidence"
    broken.write_bytes(bad.replace(b'"tolerance_kmh":0', b'"tolerance_kmh":9'))
    other = run.invoke(cli.app, ["rules", "explain", str(broken)])
    assert other.exit_code == 1 and "NOT the same episode" in other.output
    forged = tmp_path / files[0].name
    changed = files[0].read_bytes().replace(b"520100", b"520101", 1)
    forged.write_bytes(changed)
    fake = run.invoke(cli.app, ["rules", "explain", str(forged)])
    assert fake.exit_code == 1 and "the bytes were changed" in fake.output
    none = run.invoke(cli.app, ["rules", "judge", str(number), (DAY + timedelta(7)).isoformat()])
    assert none.exit_code == 0 and "no breach was found" in none.output
    assert "0 qualified fixes, matched to roads" in none.output and "not judged (no qualified fix on the day): FAT-4H" in none.output
    with psycopg.connect(dsn) as conn:
        assert conn.execute("select count(*) from violation").fetchone() == (0,)


def test_what_is_still_going_on_is_not_judged_over(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        number = vehicle(conn, "line_coach")
        rows = drive(laps(1), speed_mps=10.0)
        rows["vehicle_id"] = number
        put(conn, rows)
        noon = int(rows["t_ms"][len(rows) // 2])
        during = judge_day(conn, number, DAY, Path(), noon)
        after = judge_day(conn, number, DAY, Path(), int(rows["t_ms"][-1]) + 86_400_000 * 3)
    assert during.episodes == [] and 0 < during.fixes < after.fixes
    assert [one.rule.rule_id for one in after.episodes] == []
    assert during.not_judged["SPD-LIMIT"] == "no road network: no limits"


def test_a_vehicle_that_is_not_there_is_refused(run: CliRunner) -> None:
    told = run.invoke(cli.app, ["rules", "judge", "999", DAY.isoformat()])
    assert told.exit_code == 1 and "no vehicle 999" in str(told.exception)
