"""Odd input: clocks, broken frames, packets, plates that change hands, and every recorded position frame."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from domain.units import DAY_MS, epoch_ms, instant
from ingest.log.record import DROPPED, REPLAYED
from protocols.jt808.codec import build_frame, encode_body
from protocols.jt808.header import Address
from protocols.jt808.messages.location import LocationBatch
from tests.ingest.spooled import NOON_MS, Logged, backfill, contents, counts, drain, fix, pipeline, registration, report, rows, write

A, B = "13800000001", "13800000002"
QUARANTINE = "select terminal_id, message_id, item, reason, field, frame from quarantine order by position, item"


def test_a_clock_ahead_and_a_fix_too_old_go_to_quarantine_with_their_frame(dsn: str, tmp_path: Path) -> None:
    ahead, edge, old = report(A, NOON_MS + 601_000), report(A, NOON_MS + 600_000), report(A, NOON_MS - 180 * DAY_MS - 1_000)
    write(tmp_path, [Logged(ahead), Logged(edge), Logged(old)])
    worker = pipeline(dsn, tmp_path, accept_days=180)
    assert drain(worker) == 1
    assert rows(dsn, QUARANTINE) == [(A, 0x0200, 0, "clock_ahead", "time_ms", ahead), (A, 0x0200, 0, "too_old", "time_ms", old)]
    assert counts(worker) == {"new": 1, "quarantined": 2}
    worker.close()


def test_a_replayed_fix_may_be_of_any_age(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(report(A, NOON_MS - 4_000 * DAY_MS), kind=REPLAYED)])
    worker = pipeline(dsn, tmp_path, accept_days=180)
    assert drain(worker) == 1
    assert rows(dsn, "select source from positions") == [(6,)]
    worker.close()


def month_13(frame: bytes) -> bytes:
    """The same report, with month 13 and the right checksum."""
    body = bytearray(frame[1:-2])
    body[12 + 23] = 0x13
    check = 0
    for byte in body:
        check ^= byte
    return b"\x7e" + bytes(body) + bytes((check,)) + b"\x7e"


@pytest.mark.parametrize("kind", [0, DROPPED])
def test_month_13_is_quarantined_with_the_raw_frame(dsn: str, tmp_path: Path, kind: int) -> None:
    bad = month_13(report(A))
    write(tmp_path, [Logged(bad, kind=kind), Logged(report(A))])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 1
    assert rows(dsn, QUARANTINE) == [(A, 0x0200, 0, "bad_time", "time_ms", bad)]
    worker.close()


def test_one_bad_item_of_an_upload_is_quarantined_with_its_place_and_the_others_are_stored(dsn: str, tmp_path: Path) -> None:
    upload = backfill(A, (fix(NOON_MS), fix(NOON_MS + 1_000, lat_e6=91_000_000), fix(NOON_MS + 2_000)))
    write(tmp_path, [Logged(upload)])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 2
    assert rows(dsn, QUARANTINE) == [(A, 0x0704, 1, "out_of_range", "", upload)]
    assert rows(dsn, "select source from positions") == [(3,), (3,)]
    worker.close()


def test_quarantine_is_capped_a_terminal_and_day_and_counted_beyond(dsn: str, tmp_path: Path) -> None:
    bad = month_13(report(A))
    write(tmp_path, [Logged(bad, NOON_MS + n) for n in range(9)] + [Logged(month_13(report(B))), Logged(bad, NOON_MS + DAY_MS)])
    worker = pipeline(dsn, tmp_path, quarantine_per_day=4, batch_rows=3)
    drain(worker)
    found = rows(dsn, "select terminal_id, received::date::text, count(*) from quarantine group by 1, 2 order by 1, 2")
    assert found == [(A, "2026-03-01", 4), (A, "2026-03-02", 1), (B, "2026-03-01", 1)]
    assert counts(worker)["quarantined"] == 11
    assert worker._metrics.quarantine_capped._value.get() == 5
    worker.close()


def packets(terminal: str, first_serial: int, kind: int, fixes: tuple[Any, ...]) -> list[bytes]:
    """A 0x0704 in packets of at most 100 body bytes."""
    message_id, body = encode_body(LocationBatch.of(kind, fixes), "2013")
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    return [
        build_frame(message_id, piece, Address(terminal, (first_serial + n) % 65_536, "2013", (len(pieces), n + 1)))
        for n, piece in enumerate(pieces)
    ]


def test_packets_become_fixes_over_batches_restarts_and_in_any_order(dsn: str, tmp_path: Path) -> None:
    frames = packets(A, 65_534, 1, tuple(fix(NOON_MS + n * 1_000) for n in range(12)))
    assert len(frames) == 4
    write(tmp_path, [Logged(frames[n]) for n in (2, 0)])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 0
    worker.close()
    assert rows(dsn, "select terminal_id, total, first_serial, index from message_part order by index") == [
        (A, 4, 65_534, 1),
        (A, 4, 65_534, 3),
    ]
    write(tmp_path, [Logged(frames[n]) for n in (0, 3, 1, 1)])
    worker = pipeline(dsn, tmp_path, batch_rows=1)
    assert drain(worker) == 12
    worker.close()
    assert rows(dsn, "select count(*), min(source), max(source) from positions") == [(12, 3, 3)]
    assert rows(dsn, "select index from message_part") == [(2,)]


@pytest.mark.parametrize("batch_rows", [1, 5_000])
def test_packets_left_over_from_an_earlier_upload_of_the_same_serials_do_not_mix_with_it(dsn: str, tmp_path: Path, batch_rows: int) -> None:
    cut = packets(A, 0, 1, tuple(fix(NOON_MS - 90_000 + n * 1_000) for n in range(12)))
    whole = packets(A, 0, 1, tuple(fix(NOON_MS + n * 1_000, lat_e6=26_700_000) for n in range(12)))
    later = NOON_MS + 11 * 60_000
    write(tmp_path, [Logged(cut[1]), Logged(cut[2]), *(Logged(whole[n], later + n) for n in (3, 2, 1))])
    worker = pipeline(dsn, tmp_path, batch_rows=batch_rows)
    assert drain(worker) == 0
    write(tmp_path, [Logged(whole[0], later + 9)])
    assert drain(worker) == 12
    assert rows(dsn, "select lat_e6, count(*) from positions group by 1") == [(26_700_000, 12)]
    assert rows(dsn, "select count(*) from message_part") == [(0,)]
    worker.close()


def test_two_uploads_in_packets_at_once_do_not_mix(dsn: str, tmp_path: Path) -> None:
    one = packets(A, 10, 0, tuple(fix(NOON_MS + n * 1_000) for n in range(6)))
    two = packets(A, 20, 0, tuple(fix(NOON_MS + 60_000 + n * 1_000, lat_e6=26_700_000) for n in range(6)))
    write(tmp_path, [Logged(frame) for pair in zip(one, two, strict=True) for frame in pair])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 12
    assert rows(dsn, "select lat_e6, count(*) from positions group by 1 order by 1") == [(26_500_000, 6), (26_700_000, 6)]
    worker.close()


def test_a_fix_counts_for_the_vehicle_that_its_terminal_served_when_it_came(dsn: str, tmp_path: Path) -> None:
    minute = 60_000
    write(
        tmp_path,
        [
            Logged(report(A, NOON_MS), NOON_MS),
            Logged(registration(A, "贵A11111"), NOON_MS + minute),
            Logged(report(A, NOON_MS + minute), NOON_MS + minute + 1),
            Logged(registration(B, "贵A11111"), NOON_MS + 2 * minute),
            Logged(report(B, NOON_MS + 2 * minute), NOON_MS + 2 * minute + 1),
            Logged(report(A, NOON_MS + 3 * minute), NOON_MS + 3 * minute),
        ],
    )
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 4
    found = rows(dsn, "select p.time, v.plate from positions p join vehicle v using (vehicle_id) order by p.time")
    assert found == [(instant(NOON_MS + n * minute), plate) for n, plate in enumerate(("贵A11111", "贵A11111", "贵A11111", None))]
    assert rows(dsn, "select terminal_id, plate, bound_to is null from terminal_binding order by bound_from") == [
        (A, None, False), (A, "贵A11111", False), (B, "贵A11111", True), (A, None, True),
    ]  # fmt: skip
    worker.close()


def test_the_registry_policy_quarantines_strangers_and_follows_what_people_enter(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(report(A)), Logged(registration(A, "贵A11111"))])
    worker = pipeline(dsn, tmp_path, registration="registry")
    assert drain(worker) == 0
    assert rows(dsn, "select terminal_id, reason from quarantine") == [(A, "unknown_terminal")]
    assert rows(dsn, "select count(*) from terminal") == [(0,)]
    rows(dsn, "with v as (insert into vehicle default values returning vehicle_id) insert into terminal (terminal_id, vehicle_id) "
         f"select '{A}', vehicle_id from v returning 1")  # fmt: skip
    write(tmp_path, [Logged(report(A, NOON_MS + 1_000))])
    assert drain(worker) == 1
    worker.close()


def place_of(said: dict[str, Any]) -> tuple[Any, ...]:
    """(time, lon, lat, speed, heading) of a vector's position."""
    when = datetime.fromisoformat(said["device_time"])
    return (
        instant(epoch_ms(when)), round(said["longitude_deg"] * 1e6), round(said["latitude_deg"] * 1e6), round(said["speed_kmh"] * 10),
        said["direction_deg"],
    )  # fmt: skip


