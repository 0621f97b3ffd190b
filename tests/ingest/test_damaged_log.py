"""Damage to acknowledged records: the pipeline as the program runs it says so, goes on with the other logs, and resumes after the repair."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.log.reader import SpoolReader
from ingest.log.record import HEADER
from ingest.log.segments import SEGMENT_HEADER
from tests.ingest.spooled import NOON_MS, Logged, report, rows, write

SOUND, HURT = "13800000001", "13800000002"


def until(holds: Callable[[], bool], limit_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.05)


def stored(dsn: str) -> list[tuple[str, int]]:
    return rows(dsn, "select terminal_id, count(*)::int from positions join terminal using (vehicle_id) group by 1 order by 1")


class PipelineProcess:
    """`cuntong pipeline` over a data folder."""

    def __init__(self, folder: Path, dsn: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.listen = f"127.0.0.1:{probe.getsockname()[1]}"
        command = [sys.executable, "-m", "runtime.cli", "pipeline", "--data", str(folder), "--metrics", self.listen]
        environment = {**os.environ, "CUNTONG_DATABASE_URL": dsn, "CUNTONG_PIPELINE_ACCEPT_DAYS": "36500"}
        self.log = folder / "pipeline.log"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.listen}/{path}", timeout=2) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return 0, ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two logs; the second record of worker 1's is damaged."""
    for worker, terminal in enumerate((SOUND, HURT)):
        frames = [Logged(report(terminal, NOON_MS + n * 1_000, n), NOON_MS + n * 1_000) for n in range(5)]
        write(tmp_path / "spool", frames, worker)
    segment = next((tmp_path / "spool" / "1").glob("*.ctl"))
    raw = bytearray(segment.read_bytes())
    raw[SEGMENT_HEADER + first_length() + HEADER + 20] ^= 0x10
    segment.write_bytes(raw)
    return tmp_path


def first_length() -> int:
    """Bytes of one of these records."""
    return HEADER + len(report(HURT, NOON_MS, 0))


@pytest.fixture
def process(folder: Path, dsn: str) -> Iterator[PipelineProcess]:
    running = PipelineProcess(folder, dsn)
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0


def test_a_damaged_log_is_named_the_other_goes_on_and_after_the_repair_so_does_it(folder: Path, dsn: str, process: PipelineProcess) -> None:
    until(lambda: stored(dsn) == [(SOUND, 5), (HURT, 1)], 90)
    until(lambda: "pipeline_damaged_logs 1.0" in process.get("metrics")[1])
    status, said = process.get("readyz")
    log_id = SpoolReader(folder / "spool", "look").logs()[1]
    assert status == 200 and said.startswith("ready\n"), "the other logs are stored"
    assert f"log {log_id} stands still at damage, byte {first_length()}: cuntong log verify --repair" in said
    time.sleep(1.5)  # longer than a reader waits before it tries again
    assert "pipeline_damaged_logs 1.0" in process.get("metrics")[1] and log_id in process.get("readyz")[1]

    mended = subprocess.run(
        [sys.executable, "-m", "runtime.cli", "log", "verify", str(folder / "spool"), "--repair"], capture_output=True, check=False
    )
    assert mended.returncode == 2 and b"damage" in mended.stdout, mended
    until(lambda: stored(dsn) == [(SOUND, 5), (HURT, 4)], 20)
    until(lambda: process.get("readyz") == (200, "ready\n"), 10)
    assert "pipeline_damaged_logs 0.0" in process.get("metrics")[1]
