"""`cuntong pipeline` as a process: without its database, and killed while its readers work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.crash.harness import free_port
from tests.ingest.spooled import NOON_MS, Logged, report, rows, write


def readiness(port: int, limit_s: float = 30.0) -> tuple[int, str]:
    """Status and text of /readyz, once the listener is there."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2.0) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                said = refusal.code, refusal.read().decode()
            if said[1] != "starting\n" or time.monotonic() > deadline:
                return said
        except OSError:
            assert time.monotonic() < deadline
        time.sleep(0.1)


def test_started_without_its_database_it_says_so_and_waits(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "runtime.cli", "pipeline", "--data", str(tmp_path), "--metrics", f"127.0.0.1:{port}"]
    environment = {**os.environ, "CUNTONG_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/none"}
    with subprocess.Popen(command, env=environment) as process:
        try:
            status, said = readiness(port)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert status == 503
    assert "the database does not store for" in said
    assert "the log keeps what is acknowledged" in said


def test_readers_end_with_their_parent_and_the_next_start_is_not_fenced_off(dsn: str, tmp_path: Path) -> None:
    write(tmp_path / "log", [Logged(report(f"1380000{n:04d}", NOON_MS - n * 1_000, n), NOON_MS) for n in range(100)])
    port = free_port(2)
    command = [sys.executable, "-m", "runtime.cli", "pipeline", "--partitions", "2"]
    command += ["--data", str(tmp_path), "--metrics", f"127.0.0.1:{port}"]
    environment = {**os.environ, "CUNTONG_DATABASE_URL": dsn, "CUNTONG_LOG_PATH": str(tmp_path / "log")}
    with subprocess.Popen(command, env=environment) as first:
        assert [until_ready(port + reader) for reader in (0, 1)] == ["ready\n"] * 2
        readers = psutil.Process(first.pid).children()
        first.kill()
    assert len(readers) == 2
    until(lambda: all(not reader.is_running() or reader.status() == psutil.STATUS_ZOMBIE for reader in readers))
    with subprocess.Popen(command, env=environment) as second:
        try:
            assert [until_ready(port + reader) for reader in (0, 1)] == ["ready\n"] * 2
            until(lambda: rows(dsn, "select count(*) from positions") == [(100,)])
            assert second.poll() is None
            second.send_signal(signal.SIGTERM)
            assert second.wait(30) == 0
        finally:
            second.kill()
    assert rows(dsn, "select count(*), count(distinct vehicle_id) from positions") == [(100, 100)]


def until(condition: Callable[[], bool], limit_s: float = 180.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def until_ready(port: int, limit_s: float = 180.0) -> str:
    """What /readyz says as soon as it says yes."""
    deadline = time.monotonic() + limit_s
    while (found := readiness(port))[0] != 200:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found[1]
