"""Strategies of zones, drivers, multimedia and the driving recorder, where kinds do not tell enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from protocols.jt808.messages.multimedia import PositionHead
from protocols.jt808.messages.zone_queries import AnsweredZones, ZoneData
from protocols.jt808.messages.zones import Circle, PolygonZone, Rectangle, RouteZone
from protocols.kinds.optional import OpenTime, SoftTime, TailList
from tests.protocols import wire_strategies as wire


def _list(kind: Any, version: str) -> st.SearchStrategy[Any]:
    return st.lists(wire.of_kind(kind.of, version), max_size=4).map(tuple)


def _clock(kind: Any, version: str) -> st.SearchStrategy[Any]:
    return wire.clocks()


KINDS: dict[type, Any] = {
    TailList: _list,
    AnsweredZones: _list,
    SoftTime: _clock,
    OpenTime: lambda kind, version: st.none() | wire.clocks(),
    PositionHead: lambda kind, version: wire.locations().map(lambda fix: replace(fix, extras=(), tail=b"")),
}


SHAPES = {1: ("circles", Circle), 2: ("rectangles", Rectangle), 3: ("polygons", PolygonZone), 4: ("routes", RouteZone)}


@st.composite
def _zones(draw: st.DrawFn, version: str) -> ZoneData:
    shape = draw(st.integers(0, 5))
    name, cls = SHAPES.get(shape, ("", Circle))
    return ZoneData(shape, **({name: tuple(draw(st.lists(wire.of_class(cls, version), max_size=3)))} if name else {}))


BY_HAND: dict[type, Any] = {ZoneData: _zones}
