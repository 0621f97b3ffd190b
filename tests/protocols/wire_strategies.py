"""Hypothesis strategies of messages that fit each version, and of bytes that do not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from protocols.definition import definition_of
from protocols.fields import V2019, VERSIONS
from protocols.jt808.codec import encode
from protocols.jt808.extras import Extra
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import (
    Heartbeat,
    Logout,
    PacketRequest,
    PlatformReply,
    ServerTime,
    TerminalPacketRequest,
    TerminalReply,
    TimeRequest,
)
from protocols.jt808.messages.text import TextDown

U8, U16, U32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32))
_LETTERS = "ABCXYZ0189-._ 川湘京测试终端文本"


def words(most_bytes: int) -> st.SearchStrategy[str]:
    """Text that fits a size in GBK, without padding at its ends."""
    return st.text(_LETTERS, max_size=most_bytes // 2).map(lambda text: text.strip(" "))


def clocks() -> st.SearchStrategy[int]:
    """Epoch ms of whole seconds that six BCD bytes hold at +08:00."""
    return st.integers(946_684_800 - 28_800, 4_102_444_799 - 28_800).map(lambda seconds: seconds * 1000)


def extras() -> st.SearchStrategy[tuple[Extra, ...]]:
    """Items of known and unknown ids, of right and of wrong lengths."""
    ids = st.one_of(st.sampled_from([1, 2, 3, 4, 0x11, 0x25, 0x30, 0x31]), st.integers(1, 255))
    return st.lists(st.builds(Extra, ids, st.binary(max_size=12)), max_size=5).map(tuple)


def locations() -> st.SearchStrategy[Location]:
    """Positions, in range and out of it."""
    return st.builds(
        Location,
        alarm_bits=U32, status_bits=U32, latitude_e6=U32, longitude_e6=U32, altitude_m=st.integers(-32768, 32767), speed_kmh10=U16,
        heading_deg=U16, time_ms=clocks(), extras=extras(), tail=st.one_of(st.just(b""), st.binary(max_size=6).map(lambda b: b"\x00" + b)),
    )  # fmt: skip


def _registrations(version: str) -> st.SearchStrategy[Registration]:
    maker, model, code = {"2011": (5, 8, 7), "2013": (5, 20, 7)}.get(version, (11, 30, 30))
    plates = words(9) if version == "2011" else st.just("湘A12345")
    return st.builds(
        Registration, province=U16, city=U16, maker=words(maker), model=words(model), terminal_code=words(code),
        plate_colour=st.sampled_from([0, 1, 2, 5, 94]), plate=plates,
    )  # fmt: skip


def _authentications(version: str) -> st.SearchStrategy[Authentication]:
    if version < V2019:
        return st.builds(Authentication, auth_code=words(40))
    return st.builds(Authentication, auth_code=words(250), imei=words(15), software_version=words(20))


def _indices(version: str) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(U16, max_size=509 if version == V2019 else 255).map(tuple)


def _batches() -> st.SearchStrategy[LocationBatch]:
    return st.builds(LocationBatch.of, st.integers(0, 255), st.lists(locations(), max_size=4).map(tuple))


def of_class(cls: type, version: str) -> st.SearchStrategy[Any]:
    """Messages of a class that fit a version."""
    made: dict[type, Any] = {
        TerminalReply: st.builds(TerminalReply, U16, U16, U8),
        PlatformReply: st.builds(PlatformReply, U16, U16, U8),
        Heartbeat: st.just(Heartbeat()),
        Logout: st.just(Logout()),
        TimeRequest: st.just(TimeRequest()),
        LocationQuery: st.just(LocationQuery()),
        ServerTime: st.builds(ServerTime, clocks().map(lambda t: t + 28_800_000)),
        PacketRequest: st.builds(PacketRequest, U16, _indices(version)),
        TerminalPacketRequest: st.builds(TerminalPacketRequest, U16, _indices(version)),
        Registration: _registrations(version),
        RegistrationReply: st.one_of(
            st.builds(RegistrationReply, U16, st.just(0), words(40)), st.builds(RegistrationReply, U16, st.integers(1, 255))
        ),
        Authentication: _authentications(version),
        Location: locations(),
        LocationReply: st.builds(LocationReply, U16, locations()),
        LocationBatch: _batches(),
        TrackingControl: st.one_of(st.builds(TrackingControl, st.integers(1, 65535), U32), st.just(TrackingControl(0))),
        TextDown: st.builds(TextDown, U8, U8 if version == V2019 else st.none(), words(200)),
    }
    strategy: st.SearchStrategy[Any] = made[cls]
    return strategy


CLASSES: tuple[type, ...] = (
    TerminalReply, PlatformReply, Heartbeat, Logout, TimeRequest, LocationQuery, ServerTime, PacketRequest, TerminalPacketRequest,
    Registration, RegistrationReply, Authentication, Location, LocationReply, LocationBatch, TrackingControl, TextDown,
)  # fmt: skip

CASES = [(cls, version) for cls in CLASSES for version in VERSIONS if version in definition_of(cls).versions]
"""(class, version) of every message in every edition that has it."""


def frames() -> st.SearchStrategy[bytes]:
    """Whole frames of any message and version."""

    def build(case: tuple[type, str]) -> st.SearchStrategy[bytes]:
        cls, version = case
        serials, ids = st.integers(0, 65535), st.text("0123456789", min_size=1, max_size=12)
        return st.builds(lambda m, s, t: encode(m, terminal_id=t, serial=s, version=version), of_class(cls, version), serials, ids)

    return st.sampled_from(CASES).flatmap(build)


def dirty_frames() -> st.SearchStrategy[bytes]:
    """Frames with bytes changed, cut out or put in, and plain noise."""

    def spoil(frame: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
        for place, cut, new in edits:
            at = place % (len(frame) + 1)
            frame = frame[:at] + new + frame[at + cut :]
        return frame

    edits = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 6), st.binary(max_size=4)), max_size=4)
    return st.one_of(st.binary(max_size=80), st.builds(spoil, frames(), edits))
