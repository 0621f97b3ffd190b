"""Strategies of parameters, lists with short items, texts that must not change, and makers' own kinds."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from protocols.jt808.messages.dialogue import Event
from protocols.jt808.messages.location import BatchItems
from protocols.jt808.messages.passthrough import CanData, CanFrame, Compressed
from protocols.jt808.messages.terminal_control import DOORS, Control, Controls
from protocols.jt808.messages.vendor_positions import BatteryState, VendorBatch
from protocols.jt808.messages.vendor_time import VendorTime
from protocols.jt808.parameters import Parameter, Parameters
from protocols.kinds.degrees import DayFirstTime, MinuteDigits
from protocols.kinds.lists import ExactText, OnlyLength, Series, ShortItems, Utf16Text
from protocols.kinds.maker import MakerId
from tests.protocols import wire_strategies as wire


def _parameters(kind: Any, version: str) -> st.SearchStrategy[Any]:
    ids = st.one_of(st.sampled_from([1, 0x13, 0x18, 0x83, 0x75, 0x76, 0x77, 0x7C, 0x110, 0xF364]), wire.U32)
    return st.lists(st.builds(Parameter, ids, st.binary(max_size=20)), max_size=5).map(tuple)


def _controls(kind: Any, version: str) -> st.SearchStrategy[Any]:
    doors = st.builds(Control, st.just(DOORS), st.binary(min_size=1, max_size=1))
    other = st.builds(Control, st.integers(2, 0xFFFF), st.binary(min_size=1, max_size=6))
    return st.tuples(st.lists(doors, max_size=3), st.lists(other, max_size=1)).map(lambda parts: (*parts[0], *parts[1]))


def _events(kind: Any, version: str) -> st.SearchStrategy[Any]:
    whole = st.lists(st.builds(Event, wire.U8, wire.words(20)), max_size=4)
    short = st.lists(st.builds(Event, wire.U8, st.none()), min_size=1, max_size=4)
    return st.one_of(whole, short).map(tuple)


def _fixes(kind: Any, version: str) -> st.SearchStrategy[Any]:
    return st.lists(wire.locations(), min_size=1, max_size=3).map(tuple)


def _digits(kind: Any, version: str) -> st.SearchStrategy[Any]:
    decimal = st.text("0123456789", min_size=2 * kind.size - (kind.size == 5), max_size=2 * kind.size - (kind.size == 5))
    return st.tuples(decimal, st.sampled_from("0123456789abcdef")).map(lambda pair: pair[0] + pair[1] * (kind.size == 5))


def _wide(kind: Any, version: str) -> st.SearchStrategy[Any]:
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


KINDS: dict[type, Any] = {
    Parameters: _parameters,
    Controls: _controls,
    ShortItems: _events,
    BatchItems: _fixes,
    Series: lambda kind, version: st.lists(wire.of_kind(kind.of, version), max_size=4).map(tuple),
    OnlyLength: lambda kind, version: st.one_of(st.none(), wire.of_kind(kind.of, version)),
    ExactText: lambda kind, version: st.one_of(wire.words(40), st.binary(max_size=20).map(kept)),
    Utf16Text: _wide,
    MakerId: lambda kind, version: wire.words(5),
    DayFirstTime: lambda kind, version: wire.clocks(),
    MinuteDigits: _digits,
}


def kept(raw: bytes) -> str:
    """Binary bytes as an `ExactText` keeps them."""
    return f"hex:ff00{raw.hex()}"


def _batch(version: str) -> st.SearchStrategy[Any]:
    state = wire.of_class(BatteryState, version)
    return st.one_of(st.builds(VendorBatch, state), st.builds(VendorBatch, st.none(), _fixes(None, version)))


def _can(version: str) -> st.SearchStrategy[Any]:
    frames = st.lists(st.builds(CanFrame, wire.U32, st.binary(min_size=8, max_size=8)), max_size=4).map(tuple)
    return st.builds(CanData.of, st.text("0123456789", min_size=10, max_size=10), frames)


BY_HAND: dict[type, Any] = {
    VendorBatch: _batch,
    CanData: _can,
    Compressed: lambda version: st.builds(Compressed.of, st.binary(max_size=200)),
    VendorTime: lambda version: st.builds(VendorTime.of, wire.clocks(), wire.U8),
}
