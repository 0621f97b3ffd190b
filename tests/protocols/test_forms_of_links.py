"""Links between 0xE7 and links of ASCII sentences: told by their first byte, answered in the same form; and ids that hide an IMEI."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.explain import explain
from protocols.jt808.codec import encode, examine
from protocols.jt808.connection import PLATFORM, TERMINAL, Connection
from protocols.jt808.events import AnomalyEvent, Event, Fixes, MessageIn, SentenceIn
from protocols.jt808.header import imei_of
from protocols.jt808.messages.location import Location
from protocols.jt808.messages.registration import Authentication
from protocols.jt808.messages.session import Heartbeat, PlatformReply
from protocols.jt808.messages.vendor_positions import VendorPosition
from protocols.jt808.messages.vendor_time import VendorReply, VendorTime, VendorTimeRequest
from protocols.jt808.profile import PROFILES, STANDARD

TERMINAL_ID = "13912344329000"
E7 = replace(STANDARD, delimiter="e7")
NOW_MS = 1_732_759_141_000
FIX = Location(0x3D3EE6E7, 0x7E7D, 28_234_567, 112_938_765, 0, 0, 0, NOW_MS)


def said(link: Connection) -> list[Any]:
    return [examine(frame, link.profile).message for frame in link.data_to_send()]


def stream(*messages: Any) -> bytes:
    return b"".join(encode(one, terminal_id=TERMINAL_ID, serial=n, version="2013", profile=E7) for n, one in enumerate(messages, 1))


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 200), max_size=6), fixes=st.integers(1, 3))
def test_a_link_that_begins_with_e7_is_read_and_answered_between_e7(cuts: list[int], fixes: int) -> None:
    data = stream(Authentication("code"), *[FIX] * fixes)
    link, events = Connection(PLATFORM), list[Event]()
    link.bind(TERMINAL_ID)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(places):
        events += link.receive_data(data[start:end], NOW_MS)
    assert [event.message for event in events if isinstance(event, MessageIn | Fixes)] == [Authentication("code"), *[FIX] * fixes]
    assert all(event.header is not None and event.header.terminal_id == TERMINAL_ID for event in events if isinstance(event, Fixes))
    for event in events:
        assert isinstance(event, MessageIn | Fixes)
        link.reply(event, 0, NOW_MS)
    frames = link.data_to_send()
    assert all(frame[:1] == frame[-1:] == b"\xe7" and frame.count(b"\xe7") == 2 for frame in frames)
    assert [examine(frame, E7).message.reply_serial for frame in frames] == list(range(1, fixes + 2))
    assert examine(frames[0], E7).header.terminal_id == TERMINAL_ID  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["mixed", "jimi", "delimiter_e7"])
def test_a_position_variant_is_answered_where_attribute_bit_15_asks(name: str) -> None:
    makers = PROFILES[name]
    terminal_id = TERMINAL_ID[: 14 if makers.delimiter == "e7" else 12]
    link = Connection(PLATFORM, makers)
    link.bind(terminal_id)
    for asks in (0x80, 0):
        plain = encode(variant(), terminal_id=terminal_id, serial=5, version="2013", profile=makers)
        form = examine(plain, makers)
        assert form.header is not None
        assert (form.header.serial_size, form.header.serial, form.message) == (1, 5, variant())
        asking = bytearray(plain)
        asking[3] |= asks
        asking[-2] ^= asks
        event = link.receive_data(bytes(asking), NOW_MS)[0]
        assert isinstance(event, MessageIn | Fixes)
        link.reply(event, 0, NOW_MS)
        assert said(link) == ([VendorReply(0x5501, 0)] if asks else [])


def variant() -> VendorPosition:
    """A 0x5501 as the vectors have it."""
    path = Path(__file__).resolve().parents[1] / "vectors/jt808/5501-2013.hex"
    message = examine(bytes.fromhex(path.read_text())).message
    assert isinstance(message, VendorPosition)
    return message


def test_a_time_request_is_answered_as_the_profile_says() -> None:
    ask = encode(VendorTimeRequest(b""), terminal_id="13912344329", serial=1, version="2013")
    for name, expected in (("mixed", VendorTime.of(NOW_MS)), ("gps51", VendorTime.of(NOW_MS)), ("standard", None)):
        link = Connection(PLATFORM, PROFILES[name])
        link.bind("13912344329")
        event = link.receive_data(ask, NOW_MS)[0]
        assert isinstance(event, MessageIn)
        link.reply(event, 0, NOW_MS)
        assert said(link) == [expected or PlatformReply(1, 0x0109, 0)]


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 60))
def test_sentences_are_told_and_the_question_for_the_time_is_answered(cut: int) -> None:
    data = b"(860000000000017,BASE,2,TIME)(860000000000017,OK)noise)"
    link = Connection(PLATFORM)
    events = link.receive_data(data[:cut], NOW_MS) + link.receive_data(data[cut:], NOW_MS)
    assert [event.text for event in events if isinstance(event, SentenceIn)] == ["860000000000017,BASE,2,TIME", "860000000000017,OK"]
    assert [type(event) for event in events][2:] == [AnomalyEvent]
    assert link.data_to_send() == [b"(860000000000017,BASE,2,20241128015901)"]


def test_a_sentence_between_frames_leaves_them_alone() -> None:
    beat = encode(Heartbeat(), terminal_id="13912344329", serial=1, version="2013")
    link = Connection(PLATFORM)
    events = link.receive_data(beat + b"(TEXT,DONE)" + beat, NOW_MS)
    assert [type(event) for event in events] == [MessageIn, SentenceIn, MessageIn]


def test_an_imei_in_48_bits_is_said_in_digits_and_written_back() -> None:
    profile = replace(STANDARD, id_form="imei48")
    frame = encode(FIX, terminal_id="490154203237518", serial=1, version="2013", profile=profile)
    examined = examine(frame, profile)
    assert examined.header is not None
    assert (examined.header.terminal_id, examined.anomalies) == ("490154203237518", ())
    assert imei_of(examine(frame).header.terminal_id) == "490154203237518"  # type: ignore[union-attr]
    link = Connection(PLATFORM, profile)
    link.bind("490154203237518")
    event = link.receive_data(frame, NOW_MS)[0]
    assert isinstance(event, Fixes)
    link.reply(event, 0, NOW_MS)
    reply = link.data_to_send()[0]
    assert examine(reply, profile).header.terminal_id == "490154203237518"  # type: ignore[union-attr]
    assert reply[5:11] == frame[5:11]


def test_every_profile_has_a_terminal_that_platform_and_terminal_understand() -> None:
    for name, profile in PROFILES.items():
        terminal, platform = Connection(TERMINAL, profile), Connection(PLATFORM, profile)
        terminal.bind(TERMINAL_ID[:12])
        platform.bind(TERMINAL_ID[:12])
        terminal.send(Heartbeat(), NOW_MS)
        (event,) = platform.receive_data(terminal.data_to_send()[0], NOW_MS)
        assert isinstance(event, MessageIn), name
        platform.reply(event, 0, NOW_MS)
        terminal.receive_data(platform.data_to_send()[0], NOW_MS)
        assert not terminal.open_commands(), name


@pytest.mark.parametrize("data", [stream(FIX, FIX), b"(860000000000017,BASE,2,TIME)(OK)", b"\xe7\xe6\x01\xe7junk"])
def test_every_byte_of_such_a_link_is_explained_once(data: bytes) -> None:
    explained = explain(data.hex())
    assert b"".join(row.raw for frame in explained.frames for row in frame.rows) == data
    assert explained.dropped == data.endswith(b"junk")
