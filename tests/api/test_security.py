"""What every answer carries behind TLS, what a client may not do, and what no log line tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.api.server import NAME, PASSWORD, RunningWeb, running


@pytest.fixture(scope="module")
def web(server_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    """A web door as it stands behind a TLS proxy."""
    name = "cuntong_security_web"
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        with running(make_conninfo(server_dsn, dbname=name), tmp_path_factory.mktemp("security"), secure_cookies=True) as served:
            yield served
    finally:
        with psycopg.connect(server_dsn, autocommit=True) as conn:
            conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _log_in(web: RunningWeb, password: str = PASSWORD) -> httpx.Response:
    return httpx.post(f"{web.url}/api/v1/session", json={"name": NAME, "password": password}, timeout=20)


def test_behind_tls_every_answer_says_so(web: RunningWeb) -> None:
    done = _log_in(web)
    assert done.status_code == 200
    cookies = done.headers.get_list("set-cookie")
    assert len(cookies) >= 3
    assert all("Secure" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
    for path in ("/app/login", "/api/v1/session/me", "/healthz", "/nope", "/static/map/main.mjs"):
        headers = httpx.get(web.url + path, timeout=20).headers
        assert headers["strict-transport-security"] == "max-age=31536000", path
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "object-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers, "the program and its version are not told"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "FOO"])
def test_methods_that_nothing_needs_do_nothing(web: RunningWeb, method: str) -> None:
    answer = httpx.request(method, f"{web.url}/api/v1/vehicles", timeout=20)
    assert answer.status_code in (400, 401, 403, 404, 405)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fpyproject.toml",
        "/static/%2e%2e/app.py",
        "/tiles/..%2f..%2fsecrets%2flogin.key",
        "/vendor/....//....//etc/passwd",
        "//etc/passwd",
    ],
)
def test_paths_that_climb_lead_nowhere(web: RunningWeb, path: str) -> None:
    answer = httpx.get(web.url + path, timeout=20)
    assert answer.status_code in (401, 404)
    assert "root:" not in answer.text
    assert "[project]" not in answer.text


def test_log_lines_of_a_login_hold_neither_password_nor_token(web: RunningWeb) -> None:
    with capture_logs([merge_contextvars]) as lines:
        wrong, right = _log_in(web, "a wrong horse 808"), _log_in(web)
    assert (wrong.status_code, right.status_code) == (401, 200)
    told = repr(lines)
    assert any(line["event"] == "request" and line["route"] == "/api/v1/session" for line in lines)
    for secret in (PASSWORD, "a wrong horse 808", *right.cookies.values()):
        assert secret not in told


def test_errors_tell_a_number_and_no_inside(web: RunningWeb) -> None:
    answer = httpx.post(f"{web.url}/api/v1/session", content=b"{" * 10, headers={"Content-Type": "application/json"}, timeout=20)
    assert answer.status_code == 422
    assert answer.json()["trace_id"] == answer.headers["x-request-id"]
    for word in ("Traceback", 'File "', "psycopg", "select "):
        assert word not in answer.text


def test_a_fresh_installation_has_no_account(conn: psycopg.Connection[Any]) -> None:
    assert conn.execute("select count(*) from account").fetchone() == (0,)
    assert conn.execute("select count(*) from api_key").fetchone() == (0,)
