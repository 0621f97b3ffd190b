"""Splitting a stream: cuts change nothing, junk and missing delimiters lose no frame, over-long runs are bounded."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.jt808.connection import Connection
from protocols.jt808.framing import MAX_FRAME, Splitter, checksum, escape, strip_delimiters, unescape, wrap
from tests.protocols.wire_strategies import dirty_frames, frames

NOW_MS = 1_732_759_141_000


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data cut at the places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def observed(parts: list[bytes], *, bound: bool) -> list[str]:
    """Events and answers of a connection, comparable."""
    link = Connection()
    if bound:
        link.bind("1")
    seen = [repr(event) for part in parts for event in link.receive_data(part, NOW_MS)]
    return [*seen, repr(link.data_to_send())]


@settings(max_examples=120, deadline=None)
@given(stream=st.lists(dirty_frames(), max_size=6).map(b"".join), cuts=st.lists(st.integers(0, 4096), max_size=12), bound=st.booleans())
def test_cutting_the_stream_changes_nothing(stream: bytes, cuts: list[int], bound: bool) -> None:
    assert observed(pieces(stream, cuts), bound=bound) == observed([stream], bound=bound)


@settings(max_examples=40, deadline=None)
@given(stream=st.lists(st.one_of(frames(), st.binary(max_size=40)), max_size=4).map(b"".join))
def test_byte_at_a_time_equals_all_at_once(stream: bytes) -> None:
    assert observed([bytes((byte,)) for byte in stream], bound=False) == observed([stream], bound=False)


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(st.tuples(st.integers(0, 6000), st.booleans()), max_size=8), cuts=st.lists(st.integers(0, 40_000), max_size=12),
    bound=st.booleans(),
)  # fmt: skip
def test_cutting_long_junk_changes_nothing(parts: list[tuple[int, bool]], cuts: list[int], bound: bool) -> None:
    stream = b"".join(b"j" * length + b"\x7e" * ends for length, ends in parts)
    assert observed(pieces(stream, cuts), bound=bound) == observed([stream], bound=bound)


@pytest.mark.parametrize("length", [MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1, MAX_FRAME + 2, 9000, 70000])
@pytest.mark.parametrize("chunk", [1, 7, 1000, 100000])
def test_over_long_runs_end_the_same_in_any_pieces(length: int, chunk: int) -> None:
    stream = b"\x7e" + b"x" * length + wrap(b"abc") + b"tail"
    splitter = Splitter()
    runs = [run for at in range(0, len(stream), chunk) for run in splitter.feed(stream[at : at + chunk])]
    assert runs == [b"x" * min(length, MAX_FRAME + 1), b"abc"]
    assert splitter.dropped == max(0, length - MAX_FRAME - 1)


@given(frame=st.binary(max_size=200))
def test_unescape_undoes_escape(frame: bytes) -> None:
    assert unescape(escape(frame)) == (frame, (), False)
    assert strip_delimiters(wrap(frame)) == escape(frame)


@given(run=st.binary(max_size=60))
def test_any_run_unescapes_and_says_whether_it_was_ours(run: bytes) -> None:
    frame, lone, noncanonical = unescape(run)
    assert noncanonical == (escape(frame) != run)
    assert all(frame[offset] == 0x7D for offset in lone)


@given(part=st.binary(max_size=300))
def test_checksum_is_the_xor_of_all_bytes(part: bytes) -> None:
    value = 0
    for byte in part:
        value ^= byte
    assert checksum(part) == value


def test_doubled_shared_and_missing_delimiters_lose_no_frame() -> None:
    a, b, c = wrap(b"first"), wrap(b"second"), wrap(b"third")
    stream = b"junk" + a + b"\x7e\x7e" + b[:-1] + c + b"noise" + a[1:]
    assert Splitter().feed(stream) == [b"junk", b"first", b"second", b"third", b"noise" + b"first"]
