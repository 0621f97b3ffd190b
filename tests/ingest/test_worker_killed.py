"""`cuntong worker` as a process: what it does in a round, and that a kill between any two of its steps loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from domain.units import DAY_MS, day_bounds, day_of
from runtime.demo import figures as gauges
from storage.pool import connect
from storage.positions import read_track
from tests.crash.harness import free_port
from tests.ingest.spooled import rows
from tests.ingest.test_pipeline_command import readiness, until
from tests.ingest.test_retention import figures, fleet, hour_by_hour

DAYS = 2


@pytest.fixture
def first_day() -> date:
    """A day that is long final, and old enough to be dropped, by the clock of this machine."""
    return day_of(time.time_ns() // 1_000_000 - 40 * DAY_MS)


@pytest.fixture
def recorded(dsn: str, first_day: date) -> np.ndarray[Any, Any]:
    """Fixes of six vehicles on two days, stored; by (vehicle, time)."""
    start_ms, _ = day_bounds(first_day)
    with connect(dsn, "owner") as conn:
        stored = np.concatenate([fleet(conn, 3, 500, start_ms + day * DAY_MS) for day in range(DAYS)])
    return stored[np.lexsort((stored["t_ms"], stored["vehicle_id"]))]


@contextmanager
def worker(dsn: str, data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`cuntong worker --once`."""
    command = [sys.executable, "-m", "runtime.cli", "worker", "--once", "--data", str(data)]
    with subprocess.Popen(command, env={**os.environ, "CUNTONG_DATABASE_URL": dsn}) as process:
        try:
            yield process
        finally:
            process.kill()


def one_round(dsn: str, data: Path) -> None:
    with worker(dsn, data) as process:
        assert process.wait(60) == 0


def killed_before_it_writes(dsn: str, data: Path, table: str) -> None:
    """A round that ends by SIGKILL when it is about to write into the table; on return its session is gone too."""
    waits = """
        select count(*) from pg_locks
        where not granted and relation is not null and database = (select oid from pg_database where datname = current_database())
        """  # of a hypertable it is a chunk that the worker waits for
    with psycopg.connect(dsn) as holder:
        holder.execute(f"lock table {table} in share mode".encode())
        with worker(dsn, data) as process:
            until(lambda: rows(dsn, waits) != [(0,)])
            process.send_signal(signal.SIGKILL)
            process.wait(10)
    sessions = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'cuntong-owner'"
    until(lambda: rows(dsn, sessions) == [(0,)])


def read_back(dsn: str, data: Path, recorded: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tracks of all vehicles, hot and archived as one."""
    start_ms, end_ms = int(recorded["t_ms"].min()), int(recorded["t_ms"].max()) + 1
    with connect(dsn, "owner") as conn:
        tracks = [read_track(conn, int(vehicle), start_ms, end_ms, data / "archive") for vehicle in np.unique(recorded["vehicle_id"])]
    return np.concatenate(tracks)


def test_a_round_rolls_up_archives_and_drops(dsn: str, tmp_path: Path, recorded: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(read_back(dsn, tmp_path, recorded), recorded)
    one_round(dsn, tmp_path)
    assert figures(dsn) == hour_by_hour(recorded)
    assert rows(dsn, "select count(*), sum(rows) from archive_file") == [(3 * DAYS, len(recorded))]
    assert rows(dsn, "select count(*) from positions") == [(0,)]
    assert np.array_equal(read_back(dsn, tmp_path, recorded), recorded)


def test_the_worker_says_how_its_rounds_go(dsn: str, tmp_path: Path, recorded: np.ndarray[Any, Any]) -> None:
    port = free_port()
    listen = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "runtime.cli", "worker", "--data", str(tmp_path), "--metrics", listen]
    with subprocess.Popen(command, env={**os.environ, "CUNTONG_DATABASE_URL": dsn}) as process:
        try:
            until(lambda: "pipeline_dirty_days" in gauges(listen) and readiness(port)[0] == 200)
            counted = gauges(listen)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert (counted["archive_days_total"], counted["archive_rows_total"]) == (3 * DAYS, len(recorded))
    assert counted["pipeline_dirty_days"] == 0


@pytest.mark.parametrize(
    ("table", "archived"), [("vehicle_hour", False), ("archive_file", False), ("positions", True)],
    ids=["hours closed but not counted", "file written but not counted", "archived but not dropped"],
)  # fmt: skip
def test_a_kill_between_two_steps_loses_nothing(
    dsn: str, tmp_path: Path, recorded: np.ndarray[Any, Any], table: str, archived: bool
) -> None:
    killed_before_it_writes(dsn, tmp_path, table)
    written = list(tmp_path.glob("archive/*/*/part-1.parquet"))
    assert bool(written) == (table != "vehicle_hour")
    assert rows(dsn, "select count(*) > 0 from archive_file") == [(archived,)]
    assert rows(dsn, "select count(*) from positions") == [(len(recorded),)]
    assert np.array_equal(read_back(dsn, tmp_path, recorded), recorded)
    one_round(dsn, tmp_path)
    assert rows(dsn, "select count(*), sum(rows), max(version) from archive_file") == [(3 * DAYS, len(recorded), 1)]
    assert rows(dsn, "select count(*) from positions") == [(0,)]
    assert np.array_equal(read_back(dsn, tmp_path, recorded), recorded)
    assert figures(dsn) == hour_by_hour(recorded)