def recorded_positions(shared: Path) -> tuple[list[Logged], dict[tuple[str, Any], tuple[Any, ...]]]:
    """Records of every 0x0200 and 0x0704 vector, and the places that the reference reads in the whole ones."""
    vectors = json.loads((shared / "vectors" / "frames.json").read_text(encoding="utf-8"))
    frames: list[Logged] = []
    wanted: dict[tuple[str, Any], tuple[Any, ...]] = {}
    received_ms = epoch_ms(datetime.fromisoformat("2026-11-01T00:00:00+00:00"))
    for vector in vectors:
        said = vector["expect"]
        if vector["protocol"] != "jt808" or vector["expect_level"] != "body" or said["message_id"] not in ("0x0200", "0x0704"):
            continue
        frames.append(Logged(bytes.fromhex(vector["hex"]), received_ms))
        if any(label.partition("(")[0] in ("bad_checksum", "body_length_mismatch") for label in vector["anomalies"]):
            continue
        for place in [said["location"]] if "location" in said else said.get("locations", [said]):
            if place.get("device_time") and abs(place["latitude_deg"]) <= 90:
                wanted.setdefault((said["terminal_phone"] or "0", place_of(place)[0]), place_of(place))
    return frames, wanted


def test_a_terminal_that_loses_its_plate_at_the_moment_of_its_report_is_admitted_anew(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(registration(A, "贵A11111"), NOON_MS - 1)])
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    write(tmp_path, [Logged(report(A)), Logged(registration(B, "贵A11111"))])
    assert drain(worker) == 1
    assert rows(dsn, "select v.plate from positions p join vehicle v using (vehicle_id)") == [(None,)]
    worker.close()


