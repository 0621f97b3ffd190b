"""Explain takes packets of streams and attachments, alone and among frames, and says which profiles fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocols.attachment_wire import MARK
from protocols.explain import explain
from protocols.jt808.profile import PROFILES
from tests.protocols.test_attachment import ANNOUNCED, END, NAME, START, data
from tests.protocols.test_stream_packets import packet
from tests.protocols.test_vectors import shared_vectors


def test_a_stream_packet_has_a_row_a_field() -> None:
    (frame,) = explain(packet(5).hex()).frames
    values = {row.path: row.value for row in frame.rows}
    assert frame.title == "JT/T 1078 stream packet P frame"
    assert values["payload_type"] == "226 (H.264, marker)"
    assert values["data_type"] == "16 (P frame, whole)"
    assert values["since_key_frame_ms"] == "80 ms"
    assert not frame.dropped
    assert "standard" in frame.profiles


def test_frames_and_data_packets_of_one_link_are_explained_in_order() -> None:
    stream = ANNOUNCED + START + data(0, b"12345") + data(5, b"\x7e67") + END
    explained = explain(stream.hex())
    assert [frame.title[:6] for frame in explained.frames] == ["0x1210", "0x1211", "attach", "attach", "0x1212"]
    assert b"".join(row.raw for frame in explained.frames for row in frame.rows) == stream
    assert {row.path: row.value for row in explained.frames[2].rows}["name"] == NAME
    assert not explained.dropped


def test_heilongjiang_is_told_by_the_length_before_the_name() -> None:
    (frame,) = explain((MARK + b"\x05a.jpg" + bytes(4) + b"\x00\x00\x00\x01x").hex()).frames
    assert frame.profiles == ("hei_biao",)
    assert {row.path: row.value for row in frame.rows}["name"] == "a.jpg"


@pytest.mark.parametrize("whole", [packet(1), data(0, b"12345"), packet(1, number=bytes(10)) + packet(2, number=bytes(10))])
def test_a_cut_packet_is_explained_with_every_byte_in_one_row(whole: bytes) -> None:
    for size in range(len(MARK), len(whole)):
        explained = explain(whole[:size].hex(), language="zh")
        assert b"".join(row.raw for frame in explained.frames for row in frame.rows) == whole[:size]
        json.dumps(explained.as_json())
    assert not explain(whole.hex()).dropped
    assert explain(whole[: len(whole) - 1].hex()).dropped


@pytest.mark.parametrize(
    ("vector", "profiles"),
    [
        ("jt808-0x0200-124", {"aovx"}), ("jt808-0x0200-084", {"gps51"}), ("jt808-0x1210-004", {"hei_biao"}), ("jt808-0x1210-005", {"yue_biao"}),
        ("jt808-0x0200-145", {"su_biao", "xiang_biao"}), ("jt808-0x0200-101", {"e_lock"}),
    ],
)  # fmt: skip
def test_the_profiles_that_fit_are_named(shared: Path, vector: str, profiles: set[str]) -> None:
    found = next(row for row in shared_vectors(shared) if row["id"] == vector)
    (frame,) = explain(found["hex"]).frames
    assert set(frame.profiles) == profiles
    assert set(frame.profiles) <= set(PROFILES)
