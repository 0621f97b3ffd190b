"""JT/T 809 frames: round trips, splitting, cipher, versions, and what real frames taught."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError, WireError
from protocols.anomaly import Code
from protocols.definition import definition_of
from protocols.documents import documents, platform_schema
from protocols.explain import explain
from protocols.jt808.profile import STANDARD
from protocols.jt809.cipher import CipherKeys, cipher
from protocols.jt809.codec import decode, encode, encode_body, examine
from protocols.jt809.envelope import Subject
from protocols.jt809.framing import Splitter, crc16, escape, intact, places, strip_flags, unescape, wrap
from protocols.jt809.header import write_header
from protocols.jt809.messages.alarms import AlarmReport
from protocols.jt809.messages.control import ListenAnswer
from protocols.jt809.messages.exchange import LivePosition, StartExchangeAnswer, VehicleRegistration
from protocols.jt809.messages.links import LinkReport, Login, LoginAnswer
from protocols.jt809.messages.platform import PlatformText, RollCall
from protocols.jt809.peer import Peer
from protocols.jt809.positions import Position2011
from protocols.jt809.registry import messages
from protocols.kinds import Part, walk
from protocols.wire import Context, Reader
from tests.protocols.strategies_jt809 import CASES_809, NOW_S, address, dirty_frames_809, frames_809, subject_for
from tests.protocols.test_vectors import shared_vectors
from tests.protocols.wire_strategies import of_class

KEYS = CipherKeys(56_107_078, 37_382_110, 50_361_430)
CASE_NAMES = [f"{cls.__name__}-{version}" for cls, version in CASES_809]
PLAIN = {version: Peer(version=version) for version in ("2011", "2019")}


def test_all_96_messages_are_there() -> None:
    ids = [sub_id or message_id for message_id, sub_id in messages]
    groups = Counter(one >> 8 for one in ids)
    assert len(ids) == len(set(ids)) == 96
    assert groups == {
        0x10: 8, 0x90: 8, 0x11: 2, 0x91: 3, 0x12: 13, 0x92: 13, 0x13: 3, 0x93: 3, 0x14: 6, 0x94: 3, 0x15: 5, 0x95: 5, 0x16: 2, 0x96: 1,
        0x17: 2, 0x97: 1, 0x18: 2, 0x98: 2, 0x19: 2, 0x99: 2, 0x1A: 2, 0x9A: 2, 0x1B: 3, 0x9B: 3,
    }  # fmt: skip
    for message_id, sub_id in messages:
        definition = definition_of(messages[message_id, sub_id])
        assert sub_id == 0 or sub_id >> 8 == message_id >> 8
        assert str(definition.way) == ("down" if (sub_id or message_id) in (0x1002, 0x1004, 0x1006) or _down(message_id, sub_id) else "up")


def _down(message_id: int, sub_id: int) -> bool:
    return message_id >= 0x9000 and message_id not in (0x9002, 0x9004, 0x9006)


def test_every_answer_is_a_message() -> None:
    ids = {sub_id or message_id for message_id, sub_id in messages}
    assert {definition_of(messages[key]).answer for key in messages} - {None} <= ids


@pytest.mark.parametrize(("cls", "version"), CASES_809, ids=CASE_NAMES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_round_trip(cls: type, version: str, data: Any) -> None:
    survives(cls, version, data.draw(of_class(cls, version)))


def survives(cls: type, version: str, message: Any) -> None:
    """Clear and ciphered, a message comes back as it was."""
    subject = subject_for(cls, version)
    for encryption in (0, 1):
        peer = Peer(version=version, keys=KEYS)
        frame = encode(message, address(version, encryption=encryption, key=256_178), subject=subject, peer=peer)
        examined = examine(frame, peer)
        assert examined.message == message
        assert examined.subject == subject
        assert examined.version == version
        assert {odd.code for odd in examined.anomalies} <= {Code.OUT_OF_RANGE, Code.TRAILING_BYTES, Code.TAIL_AFTER_ZERO_ID, Code.ITEM_LENGTH,
                                                            Code.TRUNCATED_ITEM}  # fmt: skip
        assert frame.count(b"\x5b") == frame.count(b"\x5d") == 1


@pytest.mark.parametrize(("cls", "version"), CASES_809, ids=CASE_NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_compiled_equals_interpreted(cls: type, version: str, data: Any) -> None:
    _, body = encode_body(data.draw(of_class(cls, version)), version, subject_for(cls, version))
    cut, place, change = data.draw(st.tuples(st.integers(0, len(body)), st.integers(0, 2000), st.integers(0, 255)))
    changed = bytearray(body[:cut] if data.draw(st.booleans()) else body)
    if changed:
        changed[place % len(changed)] ^= change
    layout = definition_of(cls).layout(version)
    parts: list[Part] = []

    def outcome(read: Any) -> tuple[str, str, int]:
        context = Context(STANDARD, version)
        reader = Reader(bytes(changed), 0, len(changed), context)
        try:
            return repr(read(reader)), repr(context.anomalies), reader.at
        except WireError as error:
            return f"{error.code} {error.offset} {error.field}", "", -1

    assert outcome(lambda reader: walk(layout, reader, parts)) == outcome(layout.read)
    assert [part.start for part in parts] == [0, *(part.end for part in parts)][: len(parts)], "parts are gapless"


@settings(max_examples=500, deadline=None)
@given(frame=dirty_frames_809(), version=st.sampled_from(["auto", "2011", "2019"]), keyed=st.booleans())
def test_examine_never_raises_and_decode_raises_wire_error_only(frame: bytes, version: str, keyed: bool) -> None:
    peer = Peer(version=version, keys=KEYS if keyed else None)
    examined = examine(frame, peer)
    try:
        message = decode(frame, peer)
    except WireError as error:
        assert error.code in set(Code)
    else:
        assert message == examined.message
        assert examined.dropped is None


@settings(max_examples=150, deadline=None)
@given(frame=frames_809(), place=st.integers(0, 4000), change=st.integers(1, 255))
def test_any_one_changed_byte_is_reported(frame: bytes, place: int, change: int) -> None:
    whole = bytearray(unescape(strip_flags(frame))[0])
    whole[place % len(whole)] ^= change
    assert Code.BAD_CRC in {odd.code for odd in examine(b"\x5b" + escape(bytes(whole)) + b"\x5d").anomalies}


@settings(max_examples=150, deadline=None)
@given(frames=st.lists(dirty_frames_809(), max_size=5), cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_cutting_the_stream_changes_nothing(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frames)
    whole = list(Splitter().feed(stream))
    for places_of in (sorted(cut % (len(stream) + 1) for cut in cuts), list(range(len(stream)))):
        splitter, last = Splitter(), 0
        found: list[tuple[bool, bytes]] = []
        for at in (*places_of, len(stream)):
            found += splitter.feed(stream[last:at])
            last = at
        assert found == whole


@given(part=st.binary(max_size=60))
def test_escaping_is_undone(part: bytes) -> None:
    run = escape(part)
    assert unescape(run) == (part, (), False)
    assert [run[at] for at in places(run)[:-1] if run[at] not in (0x5A, 0x5E)] == [b for b in part if b not in b"\x5a\x5b\x5d\x5e"]


def test_frames_are_found_behind_junk_and_broken_heads() -> None:
    good = encode(LoginAnswer(0, 1), address("2011"))
    found = list(Splitter().feed(b"noise" + good + b"\x5b\x00\x01" + good + b"\x5d" + good))
    assert [run for framed, run in found if framed] == [good[1:-1]] * 3
    assert [run for framed, run in found if not framed] == [b"noise", b"\x5b\x00\x01"]


def test_a_head_byte_left_unescaped_is_kept_when_the_crc_is_right() -> None:
    frame = write_header(0x1002, 5, address("2011")) + b"\x00\x00\x00\x5b\x00"
    run = (frame + crc16(frame).to_bytes(2, "big")).replace(b"\x5d", b"\x5e\x01")
    (found,) = Splitter().feed(b"\x5b" + run + b"\x5d")
    assert intact(run)
    assert found == (True, run)
    assert examine(run).message == LoginAnswer(0, 0x5B00)


def test_a_run_without_end_is_cut_once_and_memory_stays_flat() -> None:
    splitter = Splitter(max_frame=1000)
    found = [one for _ in range(50) for one in splitter.feed(b"\x5b" + bytes(999))]
    assert [len(run) for _, run in found] == [1001]
    assert splitter.dropped == 50_000 - 1001
    good = encode(LoginAnswer(0, 1), address("2011"))
    assert list(splitter.feed(b"\x5d" + good)) == [(True, good[1:-1])]


def test_cipher_opens_what_it_closes_and_zero_counts_as_one() -> None:
    assert cipher(cipher(b"secret", 15_241, KEYS), 15_241, KEYS) == b"secret"
    assert cipher(b"secret", 0, KEYS) == cipher(b"secret", 1, KEYS)
    assert cipher(b"secret", 9, CipherKeys(0, 5, 7)) == cipher(b"secret", 9, CipherKeys(1, 5, 7))


def test_encrypted_without_keys_is_dropped_and_refused() -> None:
    peer = Peer(keys=KEYS)
    frame = encode(LoginAnswer(0, 1), address("2019", encryption=1, key=5), peer=peer)
    assert [odd.code for odd in examine(frame).anomalies] == [Code.ENCRYPTED_NO_KEY]
    with pytest.raises(RefusedError):
        encode(LoginAnswer(0, 1), address("2019", encryption=1, key=5))


def test_a_plausible_time_tells_2019_and_the_setting_overrules_it() -> None:
    frame = encode(LoginAnswer(0, 1), address("2019"))
    header = examine(frame).header
    assert header is not None
    assert (header.version, header.time_s) == ("2019", NOW_S)
    assert examine(frame, PLAIN["2011"]).version == "2011"


def test_short_frames_and_wrong_lengths() -> None:
    assert [odd.code for odd in examine(b"\x5b\x00\x5d").anomalies] == [Code.BAD_CRC, Code.SHORT_FRAME]
    whole = write_header(0x1005, 3, address("2011"))
    assert [odd.code for odd in examine(wrap(whole)).anomalies] == [Code.LENGTH_MISMATCH]


FIX = Position2011(0, 1_555_251_555_000, 112_938_765, 28_234_567, 50, 51, 150, 45, -3, 3, 0)


@pytest.mark.parametrize(
    ("message", "version", "subject", "field"),
    [
        (LivePosition(FIX), "2011", None, "subject"),
        (LoginAnswer(0, 1), "2011", Subject("湘A1", 1), "subject"),
        (LinkReport("x", 0, 0, 0, 0, 0), "2011", None, "version"),
        (LivePosition(FIX), "2019", Subject("湘A1", 1), "position"),
        (LivePosition(FIX), "2011", Subject("湘A1", 300), "plate_colour"),
        (Login(1, "123456789"), "2011", None, "password"),
        (VehicleRegistration("1", "2", "x" * 21), "2011", Subject("湘A1", 1), "model"),
        (AlarmReport(source_platform="x" * 12), "2019", None, "source_platform"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_named(message: Any, version: str, subject: Subject | None, field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        encode(message, address(version), subject=subject)
    assert refused.value.field == field


def test_the_vehicle_may_stand_before_an_alarm_or_not() -> None:
    message_id, body = encode_body(AlarmReport(1, None, 2, 0, 5, content="x"), "2011", Subject("湘A12345", 2))
    frame = wrap(write_header(message_id, len(body) - 22, address("2011")) + body[22:])
    examined = examine(frame, PLAIN["2011"])
    assert examined.message == AlarmReport(1, None, 2, 0, 5, content="x")
    assert examined.subject is None
    assert [odd.code for odd in examined.anomalies] == [Code.LAYOUT_GUESS]


def test_an_object_id_of_12_bytes_is_read_in_2019() -> None:
    message_id, body = encode_body(PlatformText(1, "4301", 9, "你好"), "2011")
    examined = examine(wrap(write_header(message_id, len(body), address("2019")) + body), PLAIN["2019"])
    assert examined.message == PlatformText(1, "4301", 9, "你好")


def test_the_length_stands_last_in_the_2019_answers_to_an_exchange() -> None:
    answer, vehicle = StartExchangeAnswer(0x9205, 1024), Subject("湘A12345", 4)
    _, body = encode_body(answer, "2019", vehicle)
    assert body[22:].hex() == "1205" + "9205" + "00000400" + "00000000"
    plain = body[:24] + bytes.fromhex("00000006 9205 00000400")
    for form in (body, plain):
        examined = examine(wrap(write_header(0x1200, len(form), address("2019")) + form))
        assert (examined.message, examined.anomalies) == (answer, ())


@settings(max_examples=200, deadline=None)
@given(frame=dirty_frames_809())
def test_explain_gives_every_byte_exactly_one_row(frame: bytes) -> None:
    data = b"\x5b" + frame
    explained = explain(data.hex())
    assert b"".join(row.raw for each in explained.frames for row in each.rows) == data
    json.dumps(explained.as_json())


def test_explain_names_header_vehicle_fields_and_crc() -> None:
    data = encode(LivePosition(FIX), address("2011"), subject=Subject("湘A12345", 2)) * 2
    first, second = explain(data.hex(), language="zh").frames
    values = {row.path: row.value for row in first.rows}
    assert first.title == "JT/T 809 0x1200 0x1202 实时上传车辆定位信息"
    assert (values["plate"], values["sub_id"], values["position.speed_kmh"]) == ("湘A12345", "0x1202", "50 km/h")
    assert values["position.time_ms"] == "2019-04-14 22:19:15 +08:00"
    assert first.versions == ("2011",)
    assert not second.dropped
    bad = explain((data[:26] + b"\x00" + data[27:]).hex()).frames[0]
    assert bad.dropped
    assert "computed" in bad.rows[-2].value


def test_explain_opens_an_encrypted_frame_with_its_keys() -> None:
    frame = encode(LoginAnswer(0, 9), address("2019", encryption=1, key=5), peer=Peer(keys=KEYS))
    assert explain(frame.hex()).frames[0].rows[-3].path == "rest"
    assert explain(frame.hex(), peer=Peer(keys=KEYS)).frames[0].rows[-3].path == "verify_code"


def test_schemas_and_pages_of_every_message() -> None:
    made = documents()
    for message_id, sub_id in messages:
        for version in definition_of(messages[message_id, sub_id]).versions:
            schema = platform_schema(message_id, sub_id, version)
            text = json.dumps(schema)
            assert all(f'"{name}"' in text for name in schema["properties"])
            assert {ref.split('"')[0] for ref in text.split("#/$defs/")[1:]} <= set(schema["$defs"])
    assert sum(name.startswith("jt809-") for name in made) == 96


CONSTANTS = {
    "jt809-0x1001-008": CipherKeys(20240604, 20240604, 20240604), "jt809-0x1200-003": CipherKeys(30000000, 20000000, 20000000),
    "jt809-0x1200-006": KEYS, "jt809-0x1400-006": KEYS, "jt809-0x1500-001": KEYS, "jt809-0x9300-002": KEYS,
}  # fmt: skip
"""Published test constants, and the real platforms' frames that they open."""


