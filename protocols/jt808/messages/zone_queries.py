"""Zones and routes taken away and asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.definition import DOWN, UP
from protocols.fields import V2019, of_kind, repeat, u8, u32, when
from protocols.jt808.messages.zones import Circle, CircleZones, PolygonZone, Rectangle, RectangleZones, RouteZone
from protocols.jt808.registry import message
from protocols.kinds import Nested, Number, Part, Repeat, Spec, leaf
from protocols.wire import Context, Reader

CIRCLES, RECTANGLES, POLYGONS, ROUTES = 1, 2, 3, 4
SHAPES = {
    CIRCLES: ("circles", "圆形区域"), RECTANGLES: ("rectangles", "矩形区域"), POLYGONS: ("polygons", "多边形区域"), ROUTES: ("routes", "路线"),
}  # fmt: skip
"""JT/T 808-2019, 0x8608."""


def _ids(zh: str = "区域ID") -> Any:
    return repeat(count=u8(), of=u32(), zh=zh, default=())


@message(0x8601, en="delete circle zones", zh="删除圆形区域", way=DOWN, clause="JT/T 808-2013 8.36")
class DeleteCircles:
    """Circles to forget; none named means all."""

    ids: tuple[int, ...] = _ids()


@message(0x8603, en="delete rectangle zones", zh="删除矩形区域", way=DOWN, clause="JT/T 808-2013 8.38")
class DeleteRectangles:
    """Rectangles to forget; none named means all."""

    ids: tuple[int, ...] = _ids()


@message(0x8605, en="delete polygon zones", zh="删除多边形区域", way=DOWN, clause="JT/T 808-2013 8.40")
class DeletePolygons:
    """Polygons to forget; none named means all."""

    ids: tuple[int, ...] = _ids()


@message(0x8607, en="delete routes", zh="删除路线", way=DOWN, clause="JT/T 808-2013 8.42")
class DeleteRoutes:
    """Routes to forget; none named means all."""

    ids: tuple[int, ...] = _ids("路线ID")


@message(
    0x8608, en="ask zones or routes", zh="查询区域或线路数据", way=DOWN, clause="JT/T 808-2019, 0x8608", answer=0x0608, versions=(V2019,)
)
class ZoneQuery:
    """Ask what the terminal watches; no id means all of the shape."""

    shape: int = u8(zh="查询类型", names=SHAPES)
    ids: tuple[int, ...] = repeat(count=u32(), of=u32(), zh="区域或线路ID", default=())


@dataclass(frozen=True)
class AnsweredZones(Repeat):
    """Zones of one shape with their count before them.

    The standard speaks of the data of the message that sets the shape: some terminals send zones alone, others whole bodies of
    0x8600 or 0x8602, with setting and count. What ends exactly at the end of the body is taken; whole bodies are noted as
    `layout_guess`.
    """

    whole: Any = None

    def resolve(self, version: str) -> AnsweredZones:
        """The list as it is in one version."""
        return self

    def _chosen(self, reader: Reader) -> Repeat:
        alone = Repeat(self.count, self.of)
        for kind in (alone, Repeat(self.count, Nested(self.whole))):
            trial = Reader(reader.frame, reader.at, reader.end, Context(reader.context.settings, reader.context.version))
            try:
                kind.read(trial, "")
            except WireError:
                continue
            if not trial.left:
                return kind
        return alone

    def _flat(self, kind: Repeat, found: tuple[Any, ...], at: int, field: str, context: Context) -> tuple[Any, ...]:
        if kind.of == self.of:
            return found
        context.note(Code.LAYOUT_GUESS, at, field=field, detail="whole messages in place of zones")
        return tuple(zone for body in found for zone in body.zones)

    def read(self, reader: Reader, field: str) -> tuple[Any, ...]:
        """The zones, in wire order."""
        kind, at = self._chosen(reader), reader.at
        return self._flat(kind, kind.read(reader, field), at, field, reader.context)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Any, ...]:
        """As `read`, field by field."""
        kind, at = self._chosen(reader), reader.at
        return self._flat(kind, kind.parts(reader, path, spec, out), at, leaf(path), reader.context)


def _answered(shape: int, of: type, whole: type, zh: str) -> Any:
    kind = Repeat(Number("I"), Nested(of)) if of is whole else AnsweredZones(Number("I"), Nested(of), whole)
    return when("shape", of_kind(kind, zh=zh), equals=shape, default=None)


@message(
    0x0608,
    en="zone or route data (reply to 0x8608)",
    zh="查询区域或线路数据应答",
    way=UP,
    clause="JT/T 808-2019, 0x0608",
    versions=(V2019,),
)
class ZoneData:
    """What the terminal watches of one shape; the lists of the other shapes are None."""

    shape: int = u8(zh="查询类型", names=SHAPES)
    circles: tuple[Circle, ...] | None = _answered(CIRCLES, Circle, CircleZones, "圆形区域")
    rectangles: tuple[Rectangle, ...] | None = _answered(RECTANGLES, Rectangle, RectangleZones, "矩形区域")
    polygons: tuple[PolygonZone, ...] | None = _answered(POLYGONS, PolygonZone, PolygonZone, "多边形区域")
    routes: tuple[RouteZone, ...] | None = _answered(ROUTES, RouteZone, RouteZone, "路线")
