"""The day that is under way: computed a few vehicles at a time, computed again when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from domain.units import day_bounds, day_of
from ingest import days, due_store, roll_up_store
from ingest.day_open import OpenDay
from ingest.day_result_store import Replaced
from storage.pool import connect
from tests.ingest.day_fleet import LATER_MS, day_rows, due, put, run, vehicle, whole
from tests.ingest.spooled import rows
from tests.tracking.day_drives import DAY, ring
from tracking.network import save

Connection = psycopg.Connection[Any]
HOUR_MS = 3_600_000
AT_9_MS = day_bounds(DAY)[0] + 9 * HOUR_MS
REVISIONS = "select vehicle_id, revision from vehicle_day order by vehicle_id"


@pytest.fixture
def conn(dsn: str, tmp_path: Path) -> Iterator[Connection]:
    save(ring()[0], tmp_path / "ring.npz")
    with connect(dsn, "owner") as connection:
        days.use_network(connection, tmp_path / "ring.npz")
        yield connection


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def drive(conn: Connection, vehicle_id: int, seed: int, until_ms: int) -> None:
    """Store the day's fixes up to an instant, less those that are stored."""
    made = day_rows(vehicle_id, DAY, seed)
    row = conn.execute("select coalesce(max(time), to_timestamp(0)) from positions where vehicle_id = %s", (vehicle_id,)).fetchone()
    assert row is not None
    put(conn, made[(made["t_ms"] <= until_ms) & (made["t_ms"] > row[0].timestamp() * 1000)])


def test_today_is_computed_where_there_is_something_new_and_again_when_it_is_over(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    ids = [vehicle(conn) for _ in range(3)]
    for seed, one in enumerate(ids):
        drive(conn, one, seed, AT_9_MS)
    today, how = OpenDay(), run(dsn, tmp_path)
    assert today.work(conn, executor, how, AT_9_MS).replaced == Replaced(written=3)
    assert due(dsn) == []
    assert all(0 < row[0] < 60_000 for row in rows(dsn, "select matched_m from vehicle_day"))
    assert today.work(conn, executor, how, AT_9_MS) == days.Outcome()
    drive(conn, ids[1], 1, AT_9_MS + HOUR_MS)
    assert today.work(conn, executor, how, AT_9_MS + HOUR_MS).replaced == Replaced(written=1)
    assert rows(dsn, REVISIONS) == [(ids[0], 1), (ids[1], 2), (ids[2], 1)]
    assert OpenDay().work(conn, executor, how, AT_9_MS + HOUR_MS).replaced == Replaced(unchanged=3)
    for seed, one in enumerate(ids):
        drive(conn, one, seed, day_bounds(DAY)[1])
    provisional = whole(dsn)["vehicle_day"]
    roll_up_store.seal(conn, day_bounds(DAY)[1] + HOUR_MS)
    conn.commit()
    assert due_store.queue_closed(conn) == 3
    conn.commit()
    assert days.work_off(conn, executor, how, LATER_MS, 10).replaced == Replaced(written=2, unchanged=1)
    assert whole(dsn)["vehicle_day"] != provisional
    assert all(row == (72_000,) for row in rows(dsn, "select round(matched_m, -3) from vehicle_day"))


def test_a_round_ends_in_time_and_the_next_goes_on_where_it_was(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    ids = [vehicle(conn) for _ in range(12)]
    for seed, one in enumerate(ids):
        drive(conn, one, seed, AT_9_MS)
    today = OpenDay()
    assert today.work(conn, executor, run(dsn, tmp_path, until_s=time.monotonic()), AT_9_MS).left == 12
    assert (due(dsn), rows(dsn, REVISIONS)) == ([], [])
    stop = threading.Event()
    stopping = run(dsn, tmp_path, stop=stop, progress=lambda _: stop.set())
    first = today.work(conn, executor, stopping, AT_9_MS)
    assert 4 <= first.replaced.written < 12 and first.left == 12 - first.replaced.written
    early = [row[0] for row in rows(dsn, REVISIONS)]
    for one in early:
        drive(conn, one, ids.index(one), AT_9_MS + HOUR_MS)
    assert today.work(conn, executor, run(dsn, tmp_path), AT_9_MS + HOUR_MS).replaced == Replaced(written=12)
    assert dict(rows(dsn, REVISIONS)) == {one: 2 if one in early else 1 for one in ids}
    order = [row[0] for row in rows(dsn, "select vehicle_id from vehicle_day order by computed_at, vehicle_id")]
    assert set(order[: 12 - len(early)]) & set(early[-1:]) == set()
    assert due(dsn) == []


def test_what_is_computed_before_the_day_is_over_counts_for_no_revision(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    one, now_ms = vehicle(conn), time.time_ns() // 1_000_000
    made = day_rows(one, day_of(now_ms), 1)
    today, how = OpenDay(), run(dsn, tmp_path)
    for part in np.array_split(made, 3):
        put(conn, part)
        assert today.work(conn, executor, how, now_ms).replaced == Replaced(written=1)
    assert rows(dsn, REVISIONS) == [(one, 1)]
    conn.execute("update vehicle_day set computed_at = computed_at + interval '1 day'")
    late = made[:1].copy()
    late["t_ms"] += 1_000
    put(conn, late)
    conn.commit()
    assert OpenDay().work(conn, executor, how, now_ms).replaced == Replaced(written=1)
    assert rows(dsn, REVISIONS) == [(one, 2)]


def test_a_worker_that_is_held_off_leaves_today_alone(dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    drive(conn, vehicle(conn), 1, AT_9_MS)
    with connect(dsn, "owner") as other:
        assert days.hold_off_worker(other)
        assert OpenDay().work(conn, executor, run(dsn, tmp_path), AT_9_MS) == days.Outcome()
    assert rows(dsn, REVISIONS) == []
