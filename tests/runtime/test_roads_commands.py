"""`cuntong network use`, `lines` and `days show` on a real database, as a person runs them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.units import day_bounds
from ingest import days, due_store
from ingest.due_store import Span
from storage.pool import connect
from tests.ingest.day_fleet import LATER_MS, run
from tests.ingest.line_day import DAY, build
from tests.ingest.spooled import rows
from tests.ingest.test_days_workers import cuntong, said


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(dsn, "owner") as connection:
        yield connection


def test_what_a_person_registers_is_listed_and_shown_with_the_day(dsn: str, conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    buses = build(conn, tmp_path, 1)
    conn.execute("truncate network_version")
    conn.commit()
    assert "no road network is registered" in " ".join(said(cuntong(dsn, tmp_path, "network", "list")).split())
    told = said(cuntong(dsn, tmp_path, "network", "use", str(tmp_path / "county.npz"), "--region", "529900", "--from", "2026-01-02"))
    assert "serves regions 5299* from 2026-01-02 on; 0 vehicle-days are due" in " ".join(told.split())
    assert rows(dsn, "select region_code, from_day::text from network_version") == [("5299", "2026-01-02")]
    told = said(cuntong(dsn, tmp_path, "network", "list"))
    assert "5299*" in told and "no road network" not in told
    assert ", 0 ways new or changed" in said(cuntong(dsn, tmp_path, "lines", "import", str(tmp_path / "lines.geojson")))
    told = said(cuntong(dsn, tmp_path, "lines", "timetable", str(tmp_path / "timetable.csv"), "--from", "2026-01-01"))
    assert "the timetables of 0 lines changed" in told
    days.ask(conn, Span(DAY, DAY), LATER_MS + day_bounds(DAY)[0], 10)
    with ThreadPoolExecutor(1) as alone:
        days.compute_due(conn, due_store.tickets(conn, 4_000_000_000_000, 0), alone, run(dsn, tmp_path), LATER_MS)
    told = said(cuntong(dsn, tmp_path, "lines", "list"))
    assert "529921-" in told and "not yet" in told and "yes" in told
    told = said(cuntong(dsn, tmp_path, "days", "show", str(buses.vehicle_ids[0]), str(DAY)))
    assert "runs of lines" in told and "NO_NETWORK" not in told and "NO_TIMETABLE" not in told
