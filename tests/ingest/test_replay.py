"""Replay: what can be read, into the log, and over sockets to a real gateway."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psycopg
import pytest

from domain.errors import RefusedError
from domain.position import Source
from ingest.log.record import DOOR_PEER, DROPPED, FRAME, LINK_EVENT, MQTT
from ingest.mqtt.payloads import record
from ingest.replay import Pace, decoded, into_log
from ingest.replay_links import Sent, by_terminal, to_gateway
from ingest.replay_sources import Recorded, recorded
from tests.ingest.gateway.conftest import RunningGateway
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
)

A, B = "13800000001", "13800000002"
FRAMES = [report(A), report(B, lat_e6=0x7E7D7E), report(A, NOON_MS + 5_000, 2), backfill(B, (fix(NOON_MS - 9_000), fix(NOON_MS - 8_000)))]


def payloads(path: Path) -> list[bytes]:
    return [frame.payload for frame in recorded(path)]


def packet(payload: bytes, sequence: int, port: int = 40_001) -> bytes:
    """IPv4 packet with TCP from 10.0.0.9 to 10.0.0.1:7611."""
    tcp = port.to_bytes(2, "big") + (7_611).to_bytes(2, "big") + sequence.to_bytes(4, "big") + bytes(4) + b"\x50\x18\x01\xf6" + bytes(4)
    head = b"\x45\x00" + (40 + len(payload)).to_bytes(2, "big") + b"\x00\x01\x40\x00\x40\x06\x00\x00" + bytes((10, 0, 0, 9, 10, 0, 0, 1))
    return head + tcp + payload


def tcpdump(data: bytes) -> str:
    """`tcpdump -X`: a line of words, then the offset, pairs of bytes, and characters."""
    lines = ["12:00:00.000001 IP 10.0.0.9.40001 > 10.0.0.1.7611: Flags [P.], length 1"]
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        pairs = " ".join(row[n : n + 2].hex() for n in range(0, len(row), 2))
        lines.append(f"\t0x{at:04x}:  {pairs:<39}  " + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row))
    return "\n".join(lines) + "\n"


def tshark(data: bytes) -> str:
    """`tshark -x` of an Ethernet frame: the offset, bytes, and characters."""
    data = bytes(12) + b"\x08\x00" + data
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        lines.append(f"{at:04x}  {row.hex(' '):<47}  " + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row))
    return "\n".join(lines) + "\n\n"


@pytest.mark.parametrize("dump", [tcpdump, tshark])
def test_a_packet_dump_gives_the_frames_of_each_flow_once(tmp_path: Path, dump: object) -> None:
    stream = b"".join(FRAMES)
    other = report("13800000009")
    pieces = [
        packet(stream[:50], 1_000), packet(other[:9], 7, 40_002), packet(stream[:50], 1_000), packet(stream[50:], 1_050),
        packet(stream[30:], 1_030), packet(other[9:], 16, 40_002),
    ]  # fmt: skip
    path = tmp_path / "capture.txt"
    path.write_text("".join(dump(piece) for piece in pieces), encoding="utf-8")  # type: ignore[operator]
    assert sorted(payloads(path)) == sorted([*FRAMES, other])


def test_hex_lines_json_and_plain_dumps_give_the_same_frames(tmp_path: Path) -> None:
    (tmp_path / "a.hex").write_text(
        "# two of a time\n" + FRAMES[0].hex(" ") + "\n\n" + "".join(f.hex().upper() for f in FRAMES[1:]), "utf-8"
    )
    (tmp_path / "a.json").write_text(json.dumps([{"hex": f.hex()} for f in FRAMES] + [{"protocol": "jt809", "hex": "5b5d"}]), "utf-8")
    (tmp_path / "bare.hex").write_text("\n".join(f[1:-1].hex() for f in FRAMES), "utf-8")
    assert payloads(tmp_path / "a.hex") == payloads(tmp_path / "a.json") == payloads(tmp_path / "bare.hex") == FRAMES


def test_a_log_gives_its_frames_with_their_times_and_no_link_events(tmp_path: Path) -> None:
    write(tmp_path, [Logged(FRAMES[0]), Logged(b'{"event": "opened"}', kind=LINK_EVENT), Logged(FRAMES[1], NOON_MS + 1, DROPPED)])
    write(tmp_path, [Logged(FRAMES[2], NOON_MS + 2)], worker=1)
    wanted = [Recorded(frame, (NOON_MS + n) * 1_000) for n, frame in enumerate(FRAMES[:3])]
    assert list(recorded(tmp_path)) == wanted
    assert list(recorded(tmp_path / "1")) == wanted[2:]
    segment = next((tmp_path / "0").glob("*.ctl"))
    assert list(recorded(segment)) == wanted[:2]


@pytest.mark.parametrize(("name", "text"), [("a.txt", "hello"), ("a.hex", "7e 0"), ("a.json", "[1]"), ("a.json", "[{]")])
def test_what_holds_no_frame_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(RefusedError, match=name):
        list(recorded(tmp_path / name))


def test_the_pace_follows_the_recorded_times_and_the_speed() -> None:
    clock = iter((100.0, 100.0, 100.0, 101.0))
    pace = Pace(2.0, lambda: next(clock))
    due = [pace.due_s(Recorded(FRAMES[0], t_s * 1_000_000)) for t_s in (50, 54, 60)]
    assert due == [0.0, 2.0, 4.0]
    with pytest.raises(RefusedError):
        Pace(0)


def replay_into(path: Path, spool: Path, correct: bool = False) -> int:
    return asyncio.run(into_log(path, log_settings(spool), speed=None, correct=correct, now_us=lambda: NOON_MS * 1_000))


def test_a_second_replay_adds_no_row(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "a.hex").write_text("\n".join(frame.hex() for frame in FRAMES), "utf-8")
    spool = tmp_path / "spool"
    worker = pipeline(dsn, spool)
    assert replay_into(tmp_path / "a.hex", spool) == 4
    assert drain(worker) == 5
    before = contents(dsn)
    assert replay_into(tmp_path / "a.hex", spool) == 4
    assert drain(worker) == 0
    assert contents(dsn) == before
    worker.close()


def test_json_devices_and_profiles_are_replayed_as_they_were_recorded(dsn: str, tmp_path: Path) -> None:
    said = {"seq": 1, "fixes": [{"t_ms": NOON_MS, "lon": 106.7, "lat": 26.5, "speed_kmh": 30.5}, {"t_ms": "late"}]}
    recording = [
        Logged(registration(A, "贵A12345")), Logged(FRAMES[0], profile=7), Logged(record("13800000009", json.dumps(said).encode()), kind=MQTT),
        Logged(b"[809]", kind=DROPPED, door=DOOR_PEER),
    ]  # fmt: skip
    write(tmp_path / "old", recording)
    assert [(frame.kind, frame.profile) for frame in recorded(tmp_path / "old")] == [(FRAME, 0), (FRAME, 7), (MQTT, 0)]
    assert [(line.terminal_id, line.reason) for line in decoded(tmp_path / "old")] == [
        (A, ""),
        ("13800000009", ""),
        ("13800000009", "wrong_type"),
    ]
    assert replay_into(tmp_path / "old", tmp_path / "spool") == 3
    again = list(recorded(tmp_path / "spool"))
    assert again == list(recorded(tmp_path / "old"))
    worker = pipeline(dsn, tmp_path / "spool")
    assert drain(worker) == 2
    assert rows(dsn, "select source, count(*) from positions group by 1") == [(int(Source.REPLAY), 2)]
    assert rows(dsn, "select terminal_id, item from quarantine") == [("13800000009", 1)]
    worker.close()
    sent = Sent()
    assert [terminal.terminal_id for terminal in by_terminal(recorded(tmp_path / "old"), sent)] == [A] and sent.unreadable == 1


def long_recording() -> tuple[list[Logged], int]:
    """20,000 frames of 40 terminals with repeats, uploads from blind areas and what arrived late; and how many fixes are in them."""
    numbers, said, fixes = [f"138{number:08d}" for number in range(40)], [], set()
    for number in range(20_000):
        terminal, at = numbers[number % 40], NOON_MS + number // 40 * 10_000
        if number % 20 == 19:
            said.append(said[number // 2])
            continue
        times = [at] if number % 50 else [at - 9_000 + k * 1_000 for k in range(10)]
        frame = report(terminal, at, number % 65_536) if number % 50 else backfill(terminal, tuple(fix(t) for t in times), number % 65_536)
        said.append(Logged(frame, at + (0 if number % 7 else 60_000)))
        fixes |= {(terminal, t_ms) for t_ms in times}
    return said, len(fixes)


def test_twenty_thousand_frames_replayed_twice_are_stored_once(dsn: str, tmp_path: Path) -> None:
    said, fixes = long_recording()
    write(tmp_path / "recorded", said)
    spool = tmp_path / "live"
    worker = pipeline(dsn, spool, batch_rows=5_000)
    assert replay_into(tmp_path / "recorded", spool) == 20_000
    assert drain(worker) == fixes > 20_000
    before = contents(dsn)
    assert replay_into(tmp_path / "recorded", spool) == 20_000
    assert drain(worker) == 0
    assert contents(dsn) == before
    assert sum(counts(worker).values()) == 2 * sum(10 if len(record.payload) > 100 else 1 for record in said)
    worker.close()


def test_a_log_replayed_into_itself_adds_no_row_and_does_not_grow_at_each_turn(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(registration(A, "贵A11111"), NOON_MS - 5), *(Logged(frame, NOON_MS + n) for n, frame in enumerate(FRAMES))])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 5
    before = contents(dsn), rows(dsn, "select vehicle_id, plate from vehicle order by 1")
    assert replay_into(tmp_path, tmp_path) == 5
    assert replay_into(tmp_path, tmp_path) == 5
    assert drain(worker) == 0
    assert (contents(dsn), rows(dsn, "select vehicle_id, plate from vehicle order by 1")) == before
    worker.close()


def test_correct_replaces_what_is_read_otherwise_and_marks_the_day(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(frame, NOON_MS + n) for n, frame in enumerate([*FRAMES, report(A, lat_e6=1)])])
    worker = pipeline(dsn, tmp_path)
    drain(worker)
    truth = contents(dsn)
    with psycopg.connect(dsn) as conn:  # as an older decoder would have read them
        conn.execute("update positions set speed_kmh10 = 1, odometer_m = 77 where time >= to_timestamp(%s)", (NOON_MS // 1000,))
        conn.execute("update vehicle_last set speed_kmh10 = 1")
    assert replay_into(tmp_path, tmp_path) == 5
    assert drain(worker) == 0
    assert contents(dsn) != truth
    assert counts(worker)["new"] == 5
    assert replay_into(tmp_path, tmp_path, correct=True) == 5
    drain(worker)
    assert contents(dsn) == truth
    assert counts(worker)["corrected"] == 3
    assert rows(dsn, "select sum(late_rows), min(reason), max(reason) from dirty_day") == [(3, "corrected", "corrected")]
    assert rows(dsn, "select distinct speed_kmh10 from vehicle_last") == [(305,)]
    worker.close()


def test_correct_needs_recorded_times(tmp_path: Path) -> None:
    (tmp_path / "a.hex").write_text(FRAMES[0].hex(), "utf-8")
    with pytest.raises(RefusedError, match="--correct"):
        replay_into(tmp_path / "a.hex", tmp_path / "spool", correct=True)


def test_a_dry_run_says_what_would_be_stored_and_what_not(tmp_path: Path) -> None:
    bad = bytearray(FRAMES[0])
    bad[-2] ^= 1
    (tmp_path / "a.hex").write_text(FRAMES[3].hex() + "\n" + bad.hex(), "utf-8")
    said = list(decoded(tmp_path / "a.hex"))
    assert [(line.terminal_id, line.latitude, line.reason) for line in said if not line.reason] == [(B, 26.5, ""), (B, 26.5, "")]
    assert [line.reason for line in said if line.reason] == ["bad_checksum"]


def test_over_sockets_each_terminal_registers_authenticates_and_is_acknowledged(dsn: str, tmp_path: Path) -> None:
    gateway = RunningGateway(tmp_path / "gateway", "protocol")
    try:
        write(tmp_path / "old", [Logged(registration(A, "贵A11111")), *(Logged(frame) for frame in FRAMES)])
        sent = asyncio.run(to_gateway(tmp_path / "old", gateway.address, speed=None))
        assert (sent.terminals, sent.frames, sent.acknowledged, sent.refused, sent.failed) == (2, 4, 4, 0, [])
    finally:
        gateway.stop()
    worker = pipeline(dsn, gateway.log_settings.path)
    assert drain(worker) == 5
    assert rows(dsn, "select t.terminal_id, v.plate from terminal t join vehicle v using (vehicle_id) order by 1") == [
        (A, "贵A11111"),
        (B, None),
    ]
    worker.close()


def test_a_gateway_that_is_not_there_is_reported_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.hex").write_text("\n".join(frame.hex() for frame in FRAMES), "utf-8")
    sent = asyncio.run(to_gateway(tmp_path / "a.hex", ("127.0.0.1", 9), speed=None))
    assert sorted(sent.failed) == [A, B]
