"""Vehicle-days on many workers, broken off, and through the real programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import RefusedError
from domain.units import day_bounds
from ingest import days, due_store, roll_up_store
from ingest.day_result_store import Replaced
from runtime.day_tables import print_day
from runtime.day_workers import day_workers
from storage.pool import connect
from tests.ingest.day_fleet import LATER_MS, ask_all, due, fleet, run, whole
from tests.ingest.spooled import Logged, backfill, drain, fix, pipeline, report, rows, write
from tests.ingest.test_pipeline_command import until
from tests.tracking.day_drives import DAY, ring
from tracking.network import save

LAST = DAY + timedelta(2)
HOUR_MS = 3_600_000
ONLY_WHEN_ASKED = pytest.mark.skipif("CUNTONG_TEST_LONG" not in os.environ, reason="minutes long: set CUNTONG_TEST_LONG")


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(dsn, "owner") as connection:
        yield connection


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    save(ring()[0], tmp_path / "ring.npz")
    return tmp_path / "ring.npz"


@contextmanager
def dask_cluster(workers: int) -> Iterator[str]:
    """Address of a scheduler with workers in processes of their own."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", memory_limit=0
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize(("vehicles", "number"), [(5, 3), pytest.param(50, 10, marks=[pytest.mark.slow, ONLY_WHEN_ASKED])])
def test_one_worker_and_a_dask_cluster_give_the_same_bytes(
    dsn: str, conn: Any, tmp_path: Path, roads: Path, vehicles: int, number: int
) -> None:
    fleet(conn, vehicles, number)
    last, count = DAY + timedelta(number - 1), vehicles * number
    days.use_network(conn, roads)
    with ThreadPoolExecutor(1) as alone:
        done = days.compute_due(conn, ask_all(conn, last), alone, run(dsn, tmp_path), LATER_MS)
    assert done.replaced == Replaced(written=count)
    wanted = whole(dsn)
    conn.execute("truncate vehicle_day, mileage_segment, matched_path, trip, stay, stop_passage, edge_speed_hour")
    conn.commit()
    told: list[int] = []
    with dask_cluster(2) as address, day_workers(address, 1) as cluster:
        how = run(dsn, tmp_path, unit_days=max(2, vehicles // 4), progress=told.append)
        assert days.compute_due(conn, ask_all(conn, last), cluster, how, LATER_MS).replaced == Replaced(written=count)
    assert sum(told) == count
    assert whole(dsn) == wanted
    assert len(wanted["edge_speed_hour"]) > 0


def test_a_cluster_that_does_not_answer_is_named() -> None:
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1:1"), day_workers("tcp://127.0.0.1:1", 1):
        raise AssertionError("nobody should answer")


def cuntong(dsn: str, data: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """A command of the product."""
    command = [sys.executable, "-m", "runtime.cli", *words, "--data", str(data)]
    known = {**os.environ, "CUNTONG_DATABASE_URL": dsn, "COLUMNS": "160", **environment}
    return subprocess.Popen(command, env=known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def said(process: subprocess.Popen[str], code: int = 0) -> str:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == code, out
    return out


def test_a_run_that_is_killed_goes_on_where_it_was(dsn: str, conn: Any, tmp_path: Path, roads: Path) -> None:
    fleet(conn, 2, 3)
    days.use_network(conn, roads)
    waits = "select count(*) from pg_locks where not granted and relation = 'mileage_segment'::regclass"
    with psycopg.connect(dsn) as holder:
        with ThreadPoolExecutor(1) as alone:
            first = [ticket for ticket in ask_all(conn, LAST) if ticket.day == DAY]
            days.compute_due(conn, first, alone, run(dsn, tmp_path), LATER_MS)
        holder.execute("lock table mileage_segment in share mode")
        with cuntong(dsn, tmp_path, "days", "recompute", "--resume", "--workers", "1") as process:
            until(lambda: rows(dsn, waits) != [(0,)])
            process.send_signal(signal.SIGKILL)
            process.wait(10)
    until(lambda: rows(dsn, "select count(*) from pg_stat_activity where application_name = 'cuntong-ingest'") == [(0,)])
    assert rows(dsn, "select distinct day::text from vehicle_day") == [(str(DAY),)]
    assert len(due(dsn)) == 4
    text = said(cuntong(dsn, tmp_path, "days", "recompute", "--resume", "--workers", "1"))
    assert "4 vehicle-days: 4 written, 0 unchanged" in text
    assert due(dsn) == []
    wanted = whole(dsn)
    with ThreadPoolExecutor(1) as alone:
        again = days.compute_due(conn, ask_all(conn, LAST), alone, run(dsn, tmp_path), LATER_MS)
    assert again.replaced == Replaced(unchanged=6)
    assert whole(dsn) == wanted
    assert rows(dsn, "select count(*), max(revision) from vehicle_day") == [(6, 1)]


def test_the_command_computes_and_shows_a_day(dsn: str, conn: Any, tmp_path: Path, roads: Path) -> None:
    one, two = fleet(conn, 2, 1)
    words = ("days", "recompute", "--from", str(DAY), "--vehicles", str(two), "--network", str(roads), "--workers", "2")
    assert "1 vehicle-days: 1 written" in said(cuntong(dsn, tmp_path, *words))
    shown = said(cuntong(dsn, tmp_path, "days", "show", str(two), str(DAY)))
    assert "revision 1, not final" in shown
    assert "1 trips" in shown
    assert "matched" in shown
    with pytest.raises(RefusedError, match="has no computed day"):
        print_day(conn, str(one), DAY)
    with pytest.raises(RefusedError, match="no vehicle"):
        print_day(conn, "贵A00000", DAY)


def test_the_worker_computes_the_days_that_closed(dsn: str, conn: Any, tmp_path: Path, roads: Path) -> None:
    fleet(conn, 2, 1)
    days.use_network(conn, roads)
    said(cuntong(dsn, tmp_path, "worker", "--once", CUNTONG_DATABASE_HOT_DAYS="3000", CUNTONG_PIPELINE_SETTLE_MIN="0"))
    assert due(dsn) == []
    assert rows(dsn, "select matched_m > 71000, final from vehicle_day") == [(True, True)] * 2


def test_the_pipeline_queues_the_days_that_late_fixes_touch(dsn: str, tmp_path: Path) -> None:
    terminal, (begin, end) = "13800000001", day_bounds(DAY)
    write(tmp_path, [Logged(report(terminal, begin + HOUR_MS), begin + HOUR_MS)])
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    with connect(dsn, "owner") as conn:
        roll_up_store.seal(conn, end + 30 * HOUR_MS)
        assert due_store.waiting(conn) == (0, 0)
    late = [fix(begin + 12 * HOUR_MS), fix(begin + 12 * HOUR_MS + 10_000), fix(end - 60_000)]
    write(tmp_path, [Logged(backfill(terminal, tuple(late)), end + 31 * HOUR_MS)])
    drain(worker)
    assert [day for _, day in due(dsn)] == [str(DAY), str(DAY + timedelta(1))]
    assert rows(dsn, "select day::text, late_rows from dirty_day") == [(str(DAY), 3)]
    write(tmp_path, [Logged(backfill(terminal, (fix(end + 29 * HOUR_MS),)), end + 31 * HOUR_MS)])
    drain(worker)
    assert [day for _, day in due(dsn)] == [str(DAY), str(DAY + timedelta(1))]
    worker.close()
