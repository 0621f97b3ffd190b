"""What live matching told of a vehicle-day is there until the day's own match is, and not a moment longer or shorter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from domain.units import DAY_MS, day_bounds, day_of
from ingest import days, due_store
from ingest.day_open import OpenDay
from ingest.day_result_store import Replaced
from ingest.provisional_path_store import PART, put
from storage.pool import connect
from tests.ingest.day_fleet import LATER_MS, ask_all, day_rows, fleet, run, vehicle
from tests.ingest.day_fleet import put as put_fixes
from tests.ingest.spooled import rows
from tests.tracking.day_drives import DAY, ring
from tracking.network import save

Connection = psycopg.Connection[Any]
NEXT = DAY + timedelta(1)
LEFT = """
select vehicle_id, (time at time zone 'Asia/Shanghai')::date, count(*) from provisional_path group by 1, 2 order by 1, 2
"""


@pytest.fixture
def conn(dsn: str, tmp_path: Path) -> Iterator[Connection]:
    """As the worker is connected."""
    save(ring()[0], tmp_path / "ring.npz")
    with connect(dsn, "owner") as connection:
        days.use_network(connection, tmp_path / "ring.npz")
    with connect(dsn, "ingest") as connection:
        yield connection


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def tell(dsn: str, vehicle_id: int, day: date, number: int = 1) -> None:
    """As the pipeline does it: the first and the last instant of a day, and noon."""
    begin, end = day_bounds(day)
    parts = np.zeros(3, PART)
    parts["t_ms"], parts["vehicle_id"], parts["number"] = (begin, begin + DAY_MS // 2, end - 1), vehicle_id, number + np.arange(3)
    with connect(dsn, "ingest") as conn:
        conn.execute("create temporary table staging_path (like provisional_path) on commit delete rows")
        put(conn, parts)
        conn.commit()


def test_a_day_that_is_stored_takes_the_place_of_what_was_told_of_it(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    with connect(dsn, "owner") as owner:
        one, two = fleet(owner, 2, 2)
    for who in (one, two):
        for day in (DAY - timedelta(1), DAY, NEXT):
            tell(dsn, who, day)
    tickets = [ticket for ticket in ask_all(conn, NEXT) if (ticket.vehicle_id, ticket.day) in ((one, DAY), (two, NEXT))]
    assert days.compute_due(conn, tickets, executor, run(dsn, tmp_path), LATER_MS).replaced == Replaced(written=2)
    before = DAY - timedelta(1)
    expected = [(one, before, 3), (one, NEXT, 3), (two, before, 3), (two, DAY, 3)]
    assert rows(dsn, LEFT) == expected
    tell(dsn, one, DAY, number=7)
    assert rows(dsn, LEFT) == expected, "a way that is committed after its day was stored"
    tell(dsn, one, NEXT, number=7)
    assert rows(dsn, LEFT) == [(*row[:2], 6) if row[:2] == (one, NEXT) else row for row in expected]


def test_an_unchanged_day_gives_no_place_to_what_came_meanwhile(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    with connect(dsn, "owner") as owner:
        (one,) = fleet(owner, 1, 1)
    how = run(dsn, tmp_path)
    assert days.compute_due(conn, ask_all(conn, DAY), executor, how, LATER_MS).replaced == Replaced(written=1)
    conn.execute(
        "insert into provisional_path (time, vehicle_id, number, part, leg_mm, reason) values (to_timestamp(%s), %s, 1, 0, 0, 0)",
        (day_bounds(DAY)[0] // 1000, one),
    )
    assert days.compute_due(conn, ask_all(conn, DAY), executor, how, LATER_MS).replaced == Replaced(unchanged=1)
    assert rows(dsn, LEFT) == []


def test_what_was_told_goes_with_the_transaction_that_stores_the_day_or_not_at_all(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    with connect(dsn, "owner") as owner:
        (one,) = fleet(owner, 1, 1)
        owner.execute("create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$")
        owner.execute("create trigger refuse before delete on provisional_path for each row execute function refuse()")
    tell(dsn, one, DAY)
    assert len(days.compute_due(conn, ask_all(conn, DAY), executor, run(dsn, tmp_path), LATER_MS).failed) == 1
    assert rows(dsn, "select count(*) from vehicle_day") == [(0,)] and rows(dsn, LEFT) == [(one, DAY, 3)]
    with connect(dsn, "owner") as owner:
        owner.execute("drop trigger refuse on provisional_path")
    stale = ask_all(conn, DAY)
    due_store.enqueue(conn, [(one, DAY)], "late")
    conn.commit()
    assert days.compute_due(conn, stale, executor, run(dsn, tmp_path), LATER_MS).replaced == Replaced(lost=1)
    assert rows(dsn, LEFT) == [(one, DAY, 3)]
    assert days.compute_due(conn, ask_all(conn, DAY), executor, run(dsn, tmp_path), LATER_MS).replaced == Replaced(written=1)
    assert rows(dsn, LEFT) == []


def test_the_day_under_way_keeps_what_was_told(dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    now_ms = time.time_ns() // 1_000_000
    today = day_of(now_ms)
    with connect(dsn, "owner") as owner:
        one = vehicle(owner)
        put_fixes(owner, day_rows(one, today, 1))
    tell(dsn, one, today)
    assert OpenDay().work(conn, executor, run(dsn, tmp_path), now_ms).replaced == Replaced(written=1)
    tell(dsn, one, today, number=7)
    assert rows(dsn, LEFT) == [(one, today, 6)]
