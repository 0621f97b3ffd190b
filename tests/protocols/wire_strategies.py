"""Hypothesis strategies of messages that fit each version, and of bytes that do not."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from protocols.definition import definition_of
from protocols.fields import V2019, VERSIONS
from protocols.jt808.codec import encode
from protocols.jt808.extras import Extra
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.messages.registration import Authentication, Registration
from protocols.jt808.messages.session import PacketRequest, ServerTime, TerminalPacketRequest
from protocols.jt808.registry import messages
from protocols.kinds import BcdTime, Code, Coordinate, Digits, Nested, Number, Raw, Repeat, SignMagnitude, Text

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


def _made_by_hand(version: str) -> dict[type, Any]:
    """Strategies of the classes whose fields hang together in a way that their kinds do not tell."""
    return {
        ServerTime: st.builds(ServerTime, clocks().map(lambda t: t + 28_800_000)),
        PacketRequest: st.builds(PacketRequest, U16, _indices(version)),
        TerminalPacketRequest: st.builds(TerminalPacketRequest, U16, _indices(version)),
        Registration: _registrations(version),
        Authentication: _authentications(version),
        Location: locations(),
        LocationBatch: _batches(),
    }


def of_kind(kind: Any, version: str) -> st.SearchStrategy[Any]:
    """Values of a kind that survive a round trip; KeyError for a kind that no `KINDS` of a `strategies_*` module knows."""
    _others()
    found: st.SearchStrategy[Any] = KINDS[type(kind)](kind, version)
    return found


def _sizes(kind: Any, most: int = 40) -> int:
    return kind.extent if isinstance(kind.extent, int) else most


def _lists(kind: Any, version: str) -> st.SearchStrategy[Any]:
    return st.lists(of_kind(kind.of, version), max_size=4).map(tuple)


KINDS: dict[type, Any] = {
    Number: lambda kind, version: st.integers(kind.low, kind.high),
    Coordinate: lambda kind, version: st.integers(kind.low, kind.high),
    SignMagnitude: lambda kind, version: st.integers(-0x7FFF, 0x7FFF),
    Digits: lambda kind, version: st.text("0123456789", min_size=2 * kind.size, max_size=2 * kind.size),
    BcdTime: lambda kind, version: clocks().map(lambda t: t + 28_800_000) if kind.utc else clocks(),
    Text: lambda kind, version: words(_sizes(kind)),
    Code: lambda kind, version: words(_sizes(kind)),
    Raw: lambda kind, version: st.binary(min_size=kind.extent if isinstance(kind.extent, int) else 0, max_size=_sizes(kind)),
    Nested: lambda kind, version: of_class(kind.of, version),
    Repeat: _lists,
}
"""By class of kind: its strategy, made from (kind, version)."""

BY_HAND: dict[type, Any] = {}
"""By class of message: its strategy, made from a version; for classes whose fields hang together."""


def _of_fields(cls: type, version: str) -> st.SearchStrategy[Any]:
    """Messages made field by field: a field that a condition forbids is None."""
    slots = definition_of(cls).layout(version).slots

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        values: dict[str, Any] = {}
        for slot in slots:
            condition = slot.spec.condition
            there = slot.kind is not None and (condition is None or condition.holds(values[condition.name]))
            values[slot.name] = draw(of_kind(slot.kind, version)) if there else None
        return cls(**values)

    return build()


@cache
def of_class(cls: type, version: str) -> st.SearchStrategy[Any]:
    """Messages of a class that fit a version."""
    _others()
    made = {**_made_by_hand(version), **{known: make(version) for known, make in BY_HAND.items() if known is cls}}
    found: st.SearchStrategy[Any] = made[cls] if cls in made else _of_fields(cls, version)
    return found


@cache
def _others() -> None:
    """Take in `KINDS` and `BY_HAND` of the modules `strategies_*` beside this one, which import this one: at the first use, not before."""
    for path in sorted(Path(__file__).parent.glob("strategies_*.py")):
        other = importlib.import_module(f"tests.protocols.{path.stem}")
        KINDS.update(getattr(other, "KINDS", {}))
        BY_HAND.update(getattr(other, "BY_HAND", {}))


CLASSES: tuple[type, ...] = tuple(messages[key] for key in sorted(messages))
"""Every message of the registry."""

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
