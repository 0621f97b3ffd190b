"""Live matching when something is not as it should be: positions are stored all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from domain.units import day_of, instant
from ingest.live_matching import LiveMatching
from ingest.pipeline import Pipeline
from ingest.provisional_path_store import drop_old
from storage.live_roads import on_roads, provisional_way
from storage.pool import connect
from tests.ingest import match_town as town
from tests.ingest.spooled import rows, write
from tracking.live_matching import LiveMatcher

EVENING_MS = town.MIDNIGHT_MS - 4 * town.HOUR_MS


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A log of four vehicles, an evening long."""
    write(tmp_path / "spool", town.logged(town.drives(7, EVENING_MS)))
    return tmp_path / "spool"


def all_of(worker: Pipeline) -> int:
    stored = 0
    while town.behind(worker):
        stored += worker.step_once()
    return stored


def test_without_a_network_everything_is_stored_and_nothing_matched(dsn: str, spool: Path) -> None:
    worker = town.matching(dsn, spool)
    assert all_of(worker) == 240
    assert worker.ready and worker.reason == ""
    assert rows(dsn, "select count(*) from vehicle_last where edge_id is null and today_m is null") == [(4,)]
    assert town.ways(dsn) == [] and rows(dsn, "select count(*) from match_state") == [(0,)]
    assert town.count(worker, "pipeline_match_rows_total", outcome="unmatched") == 240
    worker.close()


def test_the_map_sees_road_limit_and_metres_of_today(dsn: str, tmp_path: Path, spool: Path) -> None:
    town.use(dsn, tmp_path, town.networks()[0])
    worker = town.opened(dsn, spool)
    assert all_of(worker) == 240
    assert town.count(worker, "pipeline_match_rows_total", outcome="matched") == 240
    on_road = [row for row in town.shown(dsn) if row[2] is not None]
    assert on_road and all(row[3] >= 0 and row[7] == 4 and 0 <= row[10] <= 100 for row in on_road)
    metres = dict(rows(dsn, "select vehicle_id, sum(leg_mm) / 1000 from provisional_path group by 1"))
    told = dict(rows(dsn, "select vehicle_id, today_m from vehicle_last"))
    assert all(told[vehicle] >= float(found) - 1 for vehicle, found in metres.items())
    assert sum(told.values()) > 1_000
    with connect(dsn, "ingest") as conn:
        seen = on_roads(conn)
        told_again = {(one.edge_id, one.along_m, one.today_m, one.road_class) for one in seen}
        assert told_again == {(row[2], row[3], row[5], row[7]) for row in town.shown(dsn)}
        way = provisional_way(conn, seen[0].vehicle_id, day_of(EVENING_MS))
        assert len(on_roads(conn, [seen[0].vehicle_id])) == 1 and not len(provisional_way(conn, seen[0].vehicle_id, day_of(0)))
    assert (np.diff(way["number"]) >= 0).all() and way["leg_mm"].sum() / 1000 == pytest.approx(float(metres[seen[0].vehicle_id]), abs=1)
    worker.close()
    with connect(dsn, "owner") as conn:
        drop_old(conn, EVENING_MS + 2 * 24 * town.HOUR_MS)
        conn.commit()
        assert len(town.ways(dsn)) > 0
        drop_old(conn, EVENING_MS + 6 * 24 * town.HOUR_MS)
        conn.commit()
    assert town.ways(dsn) == []


def test_a_day_begins_with_no_metres(dsn: str, tmp_path: Path) -> None:
    town.use(dsn, tmp_path, town.networks()[0])
    write(tmp_path / "spool", town.logged(town.drives(7, town.MIDNIGHT_MS)))
    worker = town.opened(dsn, tmp_path / "spool")
    all_of(worker)
    since = rows(dsn, f"select vehicle_id, sum(leg_mm) / 1000 from provisional_path where time >= '{instant(town.MIDNIGHT_MS)}' group by 1")
    told = dict(rows(dsn, "select vehicle_id, today_m from vehicle_last"))
    whole = dict(rows(dsn, "select vehicle_id, sum(leg_mm) / 1000 from provisional_path group by 1"))
    for vehicle, metres in since:
        assert float(metres) - 1 <= told[vehicle] <= float(metres) + 2_000
        assert told[vehicle] < whole[vehicle]
    worker.close()


