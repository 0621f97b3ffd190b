"""decode(encode(message)) == message, for every message in every edition."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from protocols.fields import V2013, V2019
from protocols.jt808.codec import encode, examine
from protocols.jt808.messages.control import TrackingControl
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply
from protocols.jt808.messages.text import TextDown
from tests.protocols.wire_strategies import CASES, of_class


@pytest.mark.parametrize(("cls", "version"), CASES, ids=[f"{cls.__name__}-{version}" for cls, version in CASES])
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_message_survives_its_round_trip(cls: type, version: str, data: Any) -> None:
    message = data.draw(of_class(cls, version))
    frame = encode(message, terminal_id="13912344329", serial=7, version=version)
    examined = examine(frame)
    assert examined.message == message
    assert examined.header is not None
    assert (examined.header.serial, examined.header.version) == (7, V2019 if version == V2019 else V2013)
    assert encode(examined.message, terminal_id="13912344329", serial=7, version=version) == frame


REFUSED = [
    (PlatformReply(70000, 1, 0), "2019", "reply_serial"),
    (PlatformReply(1, 1, -1), "2019", "result"),
    (TextDown(1, None, "x"), "2019", "text_type"),
    (TextDown(1, 1, "x"), "2013", "text_type"),
    (TextDown(1, None, "emoji 🚌"), "2013", "text"),
    (TextDown(1, None, "a\x00b"), "2013", "text"),
    (Authentication("code", imei="123456789012345"), "2013", "imei"),
    (Authentication("c" * 256, imei="1", software_version="1"), "2019", "auth_code"),
    (Registration(1, 2, "toolong", "m", "t", 1, "湘A12345"), "2013", "maker"),
    (Registration(1, 2, "hex:00ff", "m", "t", 1, "湘A12345"), "2013", None),
    (RegistrationReply(1, 2, "code"), "2013", "auth_code"),
    (TrackingControl(0, 60), "2019", "valid_s"),
    (TrackingControl(10, None), "2019", "valid_s"),
    (PacketRequest(1, (1,) * 256), "2013", "indices"),
    (PacketRequest(1, (70000,)), "2019", "indices"),
    (TextDown(1, None, "x" * 1100), "2013", "body"),
]


@pytest.mark.parametrize(
    ("message", "version", "field"), REFUSED, ids=[f"{type(m).__name__}-{f}-{n}" for n, (m, _, f) in enumerate(REFUSED)]
)
def test_a_value_that_does_not_fit_is_refused_and_named(message: Any, version: str, field: str | None) -> None:
    if field is None:
        assert examine(encode(message, terminal_id="1", serial=0, version=version)).message.maker == "hex:00ff000000"
        return
    with pytest.raises(RefusedError) as refused:
        encode(message, terminal_id="1", serial=0, version=version)
    assert refused.value.field == field


@pytest.mark.parametrize("terminal_id", ["1" * 13, "xyz"])
def test_a_terminal_id_that_does_not_fit_is_refused(terminal_id: str) -> None:
    with pytest.raises(RefusedError):
        encode(PlatformReply(1, 1, 0), terminal_id=terminal_id, serial=0, version="2013")


def test_a_packet_item_is_written_and_read() -> None:
    frame = encode(PlatformReply(1, 1, 0), terminal_id="1", serial=0, version="2019", package=(3, 2))
    header = examine(frame).header
    assert header is not None
    assert (header.package_total, header.package_index, header.body_start) == (3, 2, 21)
