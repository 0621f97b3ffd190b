"""Nothing that comes over the wire raises: noise, cut, changed and spliced frames and streams."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.explain import explain
from protocols.jt808.codec import decode, encode, examine
from protocols.jt808.connection import PLATFORM, TERMINAL, Connection
from protocols.jt808.framing import strip_delimiters, unescape, wrap
from protocols.jt808.gate import Role
from protocols.jt808.messages.location import Location
from tests.protocols.wire_strategies import dirty_frames, frames

NOW_MS = 1_732_759_141_000


@settings(max_examples=600, deadline=None)
@given(frame=dirty_frames())
def test_examine_never_raises_and_decode_raises_wire_error_only(frame: bytes) -> None:
    examined = examine(frame)
    try:
        message = decode(frame)
    except WireError as error:
        assert error.code in set(Code)
    else:
        assert message == examined.message
        assert examined.dropped is None


@settings(max_examples=120, deadline=None)
@given(frame=dirty_frames())
def test_explain_gives_every_byte_exactly_one_row(frame: bytes) -> None:
    if not frame.strip(b"\x7e"):
        return
    explained = explain(frame.hex())
    assert b"".join(row.raw for each in explained.frames for row in each.rows) == frame


@pytest.mark.parametrize("role", [PLATFORM, TERMINAL])
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(stream=st.lists(dirty_frames(), max_size=8), steps=st.lists(st.integers(0, 30_000), min_size=8, max_size=8), bound=st.booleans())
def test_a_connection_survives_any_stream(role: Role, stream: list[bytes], steps: list[int], bound: bool) -> None:
    link = Connection(role)
    if bound:
        link.bind("1")
    now_ms = NOW_MS
    for part, step in zip(stream, steps, strict=False):
        for event in link.receive_data(part, now_ms):
            if hasattr(event, "header"):
                link.reply(event, 0, now_ms)
        now_ms += step
        link.tick(now_ms)
        link.next_timer()
        assert all(frame[0] == frame[-1] == 0x7E for frame in link.data_to_send())


@settings(max_examples=120, deadline=None)
@given(frame=frames(), place=st.integers(0, 4000), change=st.integers(1, 255))
def test_any_one_changed_byte_is_reported(frame: bytes, place: int, change: int) -> None:
    body = bytearray(unescape(strip_delimiters(frame))[0])
    body[place % len(body)] ^= change
    assert Code.BAD_CHECKSUM in {odd.code for odd in examine(wrap(bytes(body))).anomalies}


def test_memory_of_a_link_is_bounded_without_delimiters() -> None:
    link = Connection()
    chunk = random.Random(7).randbytes(65_536).replace(b"\x7e", b"\x00")
    events = [event for _ in range(64) for event in link.receive_data(chunk, NOW_MS)]
    assert [type(event).__name__ for event in events] == ["AnomalyEvent", "Closed"]


def test_strict_decode_names_field_and_offset() -> None:
    location = Location(0, 0, 1, 1, 0, 0, 0, NOW_MS)
    frame = bytearray(encode(location, terminal_id="1", serial=0, version="2013"))
    frame[2 + 12 + 22] = 0x13  # month of the clock
    frame[-2] ^= 0x13 ^ 0x11
    with pytest.raises(WireError) as wrong:
        decode(bytes(frame))
    assert (wrong.value.code, wrong.value.field, wrong.value.offset) == ("bad_time", "time_ms", 34)
