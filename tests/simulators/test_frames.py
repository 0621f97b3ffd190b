"""The fast encoder against the declarative one."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.units import SHANGHAI, epoch_ms
from protocols.jt808.codec import encode, examine
from protocols.jt808.framing import Splitter, wrap
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.messages.session import PlatformReply
from simulators.frames import BODY_BYTES, FrameMaker, acknowledgement, bcd_times, pack_bodies
from simulators.truth import FIX

TERMINALS = [("014001000007", "2013"), ("00000000014001000008", "2019"), ("07d7e7d7e7d7".replace("d", "5").replace("e", "6"), "2013")]


def _fixes(count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    fixes = np.zeros(count, FIX)
    fixes["t_ms"] = random.integers(946_684_800, 4_102_000_000, count) * 1000
    fixes["lon_e6"] = random.integers(73_000_000, 135_000_000, count)
    fixes["lat_e6"] = random.integers(18_000_000, 54_000_000, count)
    fixes["odometer_m"] = random.integers(0, 2_000_000_000, count) // 100 * 100
    fixes["alarm_bits"] = random.integers(0, 2**32, count)
    fixes["status_bits"] = random.integers(0, 2**32, count) & ~np.uint32(0b1100)
    fixes["speed_kmh10"] = random.integers(0, 1_800, count)
    fixes["heading_deg"] = random.integers(0, 360, count)
    fixes["altitude_m"] = random.integers(-150, 5_000, count)
    return fixes


def _decoded(body: bytes) -> Location:
    frame = b"\x02\x00" + BODY_BYTES.to_bytes(2, "big") + bytes(8) + body
    xor = 0
    for value in frame:
        xor ^= value
    message = examine(wrap(frame + bytes((xor,)))).message
    assert isinstance(message, Location)
    return message


@given(seed=st.integers(0, 2**32), serial=st.integers(0, 65_535), terminal=st.sampled_from(TERMINALS))
def test_a_report_equals_the_declarative_encoder(seed: int, serial: int, terminal: tuple[str, str]) -> None:
    fixes = _fixes(4, seed)
    bodies, xors = pack_bodies(fixes, np.arange(4) * 900, np.arange(4) * 5)
    maker = FrameMaker(*terminal)
    messages = []
    for row in range(4):
        body = bodies[row * BODY_BYTES : (row + 1) * BODY_BYTES]
        frame = maker.report(body, xors[row], serial)
        (run,) = Splitter().feed(frame)
        seen = examine(run)
        assert not seen.anomalies and seen.header is not None
        assert (seen.header.serial, seen.header.version) == (serial, terminal[1])
        message = seen.message
        assert frame == encode(message, terminal_id=terminal[0], serial=serial, version=terminal[1])
        assert message.time_ms == fixes["t_ms"][row]
        assert (message.longitude_e6, message.latitude_e6) == (fixes["lon_e6"][row], fixes["lat_e6"][row])
        assert (message.alarm_bits, message.status_bits) == (fixes["alarm_bits"][row], fixes["status_bits"][row])
        assert (message.speed_kmh10, message.heading_deg) == (fixes["speed_kmh10"][row], fixes["heading_deg"][row])
        assert message.altitude_m == fixes["altitude_m"][row]
        assert [extra.id for extra in message.extras] == [1, 2, 3, 0x30, 0x31] and message.tail == b""
        messages.append(message)
    parts = [bodies[row * BODY_BYTES : (row + 1) * BODY_BYTES] for row in range(4)]
    batch = LocationBatch.of(1, tuple(messages))
    assert maker.batch(parts, 1, serial) == encode(batch, terminal_id=terminal[0], serial=serial, version=terminal[1])


def test_a_body_is_what_the_standard_says() -> None:
    fixes = _fixes(1, 1)
    fixes["t_ms"] = epoch_ms(datetime(2026, 11, 21, 15, 4, 9, tzinfo=SHANGHAI))
    fixes["odometer_m"] = 123_400
    body, _ = pack_bodies(fixes, np.array([321]), np.array([11]))
    assert body[22:28].hex() == "261121150409"
    assert _decoded(body).time_ms == fixes["t_ms"][0]
    assert body[28:34].hex() == "0104000004d2"
    assert body[34:38].hex() == "02020141"
    assert body[-3:].hex() == "31010b"


@pytest.mark.parametrize("when", ["2000-01-01T00:00:00", "2024-02-29T23:59:59", "2026-12-31T16:00:00", "2099-12-31T23:59:59"])
def test_times_are_bcd_at_plus_eight_hours(when: str) -> None:
    moment = datetime.fromisoformat(when).replace(tzinfo=SHANGHAI)
    assert bcd_times(np.array([epoch_ms(moment) // 1000]))[0].tobytes().hex() == moment.strftime("%y%m%d%H%M%S")


@given(
    serial=st.integers(0, 65_535), reply=st.integers(0, 65_535), result=st.integers(0, 4), newer=st.booleans(), own=st.integers(0, 65_535)
)
def test_the_quick_acknowledgement_reader_says_what_the_decoder_says(serial: int, reply: int, result: int, newer: bool, own: int) -> None:
    terminal, version = ("00000000014001000008", "2019") if newer else ("014001000007", "2013")
    frame = encode(PlatformReply(serial, reply, result), terminal_id=terminal, serial=own, version=version)
    (run,) = Splitter().feed(frame)
    quick = acknowledgement(run)
    if quick is None:
        assert b"\x7d" in run
    else:
        assert quick == (serial, reply, result)


@given(junk=st.binary(min_size=1, max_size=30), at=st.integers(0, 17), change=st.integers(1, 255))
def test_the_quick_reader_takes_nothing_broken(junk: bytes, at: int, change: int) -> None:
    frame = encode(PlatformReply(5, 0x0200, 0), terminal_id="014001000007", serial=9, version="2013")
    run = bytearray(frame[1:-1])
    run[at] ^= change
    assert acknowledgement(bytes(run)) is None
    seen = examine(junk)
    if any(found.drop for found in seen.anomalies):
        assert acknowledgement(junk) is None
