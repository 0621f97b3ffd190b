"""Past days of a demo: recorded as the fleet would have reported them, stored through the log and the pipeline."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import numpy as np

from domain.units import day_bounds
from ingest.replay import into_log
from runtime.demo_history import INTERVAL_S, History, Past, record
from simulators.county import CountySettings, build_county
from simulators.fleet import Fleet, FleetSettings
from simulators.history import DELAY_MS, past_reports
from tests.ingest.spooled import NOON_MS, drain, log_settings, pipeline, rows

HOUR_MS = 3_600_000
SMALL = CountySettings(seed=5, towns=2, villages=4, hamlets=3, width_km=24, height_km=22)


def test_past_reports_are_stored_where_and_when_the_vehicles_were(dsn: str, tmp_path: Path) -> None:
    fleet = Fleet(FleetSettings(vehicles=8), build_county(SMALL))
    span = NOON_MS - 30 * HOUR_MS, NOON_MS - 29 * HOUR_MS
    assert record(fleet, 3, span, tmp_path / "past") == 3 * 3_600 // INTERVAL_S
    spool = tmp_path / "spool"
    assert asyncio.run(into_log(tmp_path / "past", log_settings(spool), speed=None, correct=False, now_us=lambda: 0)) == 720
    worker = pipeline(dsn, spool)
    assert drain(worker) == 720
    worker.close()
    stored = rows(
        dsn,
        "select t.terminal_id, floor(extract(epoch from p.time))::bigint, p.lon_e6, p.lat_e6, p.source,"
        " floor(extract(epoch from p.received - p.time) * 1000)::int"
        " from positions p join terminal t using (vehicle_id) order by 1, 2",
    )
    assert {row[5] for row in stored} == {DELAY_MS}
    for number in range(3):
        mine = [row for row in stored if row[0] == fleet.identities[number].terminal_id.lstrip("0")]
        t_s = np.array([row[1] for row in mine])
        assert t_s[0] - span[0] // 1000 < INTERVAL_S and (np.diff(t_s) == INTERVAL_S).all()
        true, _ = fleet.drivers.at(np.full(t_s.size, number), t_s)
        assert [row[2:4] for row in mine] == list(zip(true["lon_e6"].tolist(), true["lat_e6"].tolist(), strict=True))


def test_reports_come_in_the_order_of_time_and_the_same_every_time() -> None:
    fleet = Fleet(FleetSettings(vehicles=3), build_county(SMALL))
    first = list(past_reports(fleet, 3, NOON_MS // 1000, NOON_MS // 1000 + 1_500, 10))
    assert [received for received, _ in first] == sorted(received for received, _ in first)
    assert first == list(past_reports(fleet, 3, NOON_MS // 1000, NOON_MS // 1000 + 1_500, 10))
    assert len(first) == 450


def test_the_past_ends_before_the_demo_begins() -> None:
    noon = day_bounds(date(2026, 3, 24))[0] + 12 * HOUR_MS
    past = Past.before(noon, 3)
    assert (past.first, past.last, past.until_ms) == (date(2026, 3, 21), date(2026, 3, 24), noon - 15 * 60_000)
    assert Past.before(day_bounds(date(2026, 3, 24))[0] + 60_000, 3).last == date(2026, 3, 23)


def test_a_past_that_is_ended_at_once_leaves_nothing_running(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    past = History(dsn, tmp_path, ("--vehicles", "3"), ["014001000000"], Past.before(NOON_MS, 1))
    past.start()
    past.end()
    assert not past.is_alive()
    assert rows(dsn, "select count(*) from positions") == [(0,)]
