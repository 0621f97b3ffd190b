"""The attachment session: frames and data packets of one link, cut anywhere, with what is missing asked for again."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.anomaly import Code
from protocols.attachment import AttachmentLimits, AttachmentSession, DataIn, Ended, EndIn, FileIn, ListIn, Odd, OtherIn
from protocols.attachment_files import File, safe_name
from protocols.attachment_wire import MARK
from protocols.jt808.codec import decode, encode
from protocols.jt808.messages.active_safety import Attachment, AttachmentList, FileEnd, FileStart, FileVerdict, MissingRange
from protocols.jt808.messages.session import Heartbeat, PlatformReply
from protocols.jt808.profile import PROFILES
from protocols.kinds.alarm_id import AlarmIdentifier
from tests.protocols.wire_strategies import dirty_frames

NOW = 1_732_759_141_000
ALARM = AlarmIdentifier("T000001", NOW, 1, 1, b"\x00")
NAME = "00_64_6401_0_a.jpg"


def said(message: Any, serial: int = 1, terminal_id: str = "13912344329") -> bytes:
    """A frame of a terminal."""
    return encode(message, terminal_id=terminal_id, serial=serial, version="2019")


def data(offset: int, content: bytes, name: str = NAME) -> bytes:
    """A data packet written by hand: mark, name in 50 bytes, offset, length, data."""
    return MARK + name.encode().ljust(50, b"\x00") + offset.to_bytes(4, "big") + len(content).to_bytes(4, "big") + content


CONTENT = bytes(range(256)) * 40
ANNOUNCED = said(AttachmentList("T000001", ALARM, "AL1", 0, (Attachment(NAME, len(CONTENT)),)))
START, END = said(FileStart(NAME, 0, len(CONTENT)), 2), said(FileEnd(NAME, 0, len(CONTENT)), 9)


def fed(session: AttachmentSession, stream: bytes, cuts: list[int] | None = None) -> list[Any]:
    """Events of a stream that comes in pieces."""
    places = [0, *sorted(min(place, len(stream)) for place in cuts or []), len(stream)]
    return [event for one, two in pairwise(places) for event in session.receive_data(stream[one:two], NOW)]


def test_a_file_comes_whole_and_is_confirmed() -> None:
    session = AttachmentSession()
    stream = ANNOUNCED + START + data(0, CONTENT[:4000]) + data(4000, CONTENT[4000:]) + END
    events = fed(session, stream)
    assert [type(event) for event in events] == [ListIn, FileIn, DataIn, DataIn, EndIn]
    assert b"".join(event.data for event in events if isinstance(event, DataIn)) == CONTENT
    assert session.data_to_send() == []
    for event in events:
        if not isinstance(event, DataIn):
            session.reply(event)
    answers = [decode(frame) for frame in session.data_to_send()]
    assert answers == [PlatformReply(1, 0x1210, 0), PlatformReply(2, 0x1211, 0), FileVerdict(NAME, 0, 0, ())]


def test_missing_ranges_are_asked_for_and_the_second_end_is_done() -> None:
    session = AttachmentSession()
    *_, end = fed(session, START + data(1000, CONTENT[1000:2000]) + data(9000, CONTENT[9000:10_000]) + END)
    assert end.missing == ((0, 1000), (2000, 7000), (10_000, 240))
    session.reply(end)
    (frame,) = session.data_to_send()
    assert decode(frame).missing == tuple(MissingRange(*row) for row in end.missing)
    *_, end = fed(session, data(0, CONTENT[:3000]) + data(2500, CONTENT[2500:9500]) + data(10_000, CONTENT[10_000:]) + END)
    assert end.missing == ()


def test_frames_inside_data_and_marks_inside_data_do_no_harm() -> None:
    content = START + MARK + b"\x7e\x7e" + MARK
    stream = said(FileStart(NAME, 0, len(content))) + data(0, content) + said(Heartbeat())
    events = fed(AttachmentSession(), stream, list(range(len(stream))))
    assert [type(event) for event in events] == [FileIn, DataIn, OtherIn]
    assert events[1].data == content


def test_two_frames_may_share_a_delimiter() -> None:
    assert [type(event) for event in fed(AttachmentSession(), ANNOUNCED[:-1] + START + said(Heartbeat())[1:])] == [ListIn, FileIn, OtherIn]


def test_a_data_packet_behind_a_lost_delimiter_is_found() -> None:
    events = fed(AttachmentSession(), START + END[:-1] + data(0, CONTENT[:50]) + END)
    assert [type(event) for event in events] == [FileIn, Odd, DataIn, EndIn]


def test_heilongjiang_has_names_with_their_length() -> None:
    session = AttachmentSession(PROFILES["hei_biao"])
    packet = MARK + bytes((len(NAME),)) + NAME.encode() + bytes(4) + (5).to_bytes(4, "big") + b"12345"
    (start, came) = fed(session, said(FileStart(NAME, 0, 5)) + packet)
    assert isinstance(start, FileIn)
    assert came == DataIn(NAME, 0, b"12345")


STREAM = ANNOUNCED + b"noise" + START + data(0, CONTENT[:100]) + said(Heartbeat()) + b"\x30\x31" + data(100, b"\x7e" * 30) + END


def test_cutting_at_every_byte_changes_nothing() -> None:
    together = fed(AttachmentSession(), STREAM)
    assert [type(event) for event in together] == [ListIn, Odd, FileIn, DataIn, OtherIn, Odd, DataIn, EndIn]
    for place in range(len(STREAM)):
        assert fed(AttachmentSession(), STREAM, [place]) == together
    assert fed(AttachmentSession(), STREAM, list(range(len(STREAM)))) == together


PIECES = st.one_of(
    st.sampled_from([ANNOUNCED, START, END, data(0, CONTENT[:60]), data(90, b"~" * 20), MARK, b"\x7e", data(5, b"x")[:70]]),
    st.binary(max_size=60),
    dirty_frames(),
)


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, max_size=8), cuts=st.lists(st.integers(0, 2000), max_size=6))
def test_garbage_never_raises_and_cuts_change_nothing(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    whole, cut = AttachmentSession(), AttachmentSession()
    events = fed(whole, stream)
    assert fed(cut, stream, cuts) == events
    for event in events:
        if hasattr(event, "header"):
            whole.reply(event)
    for frame in whole.data_to_send():
        decode(frame)


def test_what_is_beyond_the_limits_is_not_taken() -> None:
    session = AttachmentSession(limits=AttachmentLimits(files=1, file_bytes=100, junk_bytes=50, idle_ms=1000), now_ms=NOW)
    kinds = [
        FileStart(NAME, 0, 101), FileStart(NAME, 0, 100), FileStart("b", 0, 5), FileEnd("c", 0, 5),
    ]  # fmt: skip
    assert [type(fed(session, said(message))[0]) for message in kinds] == [Odd, FileIn, Odd, Odd]
    (beyond, unknown) = fed(session, data(90, b"x" * 20) + data(0, b"y", "zzz"))
    assert [beyond.anomalies[0].code, unknown.anomalies[0].code] == [Code.OUT_OF_RANGE, Code.BAD_VALUE]
    (foreign,) = fed(session, said(Heartbeat(), terminal_id="2"))
    assert foreign.anomalies[0].code == Code.FOREIGN_ID
    assert [type(event) for event in fed(session, bytes(3000))] == [Odd, Ended]
    assert fed(session, START) == []


def test_a_silent_link_is_closed_once() -> None:
    session = AttachmentSession(limits=AttachmentLimits(idle_ms=1000), now_ms=NOW)
    assert session.next_timer() == NOW + 1000
    assert session.tick(NOW + 999) == []
    assert session.tick(NOW + 1000) == [Ended("idle")]
    assert session.tick(NOW + 2000) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a b/..\\c.jpg", "a_b_.._c.jpg"), ("../../etc/passwd", "_.._etc_passwd"), ("", "file"), ("...", "file"), ("照片.jpg", "_.jpg")],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert "/" not in safe_name(name)


def test_two_names_that_become_one_are_kept_apart() -> None:
    session = AttachmentSession()
    events = fed(session, said(FileStart("照.jpg", 0, 5)) + said(FileStart("片.jpg", 0, 5)))
    assert [event.stored_name for event in events] == ["_.jpg", "2-_.jpg"]


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=20))
def test_missing_ranges_equal_those_counted_byte_by_byte(pieces: list[tuple[int, int]]) -> None:
    file, came = File("a", 90), set[int]()
    for offset, length in pieces:
        assert file.take(offset, length)
        came |= set(range(offset, offset + length))
    assert {at for offset, length in file.missing() for at in range(offset, offset + length)} == set(range(90)) - came
    assert all(length for _, length in file.missing())
