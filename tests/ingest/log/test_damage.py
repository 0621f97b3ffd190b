"""Damage to acknowledged records against torn tails; checking, mending, looking."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ingest.log.record import DROPPED, FRAME, HEADER, LINK_EVENT, MAX_PAYLOAD, RECORD, scan
from ingest.log.repair import fill
from ingest.log.segments import SEGMENT_HEADER
from ingest.log.spool import SpoolReader
from runtime.commands.log import register
from tests.ingest.log.spools import KIB, last_segment, open_writer, payloads_of, read_all, settings_of, write_groups

HEARTBEAT = bytes.fromhex("7e000200000138001380000001a97e")
GROUPS = [[b"%02d-%d" % (group, n) * 10 for n in range(3)] for group in range(6)]
SIZE = HEADER + 40


def cuntong(*arguments: object) -> tuple[int, str]:
    """Exit code and output of a `cuntong` command."""
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["log", *map(str, arguments)])
    return result.exit_code, result.output


def flip(segment: Path, offset: int) -> None:
    """Flip a bit of a byte behind the header."""
    raw = bytearray(segment.read_bytes())
    raw[SEGMENT_HEADER + offset] ^= 0x10
    segment.write_bytes(raw)


def read_only(spool) -> bool:
    """Open a writer, see whether it takes records, close it."""
    writer = open_writer(spool)
    assert writer.taking is not writer.read_only
    assert (writer.append(FRAME, 1, 1, b"new", received_us=0) is None) is writer.read_only
    asyncio.run(writer.aclose()) if writer.read_only else writer._lock.free()
    return writer.read_only


@pytest.fixture
def spool(tmp_path):
    """One segment with six groups of three records."""
    spool = settings_of(tmp_path / "spool")
    write_groups(spool, GROUPS)
    return spool


@pytest.mark.parametrize("record", [0, 7, 17])
@pytest.mark.parametrize("place", [0, 5, 24, 30, HEADER, HEADER + 39])
def test_flipped_byte_below_the_durable_mark_is_damage(spool, record, place):
    segment = last_segment(spool)
    flip(segment, record * SIZE + place)
    before = segment.read_bytes()
    code, text = cuntong("verify", spool.path)
    assert code == 2
    assert f"offsets {record * SIZE}..{(record + 1) * SIZE}" in text
    assert read_only(spool)
    assert segment.read_bytes() == before


def test_damage_is_known_by_later_records_when_the_mark_is_lost(spool):
    flip(last_segment(spool), 4 * SIZE + 9)
    (spool.path / "0" / "durable").unlink()
    assert cuntong("verify", spool.path)[0] == 2
    assert read_only(spool)


def test_bad_record_of_the_last_group_is_a_torn_tail_when_the_mark_is_lost(spool):
    flip(last_segment(spool), 15 * SIZE + 9)
    (spool.path / "0" / "durable").unlink()
    code, text = cuntong("verify", spool.path)
    assert (code, "torn tail" in text) == (1, True)
    assert cuntong("verify", spool.path, "--repair")[0] == 1
    assert cuntong("verify", spool.path)[0] == 0
    assert not read_only(spool)
    assert read_all(spool)[0] == [payload for group in GROUPS[:5] for payload in group]


def test_file_cut_short_below_the_mark_is_damage(spool):
    segment = last_segment(spool)
    segment.write_bytes(segment.read_bytes()[: SEGMENT_HEADER + 16 * SIZE])
    code, text = cuntong("verify", spool.path)
    assert code == 2
    assert f"offsets {16 * SIZE}..{18 * SIZE}" in text
    assert read_only(spool)


def test_reader_stops_at_damage_others_go_on_and_repair_lets_it_pass(spool):
    write_groups(spool, [[b"other worker"]], worker=1)
    flip(last_segment(spool), 4 * SIZE + 9)
    reader = SpoolReader(spool.path, "pipeline", spool)
    first = reader.read({}, 100, 0)
    assert sorted(payloads_of(first)) == sorted([*[payload for group in GROUPS for payload in group][:4], b"other worker"])
    assert len(reader.read(first.next, 100, 0)) == 0
    assert list(reader.damaged.values()) == [4 * SIZE]
    code, text = cuntong("verify", spool.path, "--repair")
    assert code == 2
    assert "repaired" in text
    assert cuntong("verify", spool.path)[0] == 0
    rest = reader.read(first.next, 100, 1_500)
    assert payloads_of(rest) == [payload for group in GROUPS for payload in group][5:]
    assert rest.position.tolist()[0] == 5 * SIZE
    reader.close()
    assert not read_only(spool)


@pytest.mark.parametrize("lost", ["middle", "header", "missing", "tail", "all"])
def test_repair_keeps_offsets_and_good_records(tmp_path, lost):
    spool = settings_of(tmp_path, segment_mib=6 * SIZE / 2**20)
    write_groups(spool, GROUPS)
    segments = sorted((tmp_path / "0").glob("*.ctl"))
    assert len(segments) == 3
    everything = [payload for group in GROUPS for payload in group]
    expected = list(everything)
    if lost == "middle":
        flip(segments[1], SIZE + 3)
        del expected[7]
    elif lost == "header":
        flip(segments[1], -20)
    elif lost == "missing":
        segments[1].unlink()
        del expected[6:12]
    elif lost == "tail":
        segments[2].write_bytes(segments[2].read_bytes()[: SEGMENT_HEADER + 4 * SIZE + 10])
        del expected[16:]
    else:
        segments[2].write_bytes(b"\xee" * 500)
        del expected[12:]
    assert cuntong("verify", tmp_path, "--repair")[0] == 2
    code, text = cuntong("verify", tmp_path, "--json")
    assert (code, json.loads(text)["records"]) == (0, len(expected))
    write_groups(spool, [[b"after"]])
    payloads, offsets = read_all(spool)
    assert payloads == [*expected, b"after"]
    assert list(offsets.values()) == [18 * SIZE + HEADER + 5]


def test_implausible_mark_is_reported_and_reset_by_repair(spool):
    (spool.path / "0" / "durable").write_bytes(b"\xff" * 7 + b"\x3f")
    assert cuntong("verify", spool.path)[0] == 2
    assert read_only(spool)
    assert cuntong("verify", spool.path, "--repair")[0] == 2
    assert cuntong("verify", spool.path)[0] == 0
    assert not read_only(spool)


def test_repair_refuses_while_the_log_is_written(spool):
    writer = open_writer(spool)
    flip(last_segment(spool), 4 * SIZE + 9)
    code, text = cuntong("verify", spool.path, "--repair")
    assert (code, "being written" in text) == (3, True)
    asyncio.run(writer.aclose())


def test_verify_of_a_log_that_is_written_looks_below_the_mark_only(spool):
    writer = open_writer(spool)
    segment = last_segment(spool)
    raw = bytearray(segment.read_bytes())
    raw[SEGMENT_HEADER + 18 * SIZE : SEGMENT_HEADER + 18 * SIZE + 50] = b"\x33" * 50
    segment.write_bytes(raw)
    assert cuntong("verify", spool.path)[0] == 0
    asyncio.run(writer.aclose())
    assert cuntong("verify", spool.path)[0] == 1


def test_verify_without_a_log_ends_with_3(tmp_path):
    code, text = cuntong("verify", tmp_path)
    assert (code, "holds no log" in text) == (3, True)


@settings(deadline=None, max_examples=30)
@given(st.one_of(st.integers(HEADER + 1, 500), st.integers(HEADER + MAX_PAYLOAD - 40, HEADER + MAX_PAYLOAD + 200)))
def test_fillers_cover_a_range_exactly(size):
    data = np.zeros(size + 20, np.uint8)
    fill(data, 5, 5 + size)
    rows = np.empty(9, RECORD)
    count, at, _ = scan(data, 5, len(data), rows)
    assert (count >= 1, at) == (True, 5 + size)
    assert not data[5 + size :].any()


def test_inspect_shows_selects_and_explains(tmp_path):
    spool = settings_of(tmp_path, segment_mib=1 * KIB)
    start_us = 1_777_593_600_000_000  # 2026-05-01T08:00:00+08:00

    async def write() -> None:
        writer = open_writer(spool)
        writer.start(asyncio.get_running_loop(), lambda number: None, lambda error: None)
        link = 1 << 48 | 2 << 32 | 3
        writer.append(LINK_EVENT, 1, link, b'{"event": "opened"}', received_us=start_us)
        writer.append(FRAME, 1, link, HEARTBEAT, received_us=start_us + 1_000_000)
        writer.append(DROPPED, 1, link, HEARTBEAT.replace(b"\x38\x00\x13\x80", b"\x38\x00\x13\x81"), received_us=start_us + 2_000_000)
        await writer.aclose()

    asyncio.run(write())
    code, text = cuntong("inspect", tmp_path)
    lines = text.splitlines()
    assert (code, len(lines)) == (0, 3)
    assert lines[0].startswith("0:0 2026-05-01T08:00:00.000000 link_event tcp 1.2.3 - - {")
    assert lines[1].split()[2:] == ["frame", "tcp", "1.2.3", "13800138000", "0002", HEARTBEAT.hex()]
    assert cuntong("inspect", last_segment(spool), "--terminal", "013800138000")[1].splitlines() == [lines[1]]
    assert cuntong("inspect", tmp_path, "--from", "2026-05-01T08:00:01", "--to", "2026-05-01T00:00:02+00:00")[1].splitlines() == [lines[1]]
    seen = json.loads(cuntong("inspect", tmp_path / "0", "--terminal", "13800138000", "--json")[1])
    assert (seen["message_id"], seen["link"], seen["payload"]) == (2, [1, 2, 3], HEARTBEAT.hex())
    explained = cuntong("inspect", tmp_path, "--terminal", "13800138000", "--explain")[1]
    assert "heartbeat" in explained.lower()
    assert cuntong("inspect", tmp_path, "--from", "yesterday")[0] == 3
