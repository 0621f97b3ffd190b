"""From the socket to the row: one number in the answer, the log lines and the audit log; a frame from its connection to its row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from runtime.cli import app, commands
from runtime.logs import STARS, configure, hide
from tests.ingest.spooled import NOON_MS, Logged, drain, pipeline, report, write

A = "13800000001"


@pytest.fixture(autouse=True)
def _as_before() -> object:
    yield
    structlog.reset_defaults()


def test_a_frame_is_followed_to_its_row_or_to_quarantine(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "spool", [
        Logged(report(A)), Logged(report(A, NOON_MS + 9_000_000, serial=2), NOON_MS + 1_000), Logged(report("13800000002"), NOON_MS + 2_000),
    ])  # fmt: skip
    worker = pipeline(dsn, tmp_path / "spool")
    drain(worker)
    worker.close()
    monkeypatch.setenv("CUNTONG_DATABASE_URL", dsn)
    commands()
    done = CliRunner().invoke(app, ["trace", "0" + A, "--at", "2026-03-01T12:00:00", "--data", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.stdout)
    assert (first["message"], first["link"], first["door"], first["log"].startswith("0:")) == ("0200", "1.0.0", "tcp", True)
    assert [row["table"] for row in first["rows"]] == ["positions"]
    assert "at 2026-03-01T04:00:00Z, lon 106.700000, lat 26.500000" in first["rows"][0]["what"]
    assert [row["table"] for row in second["rows"]] == ["quarantine"]
    assert "clock_ahead in time_ms" in second["rows"][0]["what"]
    read = CliRunner().invoke(app, ["trace", A, "--at", "2026-03-01T04:00:00Z", "--seconds", "0.5", "--data", str(tmp_path)])
    assert "-> positions: vehicle" in read.stdout
    assert "quarantine" not in read.stdout
    assert CliRunner().invoke(app, ["trace", A, "--at", "noon", "--data", str(tmp_path)]).exit_code == 1


def test_log_lines_carry_the_trace_and_hold_no_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    with structlog.contextvars.bound_contextvars(trace_id="abc"):
        structlog.get_logger().info(
            "login", password="p", nested={"refresh_token": "t", "phones": ["1"]}, url="postgresql://u:pw@host/db", terminal=A
        )
    line = json.loads(capsys.readouterr().err)
    assert {name: line[name] for name in ("trace_id", "password", "nested", "url", "terminal")} == {
        "trace_id": "abc", "password": STARS, "nested": {"refresh_token": STARS, "phones": STARS}, "url": f"postgresql://u:{STARS}@host/db",
        "terminal": A,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["secret", "api_key", "Authorization", "guardian_phone", "identity_card", "cookie", "auth_code", "otp"])
def test_fields_that_are_hidden(name: str) -> None:
    assert hide(None, "", {name: "x"}) == {name: STARS}


@pytest.mark.parametrize("name", ["terminal", "address", "reason", "message", "monkey", "tokenised"])
def test_fields_that_are_told(name: str) -> None:
    assert hide(None, "", {name: "x"}) == {name: "x"}