def test_shared_encrypted_frames_are_opened_with_their_constants(shared: Path) -> None:
    frames = {one["id"]: one["hex"] for one in shared_vectors(shared)}
    opened = {name: examine(bytes.fromhex(frames[name]), Peer(keys=keys)) for name, keys in CONSTANTS.items()}
    assert all(examined.message is not None and examined.dropped is None for examined in opened.values())
    login = opened["jt809-0x1001-008"].message
    assert login == Login(102, "123456", 102, "127.0.0.1", 10062)
    live = opened["jt809-0x1200-006"].message.position
    assert (live.location.latitude_e6, live.location.longitude_e6, live.location.speed_kmh10) == (32353134, 121357231, 224)
    alarm = opened["jt809-0x1400-006"].message
    assert (alarm.kind, alarm.time_ms, alarm.end_ms, alarm.content) == (0xA00A, None, 1756279251365, "主动上报报警信息")
    assert opened["jt809-0x1500-001"].message == ListenAnswer(0x9501, 1, 0)
    assert opened["jt809-0x9300-002"].message == RollCall(2, "测B01844", 10, 25, "平台查岗请求是否是人类")


def test_shared_clear_frames_are_read_to_their_end(shared: Path) -> None:
    for vector in (one for one in shared_vectors(shared) if one["protocol"] == "jt809" and "encrypted" not in one["anomalies"]):
        examined = examine(bytes.fromhex(vector["hex"]))
        assert examined.message is not None, vector["id"]
        assert {odd.code for odd in examined.anomalies} <= {Code.BAD_CRC, Code.LAYOUT_GUESS, Code.LONE_ESCAPE, Code.NONCANONICAL_ESCAPE}
    passes = next(one for one in shared_vectors(shared) if one["id"] == "jt809-0x1700-001")
    assert examine(bytes.fromhex(passes["hex"])).message.home_pass == ""