def test_at_three_the_new_network_takes_over_from_the_last_fix(dsn: str, tmp_path: Path) -> None:
    switch = town.MIDNIGHT_MS + 3 * town.HOUR_MS
    old, new = town.networks()
    town.use(dsn, tmp_path, old)
    town.use(dsn, tmp_path, new, instant(switch - 5 * town.HOUR_MS))
    write(tmp_path / "spool", town.logged(town.drives(3, switch)))
    worker = town.opened(dsn, tmp_path / "spool")
    all_of(worker)
    begun = f"select edge_key, time >= '{instant(switch)}' or reason = 1 from provisional_path where edge_key is not null"
    keys = rows(dsn, begun)
    known = [set(network.edge_key.view(np.int64).tolist()) for network in (old, new)]
    assert {True, False} == {after for _, after in keys}
    assert all(key in known[0] for key, after in keys if not after)
    ended_before = {key for key, after in keys if after} - known[1]
    assert len(ended_before) < len({key for key, after in keys if after})
    assert town.count(worker, "pipeline_match_reseeded_total", reason="network") == 4
    assert (new.version,) in rows(dsn, "select distinct map_version from match_state")
    worker.close()


def test_a_network_that_cannot_be_loaded_is_told_and_keeps_nothing_from_being_stored(dsn: str, tmp_path: Path, spool: Path) -> None:
    path = town.use(dsn, tmp_path, town.networks()[0])
    path.write_bytes(b"no network")
    worker = town.matching(dsn, spool)
    worker.step_once()
    assert worker._live is not None
    worker._live.roads.wait(60)
    all_of(worker)
    assert rows(dsn, "select count(*) from positions") == [(240,)]
    assert worker.ready and "no live matching on network" in worker.reason and str(path) in worker.reason
    assert town.count(worker, "pipeline_match_networks", state="failed") == 1
    worker.close()


def test_a_vehicle_of_a_region_without_a_network_goes_unmatched_and_the_others_do_not(dsn: str, tmp_path: Path, spool: Path) -> None:
    town.use(dsn, tmp_path, town.networks()[0], region_code="5201")
    write(tmp_path / "first", town.logged([one[:1] for one in town.drives(7, EVENING_MS - town.HOUR_MS)]))
    worker = town.matching(dsn, tmp_path / "first")
    all_of(worker)
    worker.close()
    with psycopg.connect(dsn) as conn:
        conn.execute("delete from ingest_offset")
        conn.execute("update vehicle set region_code = '520102' where vehicle_id % 2 = 0")
        conn.execute("update vehicle set region_code = '520200' where vehicle_id % 2 = 1")
    worker = town.opened(dsn, spool)
    all_of(worker)
    assert set(rows(dsn, "select vehicle_id % 2, today_m is null from vehicle_last")) == {(0, False), (1, True)}
    worker.close()


