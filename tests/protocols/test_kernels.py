"""The wire kernels against their slow twins: the framing, the header and the declarative definitions."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from functools import reduce
from operator import xor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.position import ABSENT, Flag, Source
from protocols.jt808.batch import Decoded, decode_frames, to_positions
from protocols.jt808.codec import encode, examine
from protocols.jt808.framing import escape, unescape
from protocols.jt808.header import terminal_key as key_of
from protocols.jt808.kernels import rows
from protocols.jt808.kernels.replies import LONGEST_REPLY, general_reply
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.messages.session import PlatformReply

JIT = os.environ.get("NUMBA_DISABLE_JIT") != "1"
MUTANTS = 60_000 if JIT else 600


def decode_one(frame: bytes) -> Decoded:
    return decode_frames(np.frombuffer(frame, np.uint8), np.array([0], np.int64), np.array([len(frame)], np.int64))


def decode_all(frames: list[bytes]) -> Decoded:
    end = np.cumsum([len(f) for f in frames]).astype(np.int64)
    start = end - np.array([len(f) for f in frames], np.int64)
    return decode_frames(np.frombuffer(b"".join(frames), np.uint8), start, end)


def frame_of(content: bytes) -> bytes:
    return b"\x7e" + escape(content + bytes([reduce(xor, content)])) + b"\x7e"


def position_body(draw: random.Random) -> bytes:
    """A position body that is right most of the time."""
    status = draw.choice([0, 2, 3, 6, 11, 15, draw.getrandbits(32)])
    latitude, longitude = draw.randrange(0, 90_000_001), draw.randrange(0, 180_000_001)
    if draw.random() < 0.03:
        latitude, longitude = draw.getrandbits(32), draw.getrandbits(32)
    digits = f"{draw.randrange(100):02}{draw.randrange(1, 13):02}{draw.randrange(1, 30):02}"
    digits += f"{draw.randrange(24):02}{draw.randrange(60):02}{draw.randrange(60):02}"
    if draw.random() < 0.03:
        digits = f"{draw.getrandbits(48):012x}"
    body = draw.getrandbits(32).to_bytes(4, "big") + status.to_bytes(4, "big") + latitude.to_bytes(4, "big") + longitude.to_bytes(4, "big")
    body += draw.getrandbits(48).to_bytes(6, "big") + bytes.fromhex(digits)
    for _ in range(draw.choice([0, 0, 1, 2, 5])):
        item = draw.choice([0x01, 0x02, 0x03, 0x04, 0x11, 0x25, 0x2A, 0x30, 0x31, 0x31, 0x64, 0xEB, draw.randrange(256)])
        length = {0x01: 4, 0x02: 2, 0x03: 2, 0x04: 2, 0x11: 1, 0x25: 4, 0x2A: 2, 0x30: 1, 0x31: 1}.get(item, draw.randrange(12))
        if draw.random() < 0.02:
            length = draw.randrange(40)
        body += bytes([item, length]) + draw.randbytes(length)
    return body


def content_of(draw: random.Random) -> bytes:
    """Header and body of a 0x0200 or 0x0704, seldom with a wrong header."""
    if draw.random() < 0.7:
        message_id, body = 0x0200, position_body(draw)
    else:
        items = [position_body(draw) for _ in range(draw.randrange(5))]
        count = len(items) if draw.random() < 0.97 else draw.randrange(9)
        body = count.to_bytes(2, "big") + bytes([draw.choice([0, 1, 1, 2])]) + b"".join(len(i).to_bytes(2, "big") + i for i in items)
        message_id = 0x0704
    late = draw.random() < 0.4
    attributes = (len(body) & 0x3FF) | (0x4000 if late else 0)
    if draw.random() < 0.03:
        attributes ^= 1 << draw.randrange(16)
    digits = bytes.fromhex("".join(str(draw.randrange(10)) for _ in range(20 if late else 12)))
    head = message_id.to_bytes(2, "big") + attributes.to_bytes(2, "big") + (b"\x01" if late else b"") + digits
    return head + draw.getrandbits(16).to_bytes(2, "big") + body


def mutants(count: int, seed: int) -> Iterator[bytes]:
    """Frames of which some are right, some are bent before and some after their XOR was taken."""
    draw = random.Random(seed)
    for _ in range(count):
        content = bytearray(content_of(draw))
        if draw.random() < 0.2:
            content[draw.randrange(len(content))] = draw.randrange(256)
        frame = bytearray(frame_of(bytes(content)))
        if draw.random() < 0.1:
            frame[draw.randrange(1, len(frame) - 1)] = draw.choice([0x7D, 0x00, 0xFF, draw.randrange(256)])
        if draw.random() < 0.03:
            del frame[draw.randrange(1, len(frame) - 1)]
        yield bytes(frame)


COLUMNS = {
    0x01: ("odometer_01km", rows.HAS_ODOMETER),
    0x02: ("fuel_l10", rows.HAS_FUEL),
    0x03: ("recorder_kmh10", rows.HAS_RECORDER),
    0x31: ("satellites", rows.HAS_SATELLITES),
}


def compare_items(location: Location, fix: Any, scratch: Any) -> None:
    """Items with a column stand in it, 0 where there is none; all of them lie in the scratch buffer as they came."""
    said = dict.fromkeys((name for name, _ in COLUMNS.values()), 0)
    present = 0
    for extra in location.extras:
        if extra.id in COLUMNS:
            name, bit = COLUMNS[extra.id]
            said[name] = int.from_bytes(extra.raw, "big")
            present |= bit
    assert {name: int(fix[name]) for name in said} == said
    assert int(fix["present"]) == present
    assert bool(fix["other_items"]) == any(extra.id not in COLUMNS for extra in location.extras)
    kept = scratch[int(fix["extras_start"]) : int(fix["extras_end"])].tobytes()
    assert kept == b"".join(bytes((extra.id, len(extra.raw))) + extra.raw for extra in location.extras)


def compare(frame: bytes, row: Any, fixes: Any, scratch: Any) -> None:
    """A frame that the kernel takes is clean for `examine`, and both read the same."""
    seen = examine(frame)
    assert seen.header is not None and seen.message is not None
    assert not seen.anomalies, (frame.hex(), seen.anomalies)
    assert rows.terminal_key(int(row["id_hi"]), int(row["id_lo"])) == key_of(seen.header.terminal_id)
    assert (int(row["message_id"]), int(row["serial"])) == (seen.header.message_id, seen.header.serial)
    message = seen.message
    locations = message.locations if isinstance(message, LocationBatch) else (message,)
    assert len(locations) == len(fixes)
    source = Source.LIVE if isinstance(message, Location) else (Source.BLIND if message.kind == 1 else Source.BATCH)
    for item, (location, fix) in enumerate(zip(locations, fixes, strict=True)):
        assert isinstance(location, Location) and location.fault is None
        south, west = location.status_bits & 4, location.status_bits & 8
        assert int(fix["item"]) == item and int(fix["source"]) == source
        assert int(fix["t_ms"]) == location.time_ms
        assert int(fix["lat_e6"]) == (-location.latitude_e6 if south else location.latitude_e6)
        assert int(fix["lon_e6"]) == (-location.longitude_e6 if west else location.longitude_e6)
        for name in ("alarm_bits", "status_bits", "altitude_m", "speed_kmh10", "heading_deg"):
            assert int(fix[name]) == getattr(location, name), name
        compare_items(location, fix, scratch)


def test_a_frame_that_the_kernel_takes_is_what_the_definitions_read() -> None:
    frames = [f for f in mutants(MUTANTS, 808) if f.count(0x7E) == 2]
    decoded = decode_all(frames)
    taken = decoded.frames["verdict"] == rows.OK
    assert taken.mean() > 0.3
    starts = np.searchsorted(decoded.fixes["frame"], np.arange(len(frames) + 1))
    for i in np.flatnonzero(taken).tolist():
        compare(frames[i], decoded.frames[i], decoded.fixes[starts[i] : starts[i + 1]], decoded.scratch)


def test_a_clean_standard_frame_is_never_left_to_python() -> None:
    left = []
    for frame in (f for f in mutants(MUTANTS // 6, 2019) if f.count(0x7E) == 2):
        seen = examine(frame)
        whole = seen.message is not None and not seen.anomalies and seen.header is not None
        variable = any(extra.id in (0x07, 0x11, 0xE0) for extra in extras_of(seen.message))
        if whole and not variable and has_fixes(seen.message) and decode_one(frame).frames["verdict"][0] != rows.OK:
            left.append(frame.hex())
    assert left == []


def has_fixes(message: Any) -> bool:
    return isinstance(message, Location) or (bool(getattr(message, "locations", ())) and message.kind <= 1)


def extras_of(message: Any) -> list[Any]:
    locations = message.locations if isinstance(message, LocationBatch) else (message,)
    return [extra for location in locations for extra in getattr(location, "extras", ())]


@given(st.binary(max_size=200), st.integers(0, 20))
@settings(max_examples=300 if JIT else 30, deadline=None)
def test_any_bytes_are_read_without_error(garbage: bytes, cut: int) -> None:
    decoded = decode_one(b"\x7e" + garbage[cut:] + b"\x7e")
    assert len(decoded.frames) == 1


@pytest.mark.parametrize("version", ["2013", "2019"])
def test_replies_of_the_kernel_equal_the_encoder(version: str) -> None:
    draw = random.Random(7)
    for _ in range(2_000 if JIT else 100):
        digits = "".join(str(draw.randrange(10)) for _ in range(20 if version == "2019" else 12))
        serial, reply_serial = draw.getrandbits(16), draw.choice([0x7E7D, 0x7D7E, draw.getrandbits(16)])
        result = draw.randrange(5)
        frame = np.zeros(1, rows.FRAME)
        frame[0]["serial"], frame[0]["message_id"], frame[0]["version"] = reply_serial, 0x0200, version == "2019"
        out = np.zeros(LONGEST_REPLY + 4, np.uint8)
        end = general_reply(out, 2, frame[0], np.frombuffer(bytes.fromhex(digits), np.uint8), 0, serial, result)
        reply = PlatformReply(reply_serial, 0x0200, result)
        assert out[2:end].tobytes() == encode(reply, terminal_id=digits, serial=serial, version=version)


def test_values_that_a_column_cannot_hold_are_absent_and_flagged() -> None:
    fixes = np.zeros(3, rows.WIRE_FIX)
    fixes["present"] = [0, 15, 15]
    fixes["odometer_01km"] = [5, 21_474_830, 21_474_831]
    fixes["fuel_l10"] = [5, 32_767, 32_768]
    fixes["speed_kmh10"] = [0, 900, 65_535]
    fixes["heading_deg"] = [0, 359, 360]
    positions = to_positions(fixes, np.zeros(3, np.int64), np.ones(3, np.int32), np.array([False, False, True]))
    assert positions["odometer_m"].tolist() == [ABSENT, 2_147_483_000, ABSENT]
    assert positions["fuel_l10"].tolist() == [ABSENT, 32_767, ABSENT]
    assert positions["speed_kmh10"].tolist() == [0, 900, 32_767]
    assert positions["heading_deg"].tolist() == [0, 359, 0]
    assert positions["flags"].tolist() == [0, 0, Flag.ODOMETER_RANGE | Flag.FUEL_RANGE | Flag.SPEED_RANGE | Flag.HEADING_RANGE]
    assert positions["source"].tolist() == [0, 0, Source.REPLAY]


def test_unescape_of_the_kernel_equals_the_framing() -> None:
    draw = random.Random(5)
    from protocols.jt808.kernels.frames import unescape as fast

    for _ in range(2_000 if JIT else 100):
        run = bytes(draw.choice([0x7D, 0x01, 0x02, 0x05, draw.randrange(256)]) for _ in range(draw.randrange(40))).replace(b"\x7e", b"")
        out = np.zeros(64, np.uint8)
        length, lone, check = fast(np.frombuffer(run, np.uint8), 0, len(run), out, 0)
        slow = unescape(run)
        assert out[:length].tobytes() == slow[0] and bool(lone) == bool(slow[1])
        assert check == reduce(xor, slow[0], 0)
