"""Strategies of zones, drivers, multimedia and the driving recorder, where kinds do not tell enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from protocols.gbt19056 import encode
from protocols.gbt19056.collect import Mileage
from protocols.gbt19056.fillers import BcdNumber, FilledNumber, FilledSigned, FilledText, FilledTime, Times
from protocols.gbt19056.layouts import DOWN, UP
from protocols.jt808.messages.multimedia import PositionHead
from protocols.jt808.messages.recorder import RecorderBytes
from protocols.jt808.messages.zone_queries import AnsweredZones, ZoneData
from protocols.jt808.messages.zones import Circle, PolygonZone, Rectangle, RouteZone
from protocols.kinds.optional import OpenTime, SoftTime, TailList
from tests.protocols import wire_strategies as wire


def _list(kind: Any, version: str) -> st.SearchStrategy[Any]:
    return st.lists(wire.of_kind(kind.of, version), max_size=4).map(tuple)


def _clock(kind: Any, version: str) -> st.SearchStrategy[Any]:
    return wire.clocks()


def _blocks(kind: Any, version: str) -> st.SearchStrategy[bytes]:
    mileage = Mileage(1_732_759_141_000, None, 0, 123_456)
    sound = st.lists(st.sampled_from([encode(UP, 0x03, mileage), encode(DOWN, 0x02), encode(UP, 0xFA)]), max_size=3).map(b"".join)
    return sound | st.binary(max_size=60)


KINDS: dict[type, Any] = {
    RecorderBytes: _blocks,
    TailList: _list,
    AnsweredZones: _list,
    SoftTime: _clock,
    OpenTime: lambda kind, version: st.none() | wire.clocks(),
    FilledNumber: lambda kind, version: st.none() | st.integers(0, kind.high),
    FilledSigned: lambda kind, version: st.none() | st.integers(-kind.limit, kind.limit).filter(lambda value: value != -1),
    FilledText: lambda kind, version: st.none() | wire.words(kind.size),
    FilledTime: lambda kind, version: st.none() | wire.clocks(),
    BcdNumber: lambda kind, version: st.none() | st.integers(0, 10 ** (2 * kind.size) - 1),
    Times: lambda kind, version: st.lists(wire.of_kind(kind.of, version), min_size=1, max_size=3).map(
        lambda some: tuple((some * kind.count)[: kind.count])
    ),
    PositionHead: lambda kind, version: wire.locations().map(lambda fix: replace(fix, extras=(), tail=b"")),
}


SHAPES = {1: ("circles", Circle), 2: ("rectangles", Rectangle), 3: ("polygons", PolygonZone), 4: ("routes", RouteZone)}


@st.composite
def _zones(draw: st.DrawFn, version: str) -> ZoneData:
    shape = draw(st.integers(0, 5))
    name, cls = SHAPES.get(shape, ("", Circle))
    return ZoneData(shape, **({name: tuple(draw(st.lists(wire.of_class(cls, version), max_size=3)))} if name else {}))


BY_HAND: dict[type, Any] = {ZoneData: _zones}
