"""Roll-ups, the archive and dropping, on a real database and real files."""

from __future__ import annotations

import shutil
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from prometheus_client import CollectorRegistry

from domain.errors import RefusedError, StoreError
from domain.position import ABSENT, POSITION
from domain.units import DAY_MS, day_bounds, epoch_ms
from ingest import archive_parquet, retention, roll_up_store
from ingest.pipeline_metrics import PipelineMetrics
from ingest.retention import Retention, maintain
from storage.pool import connect
from storage.positions import read_track
from storage.settings import DatabaseSettings
from tests.fixtures.rows import random_positions, store
from tests.ingest.spooled import Logged, drain, pipeline, report, rows, write

DAY = date(2026, 3, 1)
START_MS, END_MS = day_bounds(DAY)
FINAL_MS = END_MS + 49 * 3_600_000
OLD_MS = END_MS + 32 * DAY_MS
HOUR_MS = 3_600_000


@pytest.fixture
def conn(dsn: str) -> Any:
    with connect(dsn, "owner") as connection:
        yield connection


@pytest.fixture
def keeping(tmp_path: Path) -> Retention:
    return Retention(DatabaseSettings(), tmp_path / "archive", 10, PipelineMetrics(CollectorRegistry()))


def fleet(conn: psycopg.Connection[Any], vehicles: int = 3, fixes: int = 800, start_ms: int = START_MS) -> np.ndarray:
    """Vehicles with random fixes of one day: registered, stored, and the newest shown."""
    made = []
    for number in range(vehicles):
        row = conn.execute(
            "insert into vehicle (region_code) values (%s) returning vehicle_id", (("520100", "520300", None)[number % 3],)
        ).fetchone()
        assert row is not None
        made.append(random_positions(fixes, row[0], start_ms, number))
    positions = np.concatenate(made)
    put(conn, positions)
    return positions


def put(conn: psycopg.Connection[Any], positions: np.ndarray) -> None:
    """Fixes into the hot table, newest into `vehicle_last`."""
    store(conn, positions)
    conn.execute(
        """
        insert into vehicle_last (vehicle_id, time, received, speed_kmh10, heading_deg, status_bits, alarm_bits)
        select distinct on (vehicle_id) vehicle_id, time, received, speed_kmh10, heading_deg, status_bits, alarm_bits
          from positions order by vehicle_id, time desc
            on conflict (vehicle_id) do update set time = greatest(vehicle_last.time, excluded.time)
        """
    )
    conn.commit()


