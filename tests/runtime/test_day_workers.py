"""The process that computes days beside everything else: it yields, ends at once, and never outlives who gives it work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from runtime.day_workers import BackgroundProcess
from tests.ingest.test_pipeline_command import until

HOLDER = """
import os, sys, time
from runtime.day_workers import BackgroundProcess

if __name__ == "__main__":
    background = BackgroundProcess()
    print(background.executor().submit(os.getpid).result(), flush=True)
    background.executor().submit(time.sleep, 600)
    time.sleep(600)
"""


def gone(pid: int) -> bool:
    """No process of the number, or only its remains."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_it_yields_and_ends_in_the_middle_of_a_unit() -> None:
    with BackgroundProcess() as background:
        pid = background.executor().submit(os.getpid).result()
        assert background.executor().submit(os.nice, 0).result() >= min(os.nice(0) + 10, 19)
        running = background.executor().submit(time.sleep, 3_600)
    until(lambda: gone(pid))
    assert running.cancelled() or isinstance(running.exception(), BrokenExecutor)


def test_one_that_died_is_begun_again() -> None:
    with BackgroundProcess() as background:
        pid = background.executor().submit(os.getpid).result()
        with pytest.raises(BrokenExecutor):
            background.executor().submit(os.kill, pid, signal.SIGKILL).result()
        background.end()
        assert background.executor().submit(os.getpid).result() != pid


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "holder.py"
    script.write_text(HOLDER, encoding="utf-8")
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    ) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        assert not gone(pid)
        holder.kill()
    until(lambda: gone(pid))
