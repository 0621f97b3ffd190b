"""Frames between 0xE7, read by their profile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.anomaly import Code
from protocols.jt808.codec import encode_body, examine
from protocols.jt808.framing import checksum
from protocols.jt808.framing_e7 import escape, strip, unescape, wrap
from protocols.jt808.messages.location import Location
from protocols.jt808.profile import PROFILES

E7 = PROFILES["delimiter_e7"]
FIX = Location(0x3D3EE6E7, 2, 28_234_567, 112_938_765, 0, 0, 0, 1_732_759_141_000)


def frame(body: bytes, attributes: int = 0, item: bytes = b"") -> bytes:
    """A frame written by hand: id 2, attributes 2, terminal id 7, serial 2."""
    head = b"\x02\x00" + (attributes | len(body)).to_bytes(2, "big") + bytes.fromhex("01391234432900") + b"\x00\x07" + item
    return wrap(head + body + bytes((checksum(head + body),)))


def test_a_frame_between_e7_is_read_by_its_profile() -> None:
    examined = examine(frame(encode_body(FIX, "2013")[1]), E7)
    assert (examined.message, examined.anomalies) == (FIX, ())
    assert examined.header is not None
    assert (examined.header.terminal_id, examined.header.serial, examined.header.body_start) == ("01391234432900", 7, 13)


def test_packets_short_frames_and_wrong_lengths() -> None:
    header = examine(frame(b"part", 0x2000, b"\x00\x03\x00\x02"), E7).header
    assert header is not None
    assert (header.package_total, header.package_index, header.body_start) == (3, 2, 17)
    assert examine(b"\xe7\x02\x00\xe7", E7).anomalies[-1].code == Code.SHORT_FRAME
    assert Code.LENGTH_MISMATCH in {odd.code for odd in examine(frame(b"abc", 8), E7).anomalies}


@given(part=st.binary(max_size=60))
def test_escaping_is_undone(part: bytes) -> None:
    assert unescape(escape(part)) == (part, (), False)
    assert strip(wrap(part)) == escape(part)


@given(noise=st.binary(max_size=80))
def test_noise_never_raises(noise: bytes) -> None:
    examine(noise, E7)
    examine(wrap(noise), E7)


def test_a_lone_escape_is_noted() -> None:
    assert unescape(b"\xe6\x05\x3e") == (b"\xe6\x05\x3e", (0, 2), True)
