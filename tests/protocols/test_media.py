"""Zones, drivers and multimedia: what their layouts do not show by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import RefusedError
from protocols.jt808.codec import decode, encode, examine
from protocols.jt808.messages.driver import DriverCard, DriverIdentity, DriverNumbers
from protocols.jt808.messages.media_orders import SearchMedia
from protocols.jt808.messages.multimedia import MediaData, MediaReply, ShotReply
from protocols.jt808.messages.zone_queries import ZoneData
from protocols.jt808.messages.zones import Circle, CircleZones
from tests.protocols.test_connection import FIX, NOW, codes, said, spoiled

PLACE = replace(FIX, extras=(), tail=b"")
PICTURE = MediaData(123, 0, 0, 1, 2, PLACE, b"\xff\xd8\xff\xe0")
HEADER = 17


def test_a_picture_with_a_bad_clock_or_place_is_kept() -> None:
    frame = spoiled(said(PICTURE), {HEADER + 8 + 23: 0x13, HEADER + 8 + 8: 0xFF})
    examined = examine(frame)
    assert examined.dropped is None
    assert codes(examined) == ["out_of_range", "bad_time"]
    assert examined.message.data == PICTURE.data
    assert examined.message.location.time_ms is None


def test_a_position_with_items_does_not_belong_into_multimedia() -> None:
    with pytest.raises(RefusedError):
        said(replace(PICTURE, location=replace(PLACE, tail=b"\x00")))


def test_a_complete_upload_is_answered_with_the_id_and_nothing_else() -> None:
    frame = encode(MediaReply(123), terminal_id="1", serial=0, version="2013")
    assert examine(frame).body == bytes.fromhex("0000007B")
    counted = spoiled(encode(MediaReply(123, (1,)), terminal_id="1", serial=0, version="2013"), {12 + 4: 0})
    assert codes(examine(counted)) == ["layout_guess", "trailing_body_bytes"]


def test_a_refused_shot_may_leave_its_list_out() -> None:
    frame = said(ShotReply(9, 1))
    assert decode(frame) == ShotReply(9, 1)
    assert len(examine(frame).body) == 3


def test_no_bounds_of_a_search_are_zeros() -> None:
    frame = said(SearchMedia(0, 0, 0, None, None))
    assert examine(frame).body == bytes(15)
    assert decode(frame) == SearchMedia(0, 0, 0, None, None)
    assert examine(frame).anomalies == ()


CIRCLE = Circle(7, 0, 28_234_567, 112_938_765, 500, name="学校")


def test_zones_that_come_as_whole_messages_are_read() -> None:
    plain = said(ZoneData(1, circles=(CIRCLE,)))
    assert examine(plain).anomalies == ()
    whole = examine(said(CircleZones(1, (CIRCLE,)))).body
    body = b"\x01\x00\x00\x00\x01" + whole
    frame = bytearray(said(CircleZones(1, (CIRCLE,))))
    examined = examine(_framed(0x0608, body, bytes(frame)))
    assert (examined.message, codes(examined)) == (ZoneData(1, circles=(CIRCLE,)), ["layout_guess"])


def _framed(message_id: int, body: bytes, like: bytes) -> bytes:
    from protocols.jt808.codec import build_frame
    from protocols.jt808.header import Address

    header = examine(like).header
    assert header is not None
    return build_frame(message_id, body, Address(header.terminal_id, header.serial, header.version))


CARD = DriverCard("张三", "4301001234567", "长沙运管", "20301231")
DRIVERS: list[tuple[str, Any]] = [
    ("2011", DriverIdentity(driver_2011=DriverNumbers("张三", "430102198001011234", "4301001234567", "长沙运管"))),
    ("2011", DriverIdentity(driver_2011=DriverNumbers("", "", "", ""))),
    ("2013", DriverIdentity(1, NOW, 0, CARD)),
    ("2013", DriverIdentity(2, NOW)),
    ("2013", DriverIdentity(1, NOW, 4)),
    ("2019", DriverIdentity(1, NOW, 0, replace(CARD, identity_number="430102198001011234"))),
]


@pytest.mark.parametrize(("version", "message"), DRIVERS)
def test_editions_of_a_driver_are_told_apart_by_length_and_first_byte(version: str, message: Any) -> None:
    examined = examine(encode(message, terminal_id="1", serial=0, version=version))
    assert (examined.message, examined.version, examined.anomalies) == (message, version, ())


def test_a_driver_with_a_bad_clock_is_kept() -> None:
    examined = examine(spoiled(said(DriverIdentity(2, NOW)), {HEADER + 2: 0x13}))
    assert (examined.dropped, examined.message) == (None, DriverIdentity(2, None))