def test_a_matcher_that_fails_costs_the_match_of_a_batch_and_no_position(
    dsn: str, tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.use(dsn, tmp_path, town.networks()[0])
    worker = town.opened(dsn, spool)
    advance = LiveMatcher.advance
    calls = []

    def fails(self: LiveMatcher, *given: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise ValueError("a fault")
        return advance(self, *given)

    monkeypatch.setattr(LiveMatcher, "advance", fails)
    while "a fault" not in worker.reason:
        worker.step_once()
    assert worker.ready
    all_of(worker)
    assert rows(dsn, "select count(*) from positions") == [(240,)]
    assert worker.reason == "" and town.count(worker, "pipeline_match_failures_total") == 1
    assert town.count(worker, "pipeline_match_reseeded_total", reason="damaged") >= 1
    numbers = rows(dsn, "select count(*), count(distinct (vehicle_id, number)), max(part) from provisional_path")
    assert numbers[0][0] >= numbers[0][1] > 0
    assert rows(dsn, "select count(*) from vehicle_last where today_m > 0")[0][0] >= 3
    worker.close()


def test_damaged_and_foreign_records_begin_anew_and_are_counted(dsn: str, tmp_path: Path, spool: Path) -> None:
    town.use(dsn, tmp_path, town.networks()[0])
    worker = town.opened(dsn, spool, checkpoint_s=1)
    for _ in range(6):
        worker.step_once()
    worker.close()
    highest = dict(rows(dsn, "select vehicle_id, max(number) from provisional_path group by 1"))
    held = len(rows(dsn, "select 1 from match_state where state <> ''"))
    assert held == len(town.TERMINALS)
    with psycopg.connect(dsn) as conn:
        conn.execute("update match_state set state = set_byte(state, 900, 255 - get_byte(state, 900)) where vehicle_id % 2 = 0")
        conn.execute("update match_state set state = substr(state, 2) where vehicle_id = 3")
    worker = town.opened(dsn, spool)
    all_of(worker)
    assert town.count(worker, "pipeline_match_reseeded_total", reason="damaged") == 3
    going_on = rows(dsn, "select vehicle_id, number, count(*) from provisional_path where part = 0 group by 1, 2 having count(*) > 1")
    assert going_on == [] and all(
        number > highest[v] for v, number in rows(dsn, "select vehicle_id, max(number) from provisional_path group by 1")
    )
    worker.close()


def test_memory_is_bounded_and_whoever_makes_room_comes_back_as_he_was(dsn: str, tmp_path: Path, spool: Path) -> None:
    town.use(dsn, tmp_path, town.networks()[0])
    worker = town.opened(dsn, spool, batch_rows=1, match_vehicles=2)
    assert all_of(worker) == 240
    live = worker._live
    assert isinstance(live, LiveMatching) and live.vehicles == 2
    assert town.count(worker, "pipeline_match_rows_total", outcome="again") > 0
    assert town.count(worker, "pipeline_match_reseeded_total", reason="damaged") == 0
    crowded = town.ways(dsn), town.shown(dsn)
    worker.close()
    with psycopg.connect(dsn) as conn:
        conn.execute("truncate ingest_offset, positions, vehicle_last, match_state, provisional_path")
    worker = town.opened(dsn, spool)
    all_of(worker)
    assert (town.ways(dsn), town.shown(dsn)) == crowded
    assert len(town.records(worker)) == 4
    worker.close()


def test_a_poison_row_takes_no_match_with_it(dsn: str, tmp_path: Path) -> None:
    town.use(dsn, tmp_path, town.networks()[0])
    found = town.drives(7, EVENING_MS)
    found[1]["altitude_m"][31] = 6_666
    write(tmp_path / "spool", town.logged(found))
    with psycopg.connect(dsn) as conn:
        conn.execute("alter table positions add constraint poison check (altitude_m <> 6666)")
    worker = town.opened(dsn, tmp_path / "spool", batch_rows=50)
    assert all_of(worker) == 239
    assert rows(dsn, "select count(*) from quarantine") == [(1,)]
    spoilt = town.ways(dsn), town.shown(dsn)
    worker.close()
    with psycopg.connect(dsn) as conn:
        conn.execute("truncate ingest_offset, positions, vehicle_last, match_state, provisional_path")
    found[1] = np.delete(found[1], 31)
    write(tmp_path / "clean", town.logged(found))
    worker = town.opened(dsn, tmp_path / "clean")
    all_of(worker)
    assert (town.ways(dsn), town.shown(dsn)) == spoilt
    worker.close()


def test_fixes_that_came_before_the_network_was_ready_are_matched_afterwards(dsn: str, tmp_path: Path, spool: Path) -> None:
    town.use(dsn, tmp_path, town.networks()[0])
    worker = town.opened(dsn, spool)
    all_of(worker)
    expected = town.ways(dsn), town.shown(dsn)
    worker.close()
    with psycopg.connect(dsn) as conn:
        conn.execute("truncate ingest_offset, positions, vehicle_last, match_state, provisional_path")
    worker = town.opened(dsn, spool)
    while rows(dsn, "select count(*) from match_state") != [(4,)]:
        worker.step_once()
    worker.close()
    worker = town.matching(dsn, spool, match=False)
    for _ in range(4):
        worker.step_once()
    worker.close()
    worker = town.opened(dsn, spool)
    all_of(worker)
    assert town.count(worker, "pipeline_match_rows_total", outcome="again") > 0
    assert (town.ways(dsn), town.shown(dsn)) == expected
    worker.close()
