"""Packets that waited become one body."""

from __future__ import annotations

from ingest.part_store import SAME_UPLOAD_MS, Part, joined

HEAD = bytes(range(36))


def waiting(message_id: int, *bodies: bytes) -> dict[int, Part]:
    key = ("13800000001", message_id, len(bodies), 7)
    return {index: Part(key, index, 1_000, body) for index, body in enumerate(bodies, 1)}


def test_heads_of_multimedia_repeated_in_every_packet_are_taken_off() -> None:
    assert joined(waiting(0x0801, HEAD + b"a", HEAD + b"b", b"c"), 3, 1_000) == HEAD + b"abc"
    assert joined(waiting(0x0704, HEAD + b"a", HEAD + b"b"), 2, 1_000) == HEAD + b"a" + HEAD + b"b"


def test_packets_missing_or_from_an_earlier_upload_give_nothing() -> None:
    parts = waiting(0x0801, HEAD, b"b")
    assert joined(parts, 3, 1_000) is None
    assert joined(parts, 2, 1_000 + SAME_UPLOAD_MS + 1) is None
