"""The pipeline on a real database, fed from a real log."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from domain.units import instant
from ingest.log.record import LINK_EVENT
from ingest.log.spool import SpoolReader
from ingest.offset_store import FencedError
from protocols.jt808.extras import Extra
from tests.ingest.spooled import (
    NOON_MS,
    Logged,
    backfill,
    contents,
    counts,
    drain,
    fix,
    log_settings,
    pipeline,
    registration,
    report,
    rows,
    write,
)  # fmt: skip

A, B, C = "13800000001", "13800000002", "13800000003"


def test_a_report_lands_with_its_time_place_and_items(dsn: str, tmp_path: Path) -> None:
    items = (Extra(0x01, (12_345).to_bytes(4, "big")), Extra(0x03, b"\x01\x31"), Extra(0x30, b"\x19"), Extra(0x31, b"\x0c"))
    write(tmp_path, [Logged(report(A, NOON_MS - 5_000, extras=items), NOON_MS)])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 1
    found = rows(
        dsn,
        "select time, received, lon_e6, lat_e6, speed_kmh10, odometer_m, recorder_kmh10, fuel_l10, satellites, source, flags from positions",
    )
    assert found == [(instant(NOON_MS - 5_000), instant(NOON_MS), 106_700_000, 26_500_000, 305, 1_234_500, 305, None, 12, 1, 0)]
    assert rows(dsn, "select encode(extras, 'hex') from position_extra") == [("0104000030390302013130011931010c",)]
    assert rows(dsn, "select time, located_at, lon_e6, lat_e6, odometer_m from vehicle_last") == [
        (instant(NOON_MS - 5_000), instant(NOON_MS - 5_000), 106_700_000, 26_500_000, 1_234_500)
    ]
    assert rows(dsn, "select terminal_id, state, plate from terminal left join vehicle using (vehicle_id, state)") == [
        (A, "unregistered", None)
    ]
    worker.close()


def test_a_repeated_report_is_stored_once_and_a_contradiction_is_counted(dsn: str, tmp_path: Path) -> None:
    same, other = report(A), report(A, lat_e6=26_600_000, serial=2)
    write(tmp_path, [Logged(same), Logged(same), Logged(other)])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 1
    assert counts(worker) == {"new": 1, "duplicate": 1, "conflict": 1}
    write(tmp_path, [Logged(same), Logged(other), Logged(report(A, NOON_MS + 1_000))])
    assert drain(worker) == 1
    assert counts(worker) == {"new": 2, "duplicate": 2, "conflict": 2}
    assert [row[3] for row in contents(dsn)] == [26_500_000, 26_500_000]
    worker.close()


def mixed_log() -> list[Logged]:
    """Reports of three terminals with repeats, contradictions, late uploads, packets and a plate that changes hands."""
    dice = random.Random(7)
    said: list[Logged] = []
    for step in range(120):
        terminal = dice.choice((A, B, C))
        t_ms = NOON_MS + dice.randrange(60) * 1_000
        received_ms = NOON_MS + 60_000 + step * 100
        if step % 11 == 5:
            frame = backfill(terminal, tuple(fix(t_ms - 7_200_000 + n * 1_000, lat_e6=26_000_000 + n) for n in range(5)))
        elif step % 37 == 9:
            frame = registration(terminal, f"贵A{step:05d}")
        else:
            frame = report(terminal, t_ms, step, lat_e6=26_500_000 + dice.randrange(3))
        said.append(Logged(frame, received_ms))
    return said


def test_where_batches_are_cut_never_changes_what_is_stored(dsn: str, tmp_path: Path, empty_dsn: str) -> None:
    from storage.migrate import migrate
    from storage.settings import DatabaseSettings

    write(tmp_path, mixed_log())
    whole = pipeline(dsn, tmp_path)
    drain(whole)
    migrate(empty_dsn, DatabaseSettings())
    cut = pipeline(empty_dsn, tmp_path, batch_rows=7)
    drain(cut)
    assert contents(dsn) == contents(empty_dsn)
    assert len(contents(dsn)) > 60
    last = "select vehicle_id, time, located_at, lon_e6, lat_e6 from vehicle_last order by vehicle_id"
    assert rows(dsn, last) == rows(empty_dsn, last)
    bound = "select terminal_id, vehicle_id, plate, bound_from, bound_to from terminal_binding order by terminal_id, bound_from"
    assert rows(dsn, bound) == rows(empty_dsn, bound)
    whole.close()
    cut.close()


def test_reading_the_log_again_from_its_beginning_adds_nothing(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, mixed_log())
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    worker.close()
    before = contents(dsn), rows(dsn, "select count(*) from quarantine"), rows(dsn, "select count(*) from vehicle")
    rows(dsn, "update ingest_offset set position = 0 returning 1")
    again = pipeline(dsn, tmp_path)
    assert drain(again) == 0
    assert (contents(dsn), rows(dsn, "select count(*) from quarantine"), rows(dsn, "select count(*) from vehicle")) == before
    again.close()


def test_late_rows_are_stored_and_mark_their_shanghai_day_but_repeats_do_not(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(report(A))])
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    midnight_ms = NOON_MS - 12 * 3_600_000
    upload = backfill(A, (fix(midnight_ms - 1_000), fix(midnight_ms), fix(midnight_ms + 1_000)))
    write(tmp_path, [Logged(upload), Logged(report(A))])
    drain(worker)
    assert counts(worker) == {"new": 1, "late": 3, "duplicate": 1}
    marks = "select day::text, late_rows, reason from dirty_day order by day"
    assert rows(dsn, marks) == [("2026-02-28", 1, "late"), ("2026-03-01", 2, "late")]
    write(tmp_path, [Logged(upload)])
    drain(worker)
    assert rows(dsn, marks) == [("2026-02-28", 1, "late"), ("2026-03-01", 2, "late")]
    assert rows(dsn, "select time, located_at from vehicle_last") == [(instant(NOON_MS), instant(NOON_MS))]
    worker.close()


def test_a_fix_without_a_place_is_stored_and_does_not_move_the_vehicle(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(report(A)), Logged(report(A, NOON_MS + 10_000, status=1, lat_e6=1, lon_e6=1), NOON_MS + 10_000)])
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    assert rows(dsn, "select flags from positions order by time") == [(0,), (1024,)]
    assert rows(dsn, "select time, located_at, lat_e6, status_bits from vehicle_last") == [
        (instant(NOON_MS + 10_000), instant(NOON_MS), 26_500_000, 1)
    ]
    worker.close()


def test_a_second_pipeline_is_fenced_and_stores_nothing_of_its_batch(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(report(A))])
    first, second = pipeline(dsn, tmp_path), pipeline(dsn, tmp_path)
    drain(first)
    drain(second)
    write(tmp_path, [Logged(report(A, NOON_MS + 1_000))])
    first.step_once()
    write(tmp_path, [Logged(report(A, NOON_MS + 2_000))])
    with pytest.raises(FencedError):
        second.step_once()
    second.close()
    assert len(contents(dsn)) == 2
    assert drain(first) == 1
    first.close()


@pytest.mark.parametrize("before, after", [(1, 3), (3, 1), (2, 3)])
def test_changing_the_number_of_partitions_loses_and_repeats_nothing(dsn: str, tmp_path: Path, before: int, after: int) -> None:
    terminals = [f"1390000{number:04d}" for number in range(40)]
    write(tmp_path, [Logged(report(terminal)) for terminal in terminals])
    old = [pipeline(dsn, tmp_path, f"p{k}", k, partitions=before) for k in range(before)]
    assert sum(drain(worker) for worker in old) == 40
    write(tmp_path, [Logged(report(terminal, NOON_MS + 1_000)) for terminal in terminals])
    drain(old[0])
    new = [pipeline(dsn, tmp_path, f"q{k}", k, partitions=after) for k in range(after)]
    for worker in new:
        drain(worker)
    assert rows(dsn, "select count(*) from positions") == [(80,)]
    write(tmp_path, [Logged(report(terminal, NOON_MS + 2_000)) for terminal in terminals])
    with pytest.raises(FencedError):
        old[0].step_once()
    assert sum(drain(worker) for worker in new) == 40
    for worker in (*old, *new):
        worker.close()


def test_link_events_are_kept_with_the_vehicle_once(dsn: str, tmp_path: Path) -> None:
    said = b'{"event": "authenticated", "terminal": "013800000001", "reason": "", "peer": "10.0.0.9:4411"}'
    write(
        tmp_path,
        [Logged(report(A)), Logged(said, NOON_MS + 5, LINK_EVENT), Logged(b'{"event": "opened", "terminal": ""}', kind=LINK_EVENT)],
    )
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    worker.close()
    rows(dsn, "update ingest_offset set position = 0 returning 1")
    drain(again := pipeline(dsn, tmp_path))
    again.close()
    assert rows(dsn, "select terminal_id, vehicle_id, at, event, gateway, peer from link_event order by event") == [
        (A, rows(dsn, "select vehicle_id from terminal")[0][0], instant(NOON_MS + 5), "authenticated", "1", "10.0.0.9:4411"),
        (None, None, instant(NOON_MS), "opened", "1", ""),
    ]


def test_the_offset_file_says_what_the_database_says(dsn: str, tmp_path: Path) -> None:
    from ingest.log.committed import committed_path, read_committed

    write(tmp_path, [Logged(report(A))])
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    worker.close()
    assert read_committed(committed_path(tmp_path, "pipeline")) == dict(rows(dsn, "select log_id, position from ingest_offset"))
    assert SpoolReader(tmp_path, "pipeline", log_settings(tmp_path)).backlog(read_committed(committed_path(tmp_path, "pipeline"))) == 0


def test_what_a_terminal_does_not_say_is_null(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(report(A))])
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    worker.close()
    assert rows(dsn, "select odometer_m, fuel_l10, recorder_kmh10, satellites from positions") == [(None, None, None, None)]
