"""What the gateway knew of a terminal's profile reaches the pipeline's decoder by the log record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.steps import decode
from protocols.jt808.codec import encode
from protocols.jt808.messages.location import LocationBatch
from protocols.jt808.messages.registration import Registration
from protocols.jt808.profile import BY_NUMBER, PROFILES, STANDARD
from tests.ingest.spooled import NOON_MS, Logged, counts, drain, fix, pipeline, rows, write

IMEI = "490154203237518"
OWN = {
    200: replace(STANDARD, name="utc", number=200, utc_offset_min=0),
    201: replace(STANDARD, name="imei", number=201, id_form="imei48", charset="utf-8"),
    202: replace(STANDARD, name="loose", number=202, trust_length=False),
}


def test_clock_number_charset_length_and_form_are_read_as_the_profile_says(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "BY_NUMBER", {**BY_NUMBER, **OWN})
    e7 = replace(STANDARD, delimiter="e7")
    long = bytearray(encode(fix(NOON_MS + 3_000), terminal_id="13800000003", serial=1, version="2013"))
    long[4] += 1  # the declared length is one too many, the check byte is right again
    long[-2] ^= long[4] ^ (long[4] - 1)
    frames = [
        Logged(encode(fix(NOON_MS), terminal_id="13800000001", serial=1, version="2013", profile=OWN[200]), profile=200),
        Logged(encode(LocationBatch.of(1, (fix(NOON_MS - 1_000),)), terminal_id="13800000001", serial=2, version="2013", profile=OWN[200]), profile=200),
        Logged(encode(Registration(52, 100, "MAKER", "MODEL", "T1", 2, "贵A12345"), terminal_id=IMEI, serial=1, version="2013", profile=OWN[201]), profile=201),
        Logged(encode(fix(NOON_MS + 1_000), terminal_id=IMEI, serial=2, version="2013", profile=OWN[201]), profile=201),
        Logged(encode(fix(NOON_MS + 2_000), terminal_id="13800000002000", serial=1, version="2013", profile=e7)),
        Logged(bytes(long), profile=202),
        Logged(encode(fix(NOON_MS + 4_000), terminal_id="13800000004", serial=1, version="2013"), profile=PROFILES["su_biao"].number),
        Logged(encode(fix(NOON_MS + 5_000), terminal_id="13800000004", serial=2, version="2013"), profile=255),
    ]  # fmt: skip
    write(tmp_path, frames)
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 7
    found = rows(
        dsn, "select t.terminal_id, (extract(epoch from p.time) * 1000)::bigint from positions p join terminal t using (vehicle_id)"
    )
    assert sorted((terminal, int(t_ms) - NOON_MS) for terminal, t_ms in found) == [
        ("13800000001", -1_000), ("13800000001", 0), ("13800000002000", 2_000), ("13800000003", 3_000), ("13800000004", 4_000),
        ("13800000004", 5_000), (IMEI, 1_000),
    ]  # fmt: skip
    assert rows(dsn, "select plate from vehicle where plate is not null") == [("贵A12345",)]
    assert counts(worker).get("quarantined", 0) == 0
    worker.close()
