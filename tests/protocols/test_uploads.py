"""Multimedia in packets: missing ones asked for by media id, heads repeated by some makers, one answer when all is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocols.jt808.codec import build_frame, decode, encode_body, examine
from protocols.jt808.connection import TERMINAL, Connection
from protocols.jt808.events import MediaIn, MessageIn, ReplyIn
from protocols.jt808.header import Address
from protocols.jt808.messages.multimedia import HEAD_BYTES, MediaData, MediaReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply
from tests.protocols.test_connection import FIX, NOW, bound, codes, said
from tests.protocols.test_reassembly import cut

PICTURE = MediaData(123, 0, 0, 1, 2, replace(FIX, extras=(), tail=b""), bytes(range(256)) * 12)


def answers(link: Connection) -> list[Any]:
    """What a link has to say."""
    return [decode(frame) for frame in link.data_to_send()]


def test_every_packet_is_acknowledged_and_the_last_earns_0x8800() -> None:
    link = bound()
    for part in cut(PICTURE):
        for event in link.receive_data(part, NOW):
            link.reply(event, 0, NOW)
    assert answers(link) == [*(PlatformReply(serial, 0x0801, 0) for serial in (100, 101, 102)), MediaReply(123)]


def test_a_picture_in_one_frame_is_an_event_of_its_own() -> None:
    link = bound()
    small = replace(PICTURE, data=b"\xff\xd8")
    (event,) = link.receive_data(said(small), NOW)
    assert type(event) is MediaIn
    assert isinstance(event, MessageIn)
    assert event.message == small
    link.reply(event, 0, NOW)
    assert answers(link) == [MediaReply(123)]
    link.reply(event, 1, NOW)
    assert answers(link) == [PlatformReply(1, 0x0801, 1)], "not stored: the terminal keeps it"


def test_missing_packets_are_asked_for_by_media_id() -> None:
    parts = cut(PICTURE)
    link = bound()
    for part in (parts[0], parts[2]):
        link.receive_data(part, NOW)
    link.tick(NOW + 5_000)
    assert answers(link) == [MediaReply(123, (2, 4))]
    link.receive_data(parts[1], NOW + 6_000)
    (event,) = link.receive_data(parts[3], NOW + 6_000)
    assert (type(event), event.message) == (MediaIn, PICTURE)


def test_without_packet_1_nobody_knows_the_id() -> None:
    link = bound()
    link.receive_data(cut(PICTURE)[1], NOW)
    link.tick(NOW + 5_000)
    assert answers(link) == [PacketRequest(100, (1, 3, 4))]


@pytest.mark.parametrize("heads", [True, False])
def test_heads_repeated_in_every_packet_are_taken_off(heads: bool) -> None:
    """SmallChi/JT808#51"""
    _, body = encode_body(PICTURE, "2019")
    head, data = body[:HEAD_BYTES], body[HEAD_BYTES:]
    pieces = [data[at : at + 900] for at in range(0, len(data), 900)]
    link = bound()
    events = []
    for index, piece in enumerate(pieces, 1):
        address = Address("13912344329", 100 + index, "2019", (len(pieces), index))
        events += link.receive_data(build_frame(0x0801, (head if heads or index == 1 else b"") + piece, address), NOW)
    assert isinstance(events[-1], MediaIn)
    assert events[-1].message == PICTURE
    assert codes(events[-1]) == []


def test_a_terminal_sends_again_what_0x8800_lacks_and_ends_when_it_lacks_nothing() -> None:
    platform, terminal = bound(), Connection(TERMINAL)
    terminal.bind("13912344329")
    terminal.version = "2019"
    other = terminal.send(replace(PICTURE, media_id=124), NOW)
    pending = terminal.send(PICTURE, NOW)
    frames = terminal.data_to_send()[len(other.frames) :]
    for frame in (frames[0], frames[3]):
        platform.receive_data(frame, NOW)
    platform.tick(NOW + 5_000)
    (question,) = platform.data_to_send()
    terminal.receive_data(question, NOW + 5_000)
    again = terminal.data_to_send()
    assert [examine(frame).header.package_index for frame in again] == [2, 3]  # type: ignore[union-attr]
    assert pending.state == "open"
    events = [event for frame in again for event in platform.receive_data(frame, NOW + 5_000)]
    assert events[-1].message == PICTURE
    platform.reply(events[-1], 0, NOW)
    (done,) = [event for frame in platform.data_to_send() for event in terminal.receive_data(frame, NOW + 6_000)]
    assert isinstance(done, ReplyIn)
    assert (done.pending is pending, pending.state, other.state) == (True, "done", "open")


def test_a_request_for_media_that_nobody_keeps_is_in_vain() -> None:
    terminal = Connection(TERMINAL)
    terminal.bind("13912344329")
    terminal.version = "2019"
    terminal.send(PICTURE, NOW)
    terminal.data_to_send()
    terminal.receive_data(said(MediaReply(9, (1,))), NOW)
    assert terminal.data_to_send() == []