def hour_by_hour(positions: np.ndarray) -> list[tuple[Any, ...]]:
    """The figures of `vehicle_hour`, the slow way."""
    found = []
    keys = sorted({(int(row["vehicle_id"]), int(row["t_ms"]) // HOUR_MS) for row in positions})
    for vehicle_id, hour in keys:
        mine = sorted((r for r in positions if r["vehicle_id"] == vehicle_id and r["t_ms"] // HOUR_MS == hour), key=lambda r: r["t_ms"])
        moving_ms = sum(
            int(b["t_ms"]) - int(a["t_ms"]) for a, b in pairwise(mine) if a["speed_kmh10"] >= 50 and b["t_ms"] - a["t_ms"] <= 300_000
        )
        read = [int(r["odometer_m"]) for r in mine if r["odometer_m"] >= 0]
        sources = [sum(int(r["source"]) == source for r in mine) for source in range(1, 7)]
        ends = (read[0], read[-1]) if read else (None, None)
        top = max((int(r["speed_kmh10"]) for r in mine if r["speed_kmh10"] >= 0), default=None)
        found.append((vehicle_id, hour * HOUR_MS, len(mine), int(mine[0]["t_ms"]), int(mine[-1]["t_ms"]), round(moving_ms / 1000),
                      top, *ends, *sources))  # fmt: skip
    return found


def figures(dsn: str) -> list[tuple[Any, ...]]:
    """What `vehicle_hour` holds, instants as epoch ms."""
    found = rows(
        dsn,
        """
        select vehicle_id, hour, fixes, first_time, last_time, moving_s, top_speed_kmh10, odometer_first_m, odometer_last_m,
               live_fixes, batch_fixes, blind_fixes, mqtt_fixes, peer_fixes, replay_fixes
          from vehicle_hour order by vehicle_id, hour
        """,
    )
    return [(row[0], epoch_ms(row[1]), row[2], epoch_ms(row[3]), epoch_ms(row[4]), *row[5:]) for row in found]


def test_hourly_figures_are_those_of_a_plain_loop(dsn: str, conn: Any) -> None:
    spoken = fleet(conn)
    silent = random_positions(200, int(spoken["vehicle_id"][0]), START_MS, 9)
    silent["vehicle_id"], silent["speed_kmh10"] = (
        conn.execute("insert into vehicle default values returning vehicle_id").fetchone()[0],
        ABSENT,
    )
    put(conn, silent)
    assert retention.roll_up(conn, 10, END_MS + HOUR_MS) == 72 + len(np.unique(silent["t_ms"] // HOUR_MS))
    assert figures(dsn) == hour_by_hour(np.concatenate([spoken, silent]))


def test_hours_are_closed_once_and_only_after_they_settled(dsn: str, conn: Any) -> None:
    positions = fleet(conn)
    now_ms = START_MS + 5 * HOUR_MS + 9 * 60_000
    assert retention.roll_up(conn, 10, now_ms) == 12
    assert retention.roll_up(conn, 10, now_ms + 60_000) == 3
    assert retention.roll_up(conn, 10, now_ms + 60_000) == 0
    assert figures(dsn) == hour_by_hour(positions[positions["t_ms"] < START_MS + 5 * HOUR_MS])


def test_a_fix_stored_into_a_closed_hour_marks_its_day_even_when_it_is_the_vehicles_newest(
    dsn: str, conn: Any, tmp_path: Path, keeping: Retention
) -> None:
    terminal, t_ms = "13800000001", START_MS + 10 * HOUR_MS
    write(tmp_path / "spool", [Logged(report(terminal, t_ms), t_ms)])
    worker = pipeline(dsn, tmp_path / "spool")
    drain(worker)
    maintain(conn, keeping, t_ms + 3 * HOUR_MS)
    write(tmp_path / "spool", [Logged(report(terminal, t_ms + 60_000, speed_kmh10=700), t_ms + 3 * HOUR_MS)])
    drain(worker)
    assert rows(dsn, "select day::text, late_rows from dirty_day") == [("2026-03-01", 1)]
    later = epoch_ms(rows(dsn, "select last_marked from dirty_day")[0][0]) + 11 * 60_000
    assert maintain(conn, keeping, later).dirty_days == 1
    assert rows(dsn, "select fixes, top_speed_kmh10, moving_s from vehicle_hour") == [(2, 700, 60)]
    assert rows(dsn, "select count(*) from dirty_day") == [(0,)]
    worker.close()


def test_a_mark_that_moves_while_its_day_is_recomputed_stays(dsn: str, conn: Any, keeping: Retention) -> None:
    from ingest import day_store

    positions = fleet(conn, 1)
    day_store.mark_dirty(conn, positions["vehicle_id"][:1], positions["t_ms"][:1])
    conn.commit()
    seen = day_store.settled(conn, 4_000_000_000_000, 0)
    day_store.mark_dirty(conn, positions["vehicle_id"][:2], positions["t_ms"][:2])
    assert day_store.clear(conn, seen) == 0
    assert rows(dsn, "select count(*) from dirty_day") == [(1,)]
    conn.commit()
    assert day_store.clear(conn, day_store.settled(conn, 4_000_000_000_000, 0)) == 1
    conn.commit()


def archived(folder: Path, dsn: str) -> np.ndarray:
    """All archived fixes that count, by (vehicle, time)."""
    paths = [path for (path,) in rows(dsn, "select path from archive_file order by day, region")]
    pieces = [archive_parquet.read_vehicles(folder / path, 0, 2**31 - 1)[0] for path in paths]
    both = np.concatenate(pieces) if pieces else np.empty(0, POSITION)
    return both[np.lexsort((both["t_ms"], both["vehicle_id"]))]


def test_a_final_day_goes_to_one_file_a_prefecture_and_comes_back_exactly(dsn: str, conn: Any, keeping: Retention) -> None:
    positions = fleet(conn, 4)
    vehicle_id = int(positions["vehicle_id"][0])
    conn.execute(
        "insert into position_extra select time, vehicle_id, '\\x3001ff' from positions where vehicle_id = %s limit 5", (vehicle_id,)
    )
    conn.commit()
    assert maintain(conn, keeping, END_MS + 47 * HOUR_MS).archived == 0
    assert maintain(conn, keeping, FINAL_MS).archived == 1
    found = rows(dsn, "select region, version, rows, path from archive_file order by region")
    assert found == [
        ("0000", 1, 800, "region=0000/day=2026-03-01/part-1.parquet"),
        ("5201", 1, 1600, "region=5201/day=2026-03-01/part-1.parquet"),
        ("5203", 1, 800, "region=5203/day=2026-03-01/part-1.parquet"),
    ]
    assert np.array_equal(archived(keeping.folder, dsn), positions)
    extras = archive_parquet.read_vehicles(keeping.folder / found[1][3], vehicle_id, vehicle_id)[1]
    assert [extra for extra in extras if extra is not None] == [b"\x30\x01\xff"] * 5
    assert maintain(conn, keeping, FINAL_MS).archived == 0


def test_dropped_days_are_read_from_the_archive_and_a_late_row_makes_a_new_version(dsn: str, conn: Any, keeping: Retention) -> None:
    from ingest import day_store

    positions = fleet(conn, 3)
    round_ = maintain(conn, keeping, OLD_MS)
    assert round_.archived == 1
    assert round_.dropped_until is not None
    assert rows(dsn, "select count(*) from positions") == [(0,)]
    vehicle_id = int(positions["vehicle_id"][0])
    mine = positions[positions["vehicle_id"] == vehicle_id]
    assert np.array_equal(read_track(conn, vehicle_id, START_MS, END_MS, keeping.folder), mine)
    late = mine[:1].copy()
    late["t_ms"] += 333
    put(conn, late)
    day_store.mark_dirty(conn, late["vehicle_id"], late["t_ms"])
    conn.commit()
    after_ms = epoch_ms(rows(dsn, "select last_marked from dirty_day")[0][0]) + 11 * 60_000
    assert maintain(conn, keeping, max(after_ms, OLD_MS)).dirty_days == 1
    assert rows(dsn, "select region, version, rows from archive_file order by region") == [
        ("0000", 1, 800),
        ("5201", 2, 801),
        ("5203", 1, 800),
    ]
    wanted = np.sort(np.concatenate((positions, late)), order=["vehicle_id", "t_ms"])
    assert np.array_equal(archived(keeping.folder, dsn), wanted)
    assert rows(dsn, "select count(*) from positions") == [(0,)]
    assert len(read_track(conn, vehicle_id, START_MS, END_MS, keeping.folder)) == 801
    assert figures(dsn) == hour_by_hour(wanted)


def test_drop_refuses_a_dirty_day_and_a_day_that_is_not_archived(dsn: str, conn: Any, keeping: Retention) -> None:
    from ingest import day_store

    positions = fleet(conn, 2)
    border = (END_MS + DAY_MS) // DAY_MS * DAY_MS
    retention.roll_up(conn, 10, OLD_MS)
    with pytest.raises(RefusedError, match="2026-03-01"):
        retention.drop(conn, border)
    assert retention.archive_final(conn, keeping, FINAL_MS) == 1
    day_store.mark_dirty(conn, positions["vehicle_id"][:1], positions["t_ms"][:1])
    conn.commit()
    with pytest.raises(RefusedError, match="2026-03-01"):
        retention.drop(conn, border)
    assert retention.droppable(conn, keeping, OLD_MS) == (None, DAY)
    assert rows(dsn, "select count(*) from positions") == [(1_600,)]
    conn.execute("delete from dirty_day")
    conn.commit()
    retention.drop(conn, border)
    assert rows(dsn, "select count(*) from positions") == [(0,)]


def test_only_whole_chunks_go_and_the_days_that_reach_beyond_them_stay(dsn: str, conn: Any, keeping: Retention) -> None:
    fleet(conn, 1)
    fleet(conn, 1, start_ms=END_MS)
    now_ms = END_MS + 30 * DAY_MS + 6 * HOUR_MS
    until = maintain(conn, keeping, now_ms).dropped_until
    assert until is not None
    assert until % DAY_MS == 0
    assert until <= now_ms - 30 * DAY_MS
    assert rows(dsn, f"select count(*) from positions where time < to_timestamp({until // 1000})") == [(0,)]
    assert rows(dsn, f"select count(*) from positions where time >= to_timestamp({until // 1000})")[0][0] > 800


def test_a_file_that_reads_back_otherwise_is_not_switched_to(dsn: str, conn: Any, keeping: Retention, tmp_path: Path) -> None:
    fleet(conn, 1)
    path = tmp_path / "one.parquet"
    count, keys = archive_parquet.write(path, iter([(random_positions(50, 7, START_MS, 1), [None] * 50)]))
    assert archive_parquet.verify(path, count, keys)
    archive_parquet.write(tmp_path / "two.parquet", iter([(random_positions(50, 7, START_MS, 2), [None] * 50)]))
    shutil.copy(tmp_path / "two.parquet", path)
    with pytest.raises(StoreError, match="reads back"):
        archive_parquet.verify(path, count, keys)
    assert rows(dsn, "select count(*) from archive_file") == [(0,)]


def test_archived_days_expire(dsn: str, conn: Any, keeping: Retention) -> None:
    fleet(conn, 1)
    maintain(conn, keeping, OLD_MS)
    path = keeping.folder / rows(dsn, "select path from archive_file")[0][0]
    assert path.exists()
    maintain(conn, keeping, END_MS + 1_831 * DAY_MS)
    assert rows(dsn, "select count(*) from archive_file") == [(0,)]
    assert not path.exists()


def test_a_second_worker_does_nothing_meanwhile(dsn: str, conn: Any, keeping: Retention) -> None:
    fleet(conn, 1)
    with connect(dsn, "owner") as other:
        other.execute("select pg_advisory_lock(%s)", (retention._LOCK,))
        assert maintain(conn, keeping, OLD_MS) == retention.Round()
        other.execute("select pg_advisory_unlock(%s)", (retention._LOCK,))
    assert maintain(conn, keeping, OLD_MS).hours == 24
    assert roll_up_store.watermark(conn, roll_up_store.ROLLED) > END_MS
