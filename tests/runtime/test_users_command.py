"""`cuntong users` against a real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.identity import Attempt, Identity
from operations.identity_person import Conn
from runtime.cli import app, commands
from storage.sealing import load_sealer

PASSWORD = "correct horse 808"
NOW_MS = 1_800_000_000_000


def test_accounts_from_the_command_line(dsn: str, conn: Conn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNTONG_DATABASE_URL", dsn)
    monkeypatch.setenv("CUNTONG_PASSWORD", PASSWORD)
    monkeypatch.setenv("COLUMNS", "200")
    if not app.registered_commands:
        commands()

    def run(*words: str, wrong: bool = False) -> str:
        done = CliRunner().invoke(app, ["users", *words, "--data", str(tmp_path)])
        assert (done.exit_code != 0) == wrong, (done.output, done.exception)
        return str(done.exception) if wrong else done.output

    run("add", "wang.fang", "--role", "finance", "--region", "520000", "--unmask")
    assert "no role 'king'" in run("add", "li.na", "--role", "king", wrong=True)
    assert "no operator 77" in run("add", "li.na", "--role", "operator", "--operator", "77", wrong=True)
    assert "finance" in run("list")
    identity = Identity(b"k" * 48, load_sealer(tmp_path / "k"))
    logins = [identity.log_in(conn, Attempt("wang.fang", PASSWORD, "192.0.2.7"), NOW_MS).principal for _ in range(3)]
    conn.execute("update login_session set expires_at = now() + interval '1 day'")
    conn.commit()
    shown = run("sessions", "wang.fang")
    assert all(one.session_id in shown for one in logins)
    assert "192.0.2.7" in shown
    run("revoke", "wang.fang", "--session", logins[0].session_id)
    assert "no login or key" in run("revoke", "wang.fang", "--session", logins[0].session_id, wrong=True)
    assert "2 logins and keys" in run("revoke", "wang.fang")
    run("disable", "wang.fang")
    assert conn.execute("select disabled, unmask, role from account").fetchone() == (True, True, "finance")
    conn.rollback()
    run("enable", "wang.fang")
    assert "none" in run("totp", "wang.fang", "--reset")
    assert "no user 'nobody'" in run("totp", "nobody", wrong=True)
    told = conn.execute(
        "select distinct actor from audit where action in ('account.insert', 'account.update', 'second_factor_reset')"
    ).fetchall()
    assert [actor.startswith("cuntong users (") for (actor,) in told] == [True]
