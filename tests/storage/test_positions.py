"""The track of a vehicle: hot days, archived days, both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest

from domain.errors import StoreError
from domain.position import POSITION
from domain.units import DAY_MS, day_bounds, day_of
from storage.archive import positions_of, schema, table_of
from storage.copy import POSITION_COLUMNS, buffer
from storage.pool import connect
from storage.positions import read_track
from storage.registry import Registration, admit
from storage.scope import enter, service
from tests.fixtures.rows import random_positions, store

START = day_bounds(day_of(1_790_000_000_000))[0]


@pytest.fixture
def vehicle(conn: psycopg.Connection[Any]) -> int:
    return admit(conn, [Registration("13900000001", "贵A12345", 2)])["13900000001"]


def test_a_track_comes_back_exactly_and_in_time_order(conn: psycopg.Connection[Any], vehicle: int) -> None:
    rows = random_positions(500, vehicle, START, seed=1)
    store(conn, np.random.default_rng(2).permutation(rows))
    store(conn, random_positions(50, vehicle + 1, START, seed=3))
    assert np.array_equal(read_track(conn, vehicle, START, START + DAY_MS), rows)


def test_extreme_and_absent_values_come_back(conn: psycopg.Connection[Any], vehicle: int) -> None:
    rows = random_positions(2, vehicle, START, seed=1)
    for name in POSITION.names or ():
        if name not in ("t_ms", "received_ms", "vehicle_id"):
            bounds = np.iinfo(POSITION[name])
            rows[name] = (bounds.min, bounds.max)
    for name in ("odometer_m", "recorder_kmh10", "fuel_l10", "satellites"):
        rows[name] = (-1, np.iinfo(POSITION[name]).max)
    store(conn, rows)
    assert np.array_equal(read_track(conn, vehicle, START, START + DAY_MS), rows)
    nulls = conn.execute("select count(*) from positions where odometer_m is null and satellites is null").fetchone()
    assert nulls == (1,)


def test_the_span_is_half_open_and_may_be_empty(conn: psycopg.Connection[Any], vehicle: int) -> None:
    rows = random_positions(10, vehicle, START, seed=1)
    store(conn, rows)
    times = rows["t_ms"]
    assert np.array_equal(read_track(conn, vehicle, int(times[2]), int(times[5])), rows[2:5])
    assert len(read_track(conn, vehicle, int(times[2]), int(times[2]))) == 0
    assert len(read_track(conn, 99_999, START, START + DAY_MS)) == 0


def test_a_key_is_stored_once(conn: psycopg.Connection[Any], vehicle: int) -> None:
    rows = random_positions(3, vehicle, START, seed=1)
    store(conn, rows)
    with pytest.raises(psycopg.errors.UniqueViolation):
        store(conn, rows[:1])


def test_hot_and_archived_days_read_as_one(conn: psycopg.Connection[Any], vehicle: int, tmp_path: Path) -> None:
    days = [random_positions(200, vehicle, START + n * DAY_MS, seed=n) for n in range(3)]
    others = random_positions(300, vehicle + 1, START, seed=9)
    archive(conn, tmp_path, np.concatenate((days[0], others)), START)
    archive(conn, tmp_path, days[1], START + DAY_MS)
    late = random_positions(5, vehicle, START + 1000, seed=77)
    late = late[~np.isin(late["t_ms"], days[0]["t_ms"])]
    store(conn, np.concatenate((days[1][:20], days[2], late)))
    whole = np.concatenate((days[0], late, days[1], days[2]))
    whole = whole[np.argsort(whole["t_ms"])]
    assert np.array_equal(read_track(conn, vehicle, START, START + 3 * DAY_MS, tmp_path), whole)
    inside = whole[(whole["t_ms"] >= START + DAY_MS // 2) & (whole["t_ms"] < START + 2 * DAY_MS + 1)]
    assert np.array_equal(read_track(conn, vehicle, START + DAY_MS // 2, START + 2 * DAY_MS + 1, tmp_path), inside)


def test_only_the_version_that_counts_is_read(conn: psycopg.Connection[Any], vehicle: int, tmp_path: Path) -> None:
    first, second = random_positions(10, vehicle, START, seed=1), random_positions(12, vehicle, START, seed=2)
    archive(conn, tmp_path, first, START, version=1)
    archive(conn, tmp_path, second, START, version=2)
    assert np.array_equal(read_track(conn, vehicle, START, START + DAY_MS, tmp_path), second)


def test_a_missing_archived_file_is_an_error_not_an_empty_day(conn: psycopg.Connection[Any], vehicle: int, tmp_path: Path) -> None:
    path = archive(conn, tmp_path, random_positions(10, vehicle, START, seed=1), START)
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        read_track(conn, vehicle, START, START + DAY_MS, tmp_path)


def test_the_screens_read_only_vehicles_of_the_registry(dsn: str, tmp_path: Path) -> None:
    with connect(dsn) as owner:
        vehicle = admit(owner, [Registration("1", "贵A1", 2)])["1"]
        rows = random_positions(5, vehicle, START, seed=1)
        store(owner, rows)
        store(owner, random_positions(5, 4711, START, seed=1))
    with connect(dsn, "app") as app:
        enter(app, service("test"))
        assert np.array_equal(read_track(app, vehicle, START, START + DAY_MS, tmp_path), rows)
        assert len(read_track(app, 4711, START, START + DAY_MS, tmp_path)) == 0


def test_the_archived_table_loses_nothing(tmp_path: Path) -> None:
    rows = random_positions(1000, 7, START, seed=5)
    extras: list[bytes | None] = [bytes([n % 251]) if n % 3 else None for n in range(1000)]
    table = table_of(rows[::-1], extras[::-1])
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    back = pq.read_table(tmp_path / "a.parquet")
    assert back.schema.equals(schema())
    assert np.array_equal(positions_of(back), rows)
    assert back.column("extras").to_pylist() == extras


def archive(conn: psycopg.Connection[Any], root: Path, rows: np.ndarray, day_ms: int, version: int = 1) -> Path:
    """Write the rows as an archived day and let its row count."""
    path = Path("region=5201") / f"day={day_of(day_ms)}" / f"part-{version}.parquet"
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table_of(rows), root / path, compression="zstd")
    conn.execute(
        """
        insert into archive_file (day, region, version, rows, keys_hash, sha256, path)
        values (%(day)s, '5201', %(version)s, %(rows)s, '', '', %(path)s)
            on conflict (day, region) do update set version = excluded.version, path = excluded.path, rows = excluded.rows
        """,
        {"day": day_of(day_ms), "version": version, "rows": len(rows), "path": str(path)},
    )
    return root / path


def test_the_body_of_a_batch_is_what_the_table_takes(conn: psycopg.Connection[Any], vehicle: int) -> None:
    body = buffer(random_positions(3, vehicle, START, seed=1), POSITION_COLUMNS)
    assert body.startswith(b"PGCOPY\n\xff\r\n\x00") and body.endswith(b"\xff\xff")
