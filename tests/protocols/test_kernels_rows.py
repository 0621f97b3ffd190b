"""Times of the wire kernel day by day, its words, and rows that hold nothing of what they held before."""

from __future__ import annotations

import random
from calendar import monthrange
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from protocols.jt808.codec import encode
from protocols.jt808.framing import escape
from protocols.jt808.kernels import fixes as fix_kernels
from protocols.jt808.kernels import frames as frame_kernels
from protocols.jt808.kernels import rows, words
from protocols.jt808.messages.location import Extra, Location

AHEAD = timedelta(hours=8)


def packed(*pairs: int) -> np.uint64:
    """Two-digit numbers as BCD bytes."""
    return np.uint64(int("".join(f"{pair:02}" for pair in pairs), 16))


def test_every_day_of_the_century_and_none_beside_it() -> None:
    draw = random.Random(26)
    for year in range(100):
        for month in range(100):
            length = monthrange(2000 + year, month)[1] if 1 <= month <= 12 else 0
            for day in (*range(33), 99) if length else (0, 1, 28):
                hour, minute, second = draw.randrange(24), draw.randrange(60), draw.randrange(60)
                expected = -1
                if 1 <= day <= length:
                    then = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC) - AHEAD
                    expected = round(then.timestamp() * 1000)
                assert fix_kernels.device_time(packed(year, month, day, hour, minute, second)) == expected, (year, month, day)


@pytest.mark.parametrize("place", range(6))
def test_each_byte_of_a_time_is_judged(place: int) -> None:
    limits = ((0, 99), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59))
    for byte in range(256):
        digits = list(bytes.fromhex("241215081630"))
        digits[place] = byte
        number = (byte >> 4) * 10 + (byte & 15)
        right = byte >> 4 <= 9 and byte & 15 <= 9 and limits[place][0] <= number <= limits[place][1]
        taken = fix_kernels.device_time(np.uint64(int.from_bytes(digits, "big"))) >= 0
        assert taken == right, f"{byte:02x}"


def test_words_are_their_bytes() -> None:
    draw = random.Random(64)
    content = draw.randbytes(64)
    b = np.frombuffer(content, np.uint8)
    for at in range(56):
        place = np.uint64(at)
        for read, count in ((words.big16, 2), (words.big32, 4), (words.big64, 8)):
            assert read(b, place) == int.from_bytes(content[at : at + count], "big")
        assert words.eight(b, place) == int.from_bytes(content[at : at + 8], "little")
        out = np.zeros(64, np.uint8)
        words.put_eight(out, place, np.uint64(words.eight(b, place)))
        assert out.tobytes() == bytes(at) + content[at : at + 8] + bytes(56 - at)


@pytest.mark.parametrize("length", range(1, 40))
def test_an_escape_is_found_at_every_place(length: int) -> None:
    for place in range(length):
        for byte in (0x7D, 0x7E):
            plain = bytearray(draw for draw in (0x7C, 0x7F, 0xFD, 0x00, 0x01, 0xFF, 0x80) * 6)[:length]
            plain[place] = byte
            run = escape(bytes(plain))
            out = np.full(length + 1, 0xAA, np.uint8)
            count, lone, check = frame_kernels.unescape(np.frombuffer(run, np.uint8), 0, len(run), out, 0)
            assert out[:count].tobytes() == bytes(plain) and out[count:].tobytes() == b"\xaa" and not lone
            assert check == np.bitwise_xor.reduce(out[:count])


def dirty(dtype: np.dtype[np.void]) -> np.ndarray:  # type: ignore[type-arg]
    return np.frombuffer(b"\xff" * dtype.itemsize, dtype).copy()


@pytest.mark.parametrize("run", [b"", b"\x00", b"\x02\x00" * 9, b"\x01" * 14, b"\x02\x00\x00\x01" + bytes(9)])
def test_a_frame_row_forgets_what_it_held(run: bytes) -> None:
    source, scratch = np.frombuffer(run, np.uint8), np.zeros(64, np.uint8)
    fresh, used = np.zeros(1, rows.FRAME), dirty(rows.FRAME)
    assert frame_kernels.parse(source, 0, len(run), scratch, 0, fresh, 0) == frame_kernels.parse(source, 0, len(run), scratch, 0, used, 0)
    assert fresh.tobytes() == used.tobytes()


@pytest.mark.parametrize("extras", [(), (Extra(0x01, bytes(4)), Extra(0x2A, bytes(2)))])
def test_a_fix_row_forgets_what_it_held(extras: tuple[Extra, ...]) -> None:
    report = Location(0, 3, 26_570_000, 106_710_000, 1_100, 412, 90, 1_790_000_000_000, extras)
    frame = encode(report, terminal_id="13900000001", serial=1, version="2013")
    source, scratch = np.frombuffer(frame, np.uint8), np.zeros(128, np.uint8)
    read = np.zeros(1, rows.FRAME)
    frame_kernels.parse(source, 1, len(frame) - 1, scratch, 0, read, 0)
    fresh, used = np.zeros(1, rows.WIRE_FIX), dirty(rows.WIRE_FIX)
    for fixes in (fresh, used):
        assert fix_kernels.decode_body(scratch, read[0], 0, fixes, 0) == 1
    assert fresh.tobytes() == used.tobytes()
