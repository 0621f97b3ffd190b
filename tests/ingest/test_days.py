"""Vehicle-days on a real database: computed once, replaced when a fix comes late, left alone when nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from domain.errors import RefusedError
from domain.units import DAY_MS, day_bounds
from ingest import day_store, days, due_store, retention, roll_up_store
from ingest.day_context_store import Roads, contexts, register_network, roads_of
from ingest.day_result_store import Replaced, finalise
from ingest.due_store import Span
from storage import days as stored_days
from storage.locks import unlock
from storage.pool import connect
from storage.road_networks import regions_without_network, registered_networks
from tests.ingest.day_fleet import LATER_MS, ask_all, day_rows, due, fleet, put, run, vehicle, whole
from tests.ingest.spooled import rows
from tests.tracking.day_drives import DAY, WIDTH, ring
from tests.tracking.small_roads import roads
from tracking.daily import compute_day
from tracking.network import save

Connection = psycopg.Connection[Any]
NEXT = DAY + timedelta(1)
HOUR_MS = 3_600_000


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection]:
    with connect(dsn, "owner") as connection:
        yield connection


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("roads") / "ring.npz"
    save(ring()[0], path)
    return path


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def compute(conn: Connection, executor: ThreadPoolExecutor, how: days.Run, *, last: date = NEXT) -> days.Outcome:
    """Every day up to last, asked for and computed."""
    return days.compute_due(conn, ask_all(conn, last), executor, how, LATER_MS)


def work(conn: Connection, executor: ThreadPoolExecutor, how: days.Run) -> Replaced:
    """What waits, computed."""
    return days.compute_due(conn, due_store.tickets(conn, 4_000_000_000_000, 0), executor, how, LATER_MS).replaced


def late_fix(conn: Connection, vehicle_id: int, t_ms: int) -> None:
    """A fix stored after its hour was closed, as the pipeline does it."""
    row = day_rows(vehicle_id, DAY, 99)[:1]
    row["t_ms"], row["received_ms"] = t_ms, t_ms + DAY_MS
    day_store.mark_dirty(conn, row["vehicle_id"], row["t_ms"])
    put(conn, row)


def test_a_day_is_stored_as_it_was_computed(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    (one,) = fleet(conn, 1, 1)
    days.use_network(conn, network_file)
    assert compute(conn, executor, run(dsn, tmp_path), last=DAY).replaced == Replaced(written=1)
    wanted = compute_day(day_rows(one, DAY, 0), DAY, ring()[0], None, contexts(conn, DAY, [one])[one])
    found = stored_days.vehicle_day(conn, one, DAY)
    assert found is not None
    assert (found.matched_m, found.low_m, found.high_m) == (wanted.figures.matched_m, wanted.figures.low_m, wanted.figures.high_m)
    assert abs(found.matched_m - 72_000) < 100
    assert (found.input_hash, found.evidence_hash, found.revision, found.final) == (wanted.input_hash, wanted.evidence_hash, 1, False)
    assert found.flags == ["NO_TIMETABLE"]
    assert due(dsn) == []


def test_late_points_recompute_exactly_the_days_whose_window_holds_them(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    one, two = fleet(conn, 2, 3)
    days.use_network(conn, network_file)
    how = run(dsn, tmp_path)
    assert compute(conn, executor, how, last=DAY + timedelta(2)).replaced.written == 6
    begin, end = day_bounds(NEXT)
    late_fix(conn, one, begin + 12 * HOUR_MS)
    assert due(dsn) == [(one, str(NEXT))]
    before = whole(dsn)["vehicle_day"]
    assert work(conn, executor, how) == Replaced(written=1)
    revisions = "select vehicle_id, day::text, revision, records from vehicle_day order by vehicle_id, day"
    days_of = [str(DAY + timedelta(k)) for k in range(3)]
    assert [row[:3] for row in rows(dsn, revisions)] == [
        (vehicle_id, day, 2 if (vehicle_id, day) == (one, str(NEXT)) else 1) for vehicle_id in (one, two) for day in days_of
    ]
    assert sum(a != b for a, b in zip(before, whole(dsn)["vehicle_day"], strict=True)) == 1
    for t_ms, touched in (
        (begin - 900_000, (0, 1)), (begin - 900_001, (0,)), (begin + 899_999, (0, 1)), (begin + 900_000, (1,)),
        (end - 1, (1, 2)), (end + 899_999, (1, 2)), (end + 900_001, (2,)),
    ):  # fmt: skip
        late_fix(conn, two, t_ms)
        assert due(dsn) == [(two, days_of[k]) for k in touched]
        assert work(conn, executor, how) == Replaced(written=len(touched))


def test_the_same_input_writes_nothing(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    fleet(conn, 2, 4)
    days.use_network(conn, network_file)
    assert compute(conn, executor, run(dsn, tmp_path), last=DAY + timedelta(3)).replaced == Replaced(written=8)
    stamped = "select vehicle_id, day, revision, computed_at, xmin::text from vehicle_day order by vehicle_id, day"
    before, everything = rows(dsn, stamped), whole(dsn)
    assert compute(conn, executor, run(dsn, tmp_path, unit_days=3), last=DAY + timedelta(3)).replaced == Replaced(unchanged=8)
    assert whole(dsn) == everything
    assert [row[:4] for row in rows(dsn, stamped)] == [row[:4] for row in before]
    assert due(dsn) == []


def test_a_replaced_day_leaves_no_trace_in_the_speeds_of_edges(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    one, _ = fleet(conn, 2, 1)
    days.use_network(conn, network_file)
    compute(conn, executor, run(dsn, tmp_path), last=DAY)
    before = whole(dsn)["edge_speed_hour"]
    begin, _ = day_bounds(DAY)
    extra = day_rows(one, DAY, 5, start_h=14.0)
    put(conn, extra)
    day_store.mark_dirty(conn, extra["vehicle_id"], extra["t_ms"])
    conn.commit()
    assert work(conn, executor, run(dsn, tmp_path)).written == 1
    assert sum(row[2] for row in whole(dsn)["edge_speed_hour"]) > sum(row[2] for row in before)
    conn.execute("delete from positions where vehicle_id = %s and time >= to_timestamp(%s)", (one, begin / 1000 + 13 * 3600))
    conn.commit()
    compute(conn, executor, run(dsn, tmp_path), last=DAY)
    assert whole(dsn)["edge_speed_hour"] == before
    assert rows(dsn, "select revision from vehicle_day order by vehicle_id") == [(3,), (1,)]


def test_without_a_network_a_day_is_measured_and_says_so(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    fleet(conn, 1, 1)
    compute(conn, executor, run(dsn, tmp_path), last=DAY)
    ((matched, flags, version),) = rows(dsn, "select matched_m, flags, map_version from vehicle_day")
    assert abs(matched - 72_000) < 1_500
    assert "NO_NETWORK" in flags
    assert version == ""
    days.use_network(conn, network_file)
    assert compute(conn, executor, run(dsn, tmp_path), last=DAY).replaced == Replaced(written=1)
    assert rows(dsn, "select revision, 'NO_NETWORK' = any(flags) from vehicle_day") == [(2, False)]


def test_days_are_queued_when_their_window_is_closed_and_not_before(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    fleet(conn, 2, 2)
    _, end = day_bounds(DAY)
    roll_up_store.seal(conn, end)
    conn.commit()
    assert due_store.queue_closed(conn) == 0
    roll_up_store.seal(conn, end + HOUR_MS)
    assert due_store.queue_closed(conn) == 2
    assert due_store.queue_closed(conn) == 0
    conn.commit()
    assert [day for _, day in due(dsn)] == [str(DAY)] * 2
    with connect(dsn, "owner") as other:
        assert days.hold_off_worker(other)
        assert days.work_off(conn, executor, run(dsn, tmp_path), LATER_MS, 10) == days.Outcome()
        unlock(other, days.LOCK)  # closing would do it too, in its own time
    assert days.work_off(conn, executor, run(dsn, tmp_path), LATER_MS, 10).replaced == Replaced(written=2)
    with pytest.raises(RefusedError, match="not over"):
        days.ask(conn, Span(NEXT, NEXT), end + DAY_MS + HOUR_MS, 10)


def test_a_mark_that_moves_while_its_day_is_computed_wins(dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    (one,) = fleet(conn, 1, 1)
    tickets = ask_all(conn, DAY)
    late_fix(conn, one, day_bounds(DAY)[0] + HOUR_MS)
    assert days.compute_due(conn, tickets, executor, run(dsn, tmp_path), LATER_MS).replaced == Replaced(lost=1)
    assert rows(dsn, "select count(*) from vehicle_day") == [(0,)]
    assert work(conn, executor, run(dsn, tmp_path)) == Replaced(written=1)


def test_a_fix_in_the_margin_of_a_day_without_fixes_begins_no_day(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    (one,) = fleet(conn, 1, 1)
    compute(conn, executor, run(dsn, tmp_path), last=DAY)
    late_fix(conn, one, day_bounds(DAY)[0] + 1_000)
    assert len(due(dsn)) == 2
    assert work(conn, executor, run(dsn, tmp_path)) == Replaced(written=1, empty=1)
    assert rows(dsn, "select count(*) from vehicle_day") == [(1,)]


def test_a_failed_unit_is_tried_one_by_one_and_the_others_go_on(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    ids = fleet(conn, 3, 1)
    gone = vehicle(conn, region="990000")
    put(conn, day_rows(gone, DAY, 7))
    days.use_network(conn, network_file)
    register_network(conn, Roads(tmp_path / "gone.npz", "nowhere", "99"), 0)
    conn.commit()
    assert roads_of(conn, [gone])[gone] == Roads(tmp_path / "gone.npz", "nowhere", "99")
    done = compute(conn, executor, run(dsn, tmp_path), last=DAY)
    assert done.replaced.written == 3
    assert [one.vehicle_ids for one in done.failed] == [(gone,)]
    assert "gone.npz" in done.failed[0].reason
    ((failures, reason),) = rows(dsn, "select failures, failure from due_day")
    assert (failures, "gone.npz" in reason) == (1, True)
    assert due_store.tickets(conn, LATER_MS + HOUR_MS - 1, -(10**7)) == []
    assert len(due_store.tickets(conn, LATER_MS + HOUR_MS, -(10**7))) == 1
    assert rows(dsn, "select vehicle_id from vehicle_day order by vehicle_id") == [(one,) for one in ids]


def test_the_odometer_ratio_comes_from_final_days(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    (one,) = fleet(conn, 1, 4, odometer=1.02)
    days.use_network(conn, network_file)
    compute(conn, executor, run(dsn, tmp_path), last=DAY + timedelta(3))
    known = [contexts(conn, DAY + timedelta(k), [one])[one].ratio for k in range(5)]
    assert known[:2] == [None, None]
    assert all(ratio is not None and abs(ratio.value * 1.02 - 1) < 0.002 for ratio in known[2:])
    assert [round(ratio.metres / 72_000) for ratio in known[2:] if ratio is not None] == [1, 2, 3]
    ratios = [row[0] for row in rows(dsn, "select ratio_m from vehicle_day order by day")]
    assert ratios[2] == pytest.approx(known[2].metres if known[2] else 0)


def test_a_day_is_final_after_48_hours_and_changes_after_it_are_listed(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    (one,) = fleet(conn, 1, 1)
    _, end = day_bounds(DAY)
    compute(conn, executor, run(dsn, tmp_path), last=DAY)
    assert finalise(conn, end + 48 * HOUR_MS - 1, retention.FINAL_AFTER_H) == 0
    late_fix(conn, one, end - HOUR_MS)
    assert finalise(conn, end + 48 * HOUR_MS, retention.FINAL_AFTER_H) == 0
    work(conn, executor, run(dsn, tmp_path))
    conn.execute("delete from dirty_day")
    assert finalise(conn, end + 48 * HOUR_MS, retention.FINAL_AFTER_H) == 1
    conn.commit()
    assert stored_days.changed_after_final(conn, DAY, DAY) == []
    late_fix(conn, one, end - 2 * HOUR_MS)
    work(conn, executor, run(dsn, tmp_path))
    (changed,) = stored_days.changed_after_final(conn, DAY, DAY)
    assert (changed.final, changed.final_revision, changed.revision) == (True, 2, 3)


def test_an_archived_day_is_computed_as_the_stored_one(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    from ingest import archive

    fleet(conn, 2, 1)
    days.use_network(conn, network_file)
    compute(conn, executor, run(dsn, tmp_path), last=DAY)
    before = whole(dsn)
    retention.roll_up(conn, 10, LATER_MS)
    archive.archive_day(conn, tmp_path / "archive", DAY)
    conn.execute("delete from positions")
    conn.commit()
    assert compute(conn, executor, run(dsn, tmp_path), last=DAY).replaced == Replaced(unchanged=2)
    assert whole(dsn) == before
    conn.execute("delete from archive_file")
    conn.commit()
    assert compute(conn, executor, run(dsn, tmp_path), last=DAY).replaced == Replaced(empty=2)
    assert whole(dsn) == before


def test_garbage_days_are_computed(dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor) -> None:
    from tests.fixtures.rows import random_positions

    days.use_network(conn, network_file)
    for seed in range(3):
        made = random_positions(3_000, vehicle(conn), day_bounds(DAY)[0], seed)
        made["odometer_m"][::7] = 2_000_000_000
        put(conn, made)
    done = compute(conn, executor, run(dsn, tmp_path), last=DAY)
    assert (done.replaced.written, done.failed) == (3, ())
    assert np.all([row[0] > 0 for row in rows(dsn, "select records from vehicle_day")])


def test_what_changes_from_outside_marks_the_computed_days_it_names(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    one, two = fleet(conn, 2, 2)
    days.use_network(conn, network_file)
    compute(conn, executor, run(dsn, tmp_path))
    said = {"vehicle": two, "from": str(NEXT), "to": str(NEXT + timedelta(9)), "reason": "class"}
    conn.execute("update vehicle set vehicle_class = 'freight' where vehicle_id = any(%s)", ([one, two],))
    conn.execute("insert into outbox (topic, dedupe_key, payload) values ('day.changed', 'a', %s)", (Jsonb(said),))
    conn.commit()
    assert due_store.take_changes(conn) == 1
    assert due_store.take_changes(conn) == 0
    conn.commit()
    assert due(dsn) == [(two, str(NEXT))]
    assert work(conn, executor, run(dsn, tmp_path)) == Replaced(written=1)
    assert rows(dsn, "select context ->> 'profile' from vehicle_day order by day, vehicle_id") == [("bus",)] * 3 + [("truck",)]


def test_each_day_is_computed_by_the_network_of_its_day(
    dsn: str, conn: Connection, tmp_path: Path, network_file: Path, executor: ThreadPoolExecutor
) -> None:
    (one,) = fleet(conn, 1, 2)
    old = days.use_network(conn, network_file, "520000")
    assert compute(conn, executor, run(dsn, tmp_path)).replaced.written == 2
    save(roads({"a": (0, 0), "b": (WIDTH, 0), "c": (WIDTH, 6_000), "d": (0, 6_000)}, ["abcda"])[0], tmp_path / "newer.npz")
    new = days.use_network(conn, tmp_path / "newer.npz", "520100", NEXT)
    assert (old.region_code, new.region_code, new.from_day) == ("52", "5201", NEXT)
    assert due(dsn) == [(one, str(NEXT))]
    assert roads_of(conn, [one], DAY) == {one: old}
    assert work(conn, executor, run(dsn, tmp_path)) == Replaced(written=1)
    assert rows(dsn, "select map_version from vehicle_day order by day") == [(old.map_version,), (new.map_version,)]
    assert regions_without_network(conn) == []
    vehicle(conn, region="610000")
    assert regions_without_network(conn) == ["610000"]
    assert [known.region_code for known in registered_networks(conn)] == ["52", "5201"]


@pytest.mark.parametrize("number", ["tracking.parameters.MATCHER", "tracking.evidence.DAY_CODE"])
def test_a_raised_number_of_the_code_computes_days_again(
    dsn: str,
    conn: Connection,
    tmp_path: Path,
    network_file: Path,
    executor: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    number: str,
) -> None:
    fleet(conn, 1, 1)
    days.use_network(conn, network_file)
    assert compute(conn, executor, run(dsn, tmp_path), last=DAY).replaced == Replaced(written=1)
    before = rows(dsn, "select match_version from vehicle_day")
    monkeypatch.setattr(number, 1_000)
    assert compute(conn, executor, run(dsn, tmp_path), last=DAY).replaced == Replaced(written=1)
    assert rows(dsn, "select revision from vehicle_day") == [(2,)]
    assert (rows(dsn, "select match_version from vehicle_day") == before) == number.endswith("DAY_CODE")