@pytest.fixture
def recorded(dsn: str, tmp_path: Path, shared: Path) -> tuple[dict[tuple[str, Any], Any], dict[tuple[str, Any], Any]]:
    """(found, wanted) after the vectors have gone through the log: (time, lon, lat, speed, heading) by terminal and time."""
    frames, wanted = recorded_positions(shared)
    write(tmp_path, frames)
    worker = pipeline(dsn, tmp_path, accept_days=40_000)
    drain(worker)
    worker.close()
    return {(row[0], row[1]): (row[1], row[2], row[3], row[4], row[5]) for row in contents(dsn)}, wanted


def test_every_whole_recorded_position_lands_at_its_time_and_place(recorded: Any, dsn: str) -> None:
    found, wanted = recorded
    decimal = {key: place for key, place in wanted.items() if key[0].isdecimal()}
    assert len(decimal) > 85
    assert {key: found.get(key) for key in decimal} == decimal
    reasons = {reason for (reason,) in rows(dsn, "select distinct reason from quarantine")}
    assert reasons <= {"bad_checksum", "length_mismatch", "out_of_range", "data_error_23514"}


def test_recorded_positions_of_terminals_with_hexadecimal_numbers_land_too(recorded: Any) -> None:
    found, wanted = recorded
    assert {key: found.get(key) for key in wanted} == wanted
