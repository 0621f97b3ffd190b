"""`cuntong users` and `cuntong web` as commands, against a real database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.api.server import free_port


def cuntong(dsn: str, folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"CUNTONG_DATABASE_URL": dsn, "CUNTONG_DATA": str(folder)} | environment
    return subprocess.run([sys.executable, "-m", "runtime.cli", *words], env=variables, capture_output=True, text=True, timeout=120)


def test_users_are_added_listed_and_given_a_new_password(dsn: str, tmp_path: Path) -> None:
    added = cuntong(dsn, tmp_path, "users", "add", "wang.fang", "--region", "520000", "--generate")
    assert added.returncode == 0, added.stderr
    assert re.search(r"password \S{20}", added.stdout)
    again = cuntong(dsn, tmp_path, "users", "add", "Wang.Fang", CUNTONG_PASSWORD="correct horse 808")
    assert again.returncode == 1
    assert "already" in again.stderr
    assert "Traceback" not in again.stderr
    short = cuntong(dsn, tmp_path, "users", "password", "wang.fang", CUNTONG_PASSWORD="short")
    assert (short.returncode, "at least 10" in short.stderr) == (1, True)
    assert cuntong(dsn, tmp_path, "users", "password", "wang.fang", CUNTONG_PASSWORD="correct horse 808").returncode == 0
    listed = cuntong(dsn, tmp_path, "users", "list").stdout
    assert "wang.fang" in listed
    assert "520000" in listed


def test_web_serves_and_ends_on_sigterm(dsn: str, tmp_path: Path) -> None:
    cuntong(dsn, tmp_path, "users", "add", "admin", CUNTONG_PASSWORD="correct horse 808")
    port, internal = free_port(), free_port()
    variables = os.environ | {
        "CUNTONG_DATABASE_URL": dsn,
        "CUNTONG_DATA": str(tmp_path),
        "CUNTONG_WEB_METRICS_LISTEN": f"127.0.0.1:{internal}",
    }
    process = subprocess.Popen([sys.executable, "-m", "runtime.cli", "web", "--listen", f"127.0.0.1:{port}"], env=variables)
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/session", json={"name": "admin", "password": "correct horse 808"})
        assert answer.status_code == 200
        metrics = httpx.get(f"http://127.0.0.1:{internal}/metrics").text
        assert 'web_logins_total{result="accepted"} 1.0' in metrics
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 401
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
