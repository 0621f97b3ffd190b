"""The driving recorder: every word there and back, fillers, errors, noise, and its frames inside JT/T 808."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError, WireError
from protocols.anomaly import Code
from protocols.gbt19056 import decode, encode, examine, examine_all
from protocols.gbt19056.collect import CurrentDriver, Mileage, Pulses, StandardVersion
from protocols.gbt19056.fillers import BcdNumber, FilledNumber, FilledSigned, FilledText, FilledTime, Times
from protocols.gbt19056.frame import parts
from protocols.gbt19056.layouts import COLLECT_ERROR, DOWN, ERRORS, NAMES, SETTING_ERROR, UP, blocks
from protocols.gbt19056.records import DriverChange, Place, PositionRecord, RecordQuery, SpeedRecord
from protocols.kinds import Part
from tests.protocols import wire_strategies as wire

T = 1_732_759_141_000
CASES = sorted((word, way) for word in NAMES for way in (UP, DOWN))
SIZES = {0x08: 126, 0x09: 666, 0x10: 234, 0x11: 50, 0x12: 25, 0x13: 7, 0x14: 7, 0x15: 133}


def test_words() -> None:
    assert len(NAMES) == 27
    assert {word for word, way in blocks if way is UP} == {*range(0x0A), *range(0x10, 0x16), 0xE1}
    assert {word for word, way in blocks if way is DOWN} == {0x08, 0x09, *range(0x10, 0x16), 0x82, 0x83, 0x84, 0xC2, 0xC3, 0xC4}
    assert {word: blocks[word, UP].unit for word in SIZES} == SIZES


def contents(word: int, way: Any) -> st.SearchStrategy[Any]:
    """Contents of a data block."""
    layout = blocks.get((word, way))
    if layout is None:
        return st.none()
    one = wire.of_class(layout.definition.cls, "2019")
    return st.lists(one, min_size=1, max_size=2).map(tuple) if layout.unit else one


@pytest.mark.parametrize(("word", "way"), CASES, ids=[f"{word:02X}-{way}" for word, way in CASES])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_word_survives_its_round_trip(word: int, way: Any, data: Any) -> None:
    content = data.draw(contents(word, way))
    frame = encode(way, word, content)
    found = decode(frame)
    assert (found.way, found.word, found.content) == (way, word, content)
    assert examine(frame).anomalies == ()
    if word in SIZES and way is UP:
        assert len(found.data) == SIZES[word] * len(content)
    rows: list[Part] = []
    parts(frame, 100, rows)
    assert [part.start for part in rows] == [100, *(part.end for part in rows)][: len(rows)]
    assert rows[-1].end == 100 + len(frame)


FRAMES = [
    ("557A 00 0002 00 12 00 3F", UP, 0x00, StandardVersion("12", 0)),
    ("AA75 00 0000 00 DF", DOWN, 0x00, None),
    ("557A 01 0012 00 343330313032313938303031303131323334 3C", UP, 0x01, CurrentDriver("430102198001011234")),
    ("557A 03 0014 00 241128095901 230101000000 00000000 00123456 27", UP, 0x03, Mileage(T, 1_672_502_400_000, 0, 123_456)),
    ("AA75 C3 0008 00 241128095901 0E10 46", DOWN, 0xC3, Pulses(T, 3600)),
    ("AA75 08 000E 00 241128095901 241128095901 0001 D8", DOWN, 0x08, RecordQuery(T, T, 1)),
    ("557A 12 0019 00 241128095901 343330313032313938303031303131323334 01 69", UP, 0x12, (DriverChange(T, "430102198001011234", 1),)),
]


@pytest.mark.parametrize(("text", "way", "word", "content"), FRAMES, ids=[f"{row[2]:02X}-{row[1]}" for row in FRAMES])
def test_frames_by_hand(text: str, way: Any, word: int, content: Any) -> None:
    frame = bytes.fromhex(text)
    assert examine(frame).anomalies == ()
    found = decode(frame)
    assert (found.way, found.word, found.content) == (way, word, content)
    assert encode(way, word, content) == frame


@pytest.mark.parametrize(("word", "text"), [(COLLECT_ERROR, "557A FA 00 D5"), (SETTING_ERROR, "557A FB 00 D4")])
def test_error_answers_have_no_length(word: int, text: str) -> None:
    assert decode(bytes.fromhex(text)).word == word
    assert encode(UP, word) == bytes.fromhex(text)
    assert word in ERRORS


def test_fillers_are_none() -> None:
    frame = encode(UP, 0x08, (SpeedRecord(None, _seconds()),))
    assert b"\xff" * 126 in frame
    (record,) = decode(frame).content
    assert record.start_ms is None
    assert record.seconds[59].speed_kmh is None
    hour = bytes.fromhex("241128090000") + b"\xff" * 660
    raw = bytes.fromhex("557A09029A00") + hour
    (positions,) = examine(raw + bytes((_xor(raw),))).frame.content  # type: ignore[union-attr]
    assert isinstance(positions, PositionRecord)
    assert positions.minutes[0].place == Place(None, None, None)


def _seconds() -> Any:
    from protocols.gbt19056.records import SpeedSecond

    return (SpeedSecond(None, None),) * 60


def _xor(data: bytes) -> int:
    found = 0
    for byte in data:
        found ^= byte
    return found


def test_either_head_is_accepted() -> None:
    frame = bytearray(encode(UP, 0x00, StandardVersion("12", 0)))
    frame[:2] = b"\xaa\x75"
    frame[-1] ^= 0x55 ^ 0x7A ^ 0xAA ^ 0x75
    assert decode(bytes(frame)).content == StandardVersion("12", 0)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("557A 00 0002 00 12 00 3E", ["bad_checksum"]), ("557A 00 0002 00 12", ["length_mismatch", "bad_checksum"]),
        ("557A 00 0003 00 12 00 00 3E", ["trailing_body_bytes"]), ("557A 03 0001 00 00 2D", ["short_body"]), ("1234", ["junk"]),
        ("557A 00", ["short_frame"]), ("557A 77 0000 00 58", ["unknown_message"]), ("557A 12 0001 00 00 3C", ["trailing_body_bytes"]),
        ("557A FA 00 D5 00", ["length_mismatch"]), ("557A E0 0001 00 00 CE", ["trailing_body_bytes"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_noted(text: str, codes: list[str]) -> None:
    examined = examine(bytes.fromhex(text))
    assert [str(odd.code) for odd in examined.anomalies] == codes
    if examined.dropped is not None:
        with pytest.raises(WireError):
            decode(bytes.fromhex(text))


def test_frames_behind_one_another() -> None:
    frames = [encode(UP, 0x00, StandardVersion("12", 0)), encode(UP, 0x01, CurrentDriver(None)), b"xyz"]
    found = examine_all(b"".join(frames))
    assert [each.raw for each in found] == frames
    assert found[2].frame is None


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.builds(lambda head, word, rest: head + word + rest, st.sampled_from([b"\x55\x7a", b"\xaa\x75"]),
                                                   st.sampled_from([bytes((w,)) for w in (*NAMES, *ERRORS)]), st.binary(max_size=300))))  # fmt: skip
def test_noise_never_raises_but_wire_error(data: bytes) -> None:
    rows: list[Part] = []
    parts(data, 0, rows)
    assert sum(part.end - part.start for part in rows) == len(data)
    try:
        decode(data)
    except WireError as error:
        assert error.code in set(Code)


@pytest.mark.parametrize(
    ("way", "word", "content"),
    [
        (UP, 0x77, None), (DOWN, 0x00, StandardVersion("12", 0)), (UP, 0x00, CurrentDriver("x")), (UP, 0x01, CurrentDriver("x" * 19)),
        (UP, 0x00, StandardVersion("123", 0)), (UP, 0x03, Mileage(T, T, 10**8, 0)), (UP, 0x08, (SpeedRecord(T, ()),)),
        (UP, 0x09, (PositionRecord(T, ()),)),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(way: Any, word: int, content: Any) -> None:
    with pytest.raises(RefusedError):
        encode(way, word, content)


def test_kinds_of_the_recorder_have_strategies() -> None:
    assert {FilledNumber, FilledSigned, FilledText, FilledTime, BcdNumber, Times} <= set(wire.KINDS)
