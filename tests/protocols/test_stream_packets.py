"""Packets of JT/T 1078 streams: headers against the reference, cut anywhere, with junk, and the loss of a channel."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import WireError
from protocols.anomaly import Anomaly, Code
from protocols.jt808.profile import PROFILES, parse_profile
from protocols.jt1078.packet import MARK, StreamPacket
from protocols.jt1078.stream import LossMeter, StreamReader, number_width, packet_at
from tests.protocols.test_vectors import shared_vectors


def packet(sequence: int, payload: bytes = b"media", *, kind: int = 0x10, number: bytes = bytes.fromhex("013912344329")) -> bytes:
    """A packet written by hand from table 19."""
    video = kind >> 4 in (0, 1, 2)
    head = MARK + b"\x81\xe2" + sequence.to_bytes(2, "big") + number + bytes((2, kind))
    head += b"" if kind >> 4 == 4 else (1_732_759_141_000).to_bytes(8, "big")
    return head + (b"\x00\x50\x00\x28" if video else b"") + len(payload).to_bytes(2, "big") + payload


def test_headers_of_the_shared_packets(shared: Path) -> None:
    found = [vector for vector in shared_vectors(shared) if vector["protocol"] == "jt1078"]
    assert len(found) == 20
    for vector in found:
        data, expect = bytes.fromhex(vector["hex"]), vector["expect"]
        ours = packet_at(data, 6)
        assert (ours.flags, int(ours.marker), ours.payload_type, ours.sequence) == (
            expect["flags_vpxcc"], expect["marker"], expect["payload_type"], expect["sequence"],
        )  # fmt: skip
        assert (ours.terminal_id, ours.channel, ours.data_type, ours.fragment) == (
            expect["sim_bcd"], expect["channel"], expect["data_type"], expect["fragment"],
        )  # fmt: skip
        assert (ours.time_ms, ours.since_key_frame_ms, ours.since_frame_ms, ours.payload_length) == (
            expect.get("timestamp_ms"), expect.get("last_i_frame_interval_ms"), expect.get("last_frame_interval_ms"),
            expect["payload_length"],
        )  # fmt: skip
        assert ours.size == len(data)


@pytest.mark.parametrize("kind", [0x00, 0x13, 0x21, 0x30, 0x40])
@pytest.mark.parametrize("number", ["013912344329", "00000000013912344329"])
def test_the_width_of_the_number_is_where_the_next_mark_stands(kind: int, number: str) -> None:
    raw = bytes.fromhex(number)
    stream = b"".join(packet(n, kind=kind, number=raw) for n in range(3))
    assert number_width(stream) == len(raw)
    assert number_width(stream[:20]) is None
    reader = StreamReader()
    found = [*reader.feed(stream), *reader.end()]
    assert [each.terminal_id for each in found if isinstance(each, StreamPacket)] == [number] * 3


def test_a_profile_says_how_wide_the_number_is() -> None:
    wide = parse_profile("wide", 'extends = "standard"\nstream_sim_bytes = 10', {"standard": PROFILES["standard"]})
    (found,) = StreamReader(wide).feed(packet(1, number=bytes(10)))
    assert isinstance(found, StreamPacket)
    assert found.terminal_id == "0" * 20


@settings(max_examples=200, deadline=None)
@given(
    pieces=st.lists(st.one_of(st.builds(packet, st.integers(0, 65535), st.binary(max_size=40)), st.binary(max_size=30)), max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_cutting_a_stream_changes_nothing_and_nothing_raises(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    whole, cut = StreamReader(), StreamReader()
    together = [*whole.feed(stream), *whole.end()]
    places = [0, *sorted(min(place, len(stream)) for place in cuts), len(stream)]
    apart = [each for one, two in pairwise(places) for each in cut.feed(stream[one:two])]
    assert [*apart, *cut.end()] == together
    assert cut.dropped == whole.dropped


def test_junk_between_packets_is_said_once_and_the_next_packet_is_found() -> None:
    reader = StreamReader()
    found = [*reader.feed(packet(1) + b"junk" + packet(2) + b"\x30\x31\x63" + b"more" + packet(3)), *reader.end()]
    assert [each.code if isinstance(each, Anomaly) else each.sequence for each in found] == [1, Code.JUNK, 2, Code.JUNK, 3]
    assert reader.dropped == 11


def test_a_length_that_is_none_does_not_hold_up_the_stream() -> None:
    wrong = bytearray(packet(1))
    wrong[28:30] = b"\xff\xff"
    with pytest.raises(WireError) as raised:
        packet_at(bytes(wrong), 6)
    assert (raised.value.code, raised.value.field) == ("bad_value", "length")
    reader = StreamReader()
    found = [*reader.feed(bytes(wrong) + packet(2)), *reader.end()]
    assert [type(each).__name__ for each in found] == ["Anomaly", "StreamPacket"]


@pytest.mark.parametrize(
    ("sequences", "percent"),
    [([], 0), ([1, 2, 3], 0), ([1, 3], 33), ([65534, 65535, 0, 1], 0), ([1, 3, 2], 0), ([1, 40_000, 40_001], 0), ([10, 20], 81)],
)
def test_loss_of_a_channel(sequences: list[int], percent: int) -> None:
    meter = LossMeter()
    for sequence in sequences:
        meter.take(sequence)
    assert meter.percent() == percent
    assert meter.percent() == 0
