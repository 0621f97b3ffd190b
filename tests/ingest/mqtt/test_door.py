"""What devices publish is in the log before it is answered, and every payload gets the answer it deserves."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.gateway.registry_copy import KnownTerminal
from ingest.log.record import FRAME, LINK_EVENT, MQTT
from ingest.mqtt import payloads
from protocols.jt808.codec import encode, examine
from protocols.jt808.messages.registration import Authentication, RegistrationReply
from protocols.jt808.messages.session import PlatformReply
from tests.fixtures.broker import DEVICES, Broker
from tests.ingest.mqtt.conftest import Device, RunningDoor, fix, until
from tests.ingest.spooled import contents, drain, pipeline, registration, report, rows

pytestmark = pytest.mark.broker
ONE, TWO = DEVICES[:2]
Make = Callable[..., Device]


def test_a_batch_is_in_the_log_before_it_is_answered_and_in_the_database_as_said(
    door: RunningDoor, device: Make, dsn: str, tmp_path: Path
) -> None:
    one = device(ONE)
    said = fix(0, heading_deg=360, altitude_m=-12, alarm_bits=2**31, odometer_m=120_537, lon=-106.7000004)
    one.report(7, said, {"t_ms": said["t_ms"] + 500}, fix(1))
    assert one.answer() == {"seq": 7, "result": 0}
    records = door.records()
    assert list(records.kind) == [MQTT] and list(records.door) == [3]
    assert payloads.of_record(records.payload(0)) == (
        ONE,
        json.dumps({"seq": 7, "fixes": [said, {"t_ms": said["t_ms"] + 500}, fix(1)]}).encode(),
    )
    one.report(8, fix(1), fix(2))  # one of them again
    assert one.answer() == {"seq": 8, "result": 0}
    assert [door.registry.get_sample_value(name) for name in ("mqtt_connected", "mqtt_waiting")] == [1, 0]
    door.stop()
    worker = pipeline(dsn, tmp_path / "door/spool")
    assert drain(worker) == 4
    worker.close()
    assert [row[2:] for row in contents(dsn)] == [
        (-106_700_000, 26_500_000, 305, 0, -12, 3, -(2**31), 120_537, None, None, None, 0),
        (0, 0, -1, -1, -32_768, 0, 0, None, None, None, None, 1024 | 2048),
        *[(106_700_000, 26_500_000, 305, -1, -32_768, 3, 0, None, None, None, None, 0)] * 2,
    ]
    assert rows(dsn, "select distinct source from positions") == [(4,)]


BAD = {
    "not json": (b'{"seq": 1', None, "", "not_json", 0),
    "NaN": (b'{"seq": 1, "fixes": [{"t_ms": 1772337600000, "lon": NaN, "lat": 1}]}', None, "", "not_json", 0),
    "no seq": (b'{"fixes": []}', None, "seq", "missing", 0),
    "seq of text": (b'{"seq": "1", "fixes": []}', None, "seq", "wrong_type", 0),
    "no fixes": (b'{"seq": 3}', 3, "fixes", "missing", 0),
    "too many": (json.dumps({"seq": 4, "fixes": [{}] * 501}).encode(), 4, "fixes", "too_many", 0),
    "too long": (b'{"seq": 5, "fixes": []}' + b" " * 65_536, None, "", "too_long", 0),
    "half a place": (json.dumps({"seq": 6, "fixes": [fix(), fix(1, lat=None)]}).encode(), 6, "fixes[1].lat", "missing", 1),
    "a latitude beyond the pole": (json.dumps({"seq": 7, "fixes": [fix(2, lat=90.1)]}).encode(), 7, "fixes[0].lat", "out_of_range", 0),
    "true for a number": (
        json.dumps({"seq": 8, "fixes": [fix(3, speed_kmh=True), fix(4)]}).encode(),
        8,
        "fixes[0].speed_kmh",
        "wrong_type",
        1,
    ),
    "no time": (json.dumps({"seq": 9, "fixes": [fix(5), {"lon": 1, "lat": 1}, 5]}).encode(), 9, "fixes[1].t_ms", "missing", 1),
}


def test_bad_payloads_are_answered_with_their_field_and_set_aside(door: RunningDoor, device: Make, dsn: str, tmp_path: Path) -> None:
    one = device(ONE)
    for name, (payload, seq, field, reason, accepted) in BAD.items():
        one.publish(payload)
        told = one.answer()
        assert told.pop("detail")
        assert told == {"seq": seq, "result": 2, "field": field, "reason": reason, "accepted": accepted}, name
    assert door.counted("bad_payload") == len(BAD)
    door.stop()
    worker = pipeline(dsn, tmp_path / "door/spool")
    assert drain(worker) == 3
    worker.close()
    found = rows(dsn, "select terminal_id, reason, field, item, convert_from(frame, 'utf8') from quarantine order by id")
    assert [row[:4] for row in found] == [
        (ONE, "not_json", "", 0), (ONE, "not_json", "", 0), (ONE, "missing", "seq", 0), (ONE, "wrong_type", "seq", 0),
        (ONE, "missing", "fixes", 0), (ONE, "too_many", "fixes", 0), (ONE, "too_long", "", 0), (ONE, "missing", "lat", 1),
        (ONE, "out_of_range", "lat", 0), (ONE, "wrong_type", "speed_kmh", 0), (ONE, "missing", "t_ms", 1), (ONE, "wrong_type", "fixes[2]", 2),
    ]  # fmt: skip
    assert found[0][4] == f'{ONE}\n{{"seq": 1'


def test_useless_payloads_of_one_device_do_not_fill_the_log(broker: Broker, device: Make, tmp_path: Path) -> None:
    door = RunningDoor(tmp_path / "door", broker, dropped_per_minute=3)
    one = device(ONE)
    for _ in range(10):
        one.publish(b"{")
    assert [one.answer()["result"] for _ in range(10)] == [2] * 10
    assert len(door.records()) == 3
    assert door.registry.get_sample_value("mqtt_dropped_total", {"reason": "capped"}) == 7
    door.stop()


def test_who_may_speak_is_the_registry_s_to_say(broker: Broker, device: Make, tmp_path: Path) -> None:
    door = RunningDoor(tmp_path / "door", broker, registration="registry")
    known = KnownTerminal(1, "registered", 0, None, "standard")
    revoked = KnownTerminal(2, "revoked", 0, None, "standard")
    one, two, three = device(ONE), device(TWO), device(DEVICES[2])
    three.report(1, fix())
    two.report(5, fix())
    until(lambda: door.counted("unknown_device") == 2, "both were looked up")
    assert three.heard.empty(), "nobody is refused by a copy of the registry that has never been fresh"
    door.door.registry.replace([(ONE, known), (TWO, revoked)], [], 2**42)
    for number, each in enumerate((one, two, three)):
        each.report(number, fix())
    assert one.answer() == {"seq": 0, "result": 0}
    assert [each.answer() | {"detail": ""} for each in (two, three)] == [
        {"seq": seq, "result": 1, "reason": "unknown_device", "detail": ""} for seq in (1, 2)
    ]
    assert len(door.records()) == 1
    door.stop()


def test_a_name_that_is_no_terminal_number_is_told_so(door: RunningDoor, device: Make) -> None:
    for name in ("bus-17", "013900000001", "1" * 21):
        one = device(name, "fleet")
        one.report(1, fix())
        assert one.answer() | {"detail": ""} == {"seq": 1, "result": 1, "reason": "unknown_device", "detail": ""}
    assert len(door.records()) == 0


def test_a_login_speaks_for_its_own_topic_only(door: RunningDoor, device: Make) -> None:
    one, two = device(ONE), device(TWO)
    one.publish(json.dumps({"seq": 1, "fixes": [fix()]}).encode(), f"cuntong/v1/up/{TWO}")
    one.report(2, fix())
    assert one.answer()["seq"] == 2
    assert two.heard.empty() and len(door.records()) == 1


def test_what_a_device_says_while_the_door_is_away_is_taken_when_it_is_back(broker: Broker, device: Make, tmp_path: Path) -> None:
    RunningDoor(tmp_path / "door", broker).stop()
    one = device(ONE)
    one.report(1, fix())
    assert one.heard.empty()
    door = RunningDoor(tmp_path / "door", broker)
    assert one.answer() == {"seq": 1, "result": 0}
    door.stop()


def test_nothing_is_answered_or_acknowledged_before_the_log_is_durable(
    broker: Broker, device: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = RunningDoor(tmp_path / "door", broker)
    one = device(ONE)
    go, synced = threading.Event(), os.fdatasync

    def slow(descriptor: int) -> None:
        assert go.wait(20)
        synced(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    one.report(1, fix())
    until(lambda: door.counted("accepted") == 1, "the door has it")
    assert len(door.door._held) == 1 and one.heard.empty()
    go.set()
    assert one.answer() == {"seq": 1, "result": 0}
    until(lambda: not door.door._held, "acknowledged")
    door.stop()


def test_a_device_speaks_jt808_by_the_gateway_s_rules(door: RunningDoor, device: Make, dsn: str, tmp_path: Path) -> None:
    one = device(ONE)

    def say(*frames: bytes) -> object:
        one.publish(b"".join(frames), f"cuntong/v1/up/{ONE}/jt808")
        topic, frame = one.heard.get(timeout=10)
        assert topic == f"cuntong/v1/down/{ONE}/jt808"
        return examine(frame).message

    early = say(report(ONE))
    assert isinstance(early, PlatformReply) and early.result == 1, "not before authentication"
    foreign = say(registration(TWO, "贵A12345"))
    assert isinstance(foreign, PlatformReply) and foreign.result == 1, "the topic is the identity"
    registered = say(registration(ONE, "贵A12345"))
    assert isinstance(registered, RegistrationReply) and registered.auth_code
    wrong = say(encode(Authentication("NOTTHECODE"), terminal_id=ONE, serial=2, version="2013"))
    assert isinstance(wrong, PlatformReply) and wrong.result == 1
    code = say(encode(Authentication(registered.auth_code), terminal_id=ONE, serial=3, version="2013"))
    assert isinstance(code, PlatformReply) and code.result == 0
    two = say(report(ONE, serial=4), report(ONE, 1_772_337_601_000, serial=5))
    last = examine(one.heard.get(timeout=10)[1]).message
    assert [(reply.reply_serial, reply.result) for reply in (two, last) if isinstance(reply, PlatformReply)] == [(4, 0), (5, 0)]
    kinds = list(door.records().kind)
    assert kinds == [FRAME, LINK_EVENT, FRAME, FRAME]
    assert set(door.records().door) == {3}
    door.stop()
    worker = pipeline(dsn, tmp_path / "door/spool")
    assert drain(worker) == 2
    worker.close()
    assert rows(dsn, "select plate, count(*) from positions join vehicle using (vehicle_id) group by 1") == [("贵A12345", 2)]
    assert [row[0] for row in rows(dsn, "select event from link_event order by position")] == ["authenticated", "closed"]
