"""The record kernels against zlib and struct."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.log.record import (
    BROKEN,
    CUT,
    ENDED,
    FAR,
    FILLED,
    HEADER,
    RECORD,
    after_zeros,
    append,
    crc32,
    find,
    scan,
)

compiles_first = settings(deadline=None)
bytes_lists = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20)
fields = st.tuples(
    st.integers(0, 2**62), st.integers(0, 2**64 - 1), st.integers(0, 5), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255),
    st.integers(0, FAR),
)  # fmt: skip


def buffer_of(payloads: list[bytes], size: int = 16_384) -> tuple[np.ndarray, int]:
    """Records with made-up columns, one behind the other."""
    out, used = np.zeros(size, np.uint8), 0
    for number, payload in enumerate(payloads):
        source = np.frombuffer(payload, np.uint8)
        used = append(out, used, number, np.uint64(7), 0, 1, 0, 0, 0, source, 0, len(source), 0)
    return out, used


@compiles_first
@given(st.binary(max_size=400), st.integers(0, 40), st.integers(0, 40))
def test_crc_equals_zlib(content, head, tail):
    start, end = min(head, len(content)), max(min(head, len(content)), len(content) - tail)
    assert crc32(np.frombuffer(content, np.uint8), start, end) == zlib.crc32(content[start:end])


@compiles_first
@given(columns=fields, payload=st.binary(min_size=1, max_size=200), delimited=st.booleans())
def test_record_is_laid_out_as_documented(columns, payload, delimited):
    received_us, link, kind, door, profile, reason, since = columns
    out, source = np.zeros(512, np.uint8), np.frombuffer(payload, np.uint8)
    used = append(out, 3, received_us, np.uint64(link), kind, door, profile, reason, since, source, 0, len(source), int(delimited))
    body = b"\x7e" + payload + b"\x7e" if delimited else payload
    behind = struct.pack("<qQBBBBI", received_us, link, kind, door, profile, reason, since) + body
    assert out[3:used].tobytes() == struct.pack("<II", len(body), zlib.crc32(behind)) + behind
    assert not out[used:].any()


@compiles_first
@given(bytes_lists)
def test_scan_returns_what_was_appended(payloads):
    out, used = buffer_of(payloads)
    rows = np.empty(len(payloads) + 1, RECORD)
    count, at, stopped = scan(out, 0, len(out), rows)
    assert (count, at, stopped) == (len(payloads), used, ENDED)
    assert [out[row["start"] : row["end"]].tobytes() for row in rows[:count]] == payloads
    assert rows["received_us"][:count].tolist() == list(range(count))


def test_scan_stops_when_its_rows_are_filled():
    out, _ = buffer_of([b"a", b"b", b"c"])
    rows = np.empty(2, RECORD)
    count, at, stopped = scan(out, 0, len(out), rows)
    assert (count, at, stopped) == (2, 2 * (HEADER + 1), FILLED)
    assert scan(out, at, len(out), rows)[0] == 1


@compiles_first
@given(bytes_lists, st.data())
def test_any_flipped_bit_is_seen_and_the_next_record_is_found(payloads, data):
    out, used = buffer_of(payloads)
    rows = np.empty(len(payloads), RECORD)
    scan(out, 0, used, rows)
    victim = data.draw(st.integers(0, len(payloads) - 1))
    first, last = int(rows["start"][victim]) - HEADER, int(rows["end"][victim])
    out[data.draw(st.integers(first, last - 1))] ^= np.uint8(1 << data.draw(st.integers(0, 7)))
    count, at, stopped = scan(out, 0, used, np.empty(len(payloads) + 1, RECORD))
    assert (count, at) == (victim, first)
    assert stopped in (BROKEN, CUT)
    assert find(out, first, used) == (last if victim + 1 < len(payloads) else -1)


def test_record_that_passes_the_end_is_cut_not_broken():
    out, used = buffer_of([b"x" * 50])
    for end in range(HEADER, used):
        assert scan(out, 0, end, np.empty(1, RECORD)) == (0, 0, CUT)


def test_zeros_end_the_data():
    assert scan(np.zeros(100, np.uint8), 0, 100, np.empty(1, RECORD)) == (0, 0, ENDED)
    assert scan(np.zeros(5, np.uint8), 0, 5, np.empty(1, RECORD)) == (0, 0, ENDED)
    assert after_zeros(np.zeros(9, np.uint8), 2, 9) == 9
    assert after_zeros(np.array([0, 0, 1, 0], np.uint8), 0, 4) == 2
