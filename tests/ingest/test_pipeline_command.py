"""`cuntong pipeline` as a process, while there is no database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.crash.harness import free_port


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
