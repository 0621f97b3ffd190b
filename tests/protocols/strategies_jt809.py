"""Strategies of the kinds and messages of JT/T 809."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from protocols.definition import definition_of
from protocols.jt809.codec import encode
from protocols.jt809.envelope import Subject, grouped, has_vehicle
from protocols.jt809.header import Address
from protocols.jt809.kinds import AlarmTime, ModelText
from protocols.jt809.messages.control import Photo
from protocols.jt809.positions import LastPosition, Position2011, Position2019, SizedLocation
from protocols.jt809.registry import messages
from protocols.kinds import CalendarTime, UtcTime
from tests.protocols import wire_strategies as wire

NOW_S = 1_764_000_000


def utc_times() -> st.SearchStrategy[int]:
    """Whole seconds, left out, or with milliseconds."""
    seconds = st.integers(0, 4_102_444_799).map(lambda t_s: 1000 * t_s)
    return st.one_of(seconds, st.just(0), st.integers(10**12, 4 * 10**12))


def photos(version: str) -> st.SearchStrategy[Photo]:
    """Photos whose size is what their sender says."""
    source: Any = st.tuples(wire.U16, wire.U32) if version == "2019" else st.just((None, None))
    position = wire.of_class(Position2019 if version == "2019" else Position2011, version)

    def make(ids: tuple[int, int], result: int, place: Any, photo: bytes) -> Photo:
        return Photo(*ids, result, place, 1, len(photo), 2, 1, photo)

    return st.builds(make, source, wire.U8, position, st.binary(max_size=60))


KINDS: dict[type, Any] = {
    UtcTime: lambda kind, version: utc_times(),
    AlarmTime: lambda kind, version: utc_times(),
    CalendarTime: lambda kind, version: wire.clocks(),
    ModelText: lambda kind, version: wire.words(20),
    SizedLocation: lambda kind, version: wire.locations(),
    LastPosition: lambda kind, version: wire.of_class(Position2011, version),
}

BY_HAND: dict[type, Any] = {Photo: photos}

CLASSES_809: tuple[type, ...] = tuple(messages[key] for key in sorted(messages))
CASES_809 = [(cls, version) for cls in CLASSES_809 for version in definition_of(cls).versions]
"""(class, version) of every message in every edition that has it."""


def subject_for(cls: type, version: str) -> Subject | None:
    """A vehicle, where the message needs one."""
    message_id = definition_of(cls).message_id or 0
    return Subject("湘A12345", 2) if grouped(message_id) and has_vehicle(message_id, version) else None


def address(version: str, serial: int = 7, **more: Any) -> Address:
    """A header to send with."""
    return Address(serial, 70_000_001, version, time_s=NOW_S if version == "2019" else 0, **more)


def frames_809() -> st.SearchStrategy[bytes]:
    """Whole frames of any message and version."""

    def build(case: tuple[type, str]) -> st.SearchStrategy[bytes]:
        cls, version = case
        return wire.of_class(cls, version).map(lambda made: encode(made, address(version), subject=subject_for(cls, version)))

    return st.sampled_from(CASES_809).flatmap(build)


def dirty_frames_809() -> st.SearchStrategy[bytes]:
    """Frames with bytes changed, cut out or put in, and plain noise between flags."""

    def spoil(frame: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
        for place, cut, new in edits:
            at = place % (len(frame) + 1)
            frame = frame[:at] + new + frame[at + cut :]
        return frame

    edits = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 6), st.binary(max_size=4)), max_size=4)
    noise = st.binary(max_size=80).map(lambda run: b"\x5b" + run + b"\x5d")
    return st.one_of(st.binary(max_size=80), noise, st.builds(spoil, frames_809(), edits))
