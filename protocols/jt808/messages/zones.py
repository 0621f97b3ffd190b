"""Zones and routes that a terminal watches: circles, rectangles, polygons, routes.

Latitudes and longitudes are unsigned; the attributes say south and west. Times are digits yyMMddhhmmss at +08:00, kept as they
are: a date of zeros means every day. They stand in a zone only where attribute bit 0 says so, speeds only where bit 1 does.
"""

from __future__ import annotations

from typing import Any

from protocols.definition import DOWN, structure
from protocols.fields import V2019, digits, nested, of_kind, repeat, since, sized, text, u8, u16, u32, when
from protocols.jt808.registry import message
from protocols.kinds import Kind, Number, Repeat

TIMED, LIMITED = 0, 1
"""Attribute bits: the zone holds at times only; it limits the speed."""

ZONE_BITS = {
    0: ("at times only", "根据时间"), 1: ("speed limit", "限速"), 2: ("entering alarms the driver", "进区域报警给驾驶员"),
    3: ("entering alarms the platform", "进区域报警给平台"), 4: ("leaving alarms the driver", "出区域报警给驾驶员"),
    5: ("leaving alarms the platform", "出区域报警给平台"), 6: ("south latitude", "南纬"), 7: ("west longitude", "西经"),
    8: ("doors stay shut", "禁止开门"), 14: ("no data link inside", "进区域关闭通信模块"),
    15: ("detailed fixes inside", "进区域采集GNSS详细定位数据"),
}  # fmt: skip
"""JT/T 808-2013 8.35 (bits 8, 14 and 15 are new in 2013)."""

ROUTE_BITS = {bit: ZONE_BITS[bit] for bit in (0, 2, 3, 4, 5)}
"""JT/T 808-2013 8.41."""

SEGMENT_BITS = {
    0: ("driving time", "行驶时间"), 1: ("speed limit", "限速"), 2: ("south latitude", "南纬"), 3: ("west longitude", "西经"),
}  # fmt: skip
"""JT/T 808-2013 8.41."""

SETTINGS = {0: ("replace", "更新区域"), 1: ("append", "追加区域"), 2: ("change", "修改区域")}


def _clock(zh: str) -> Any:
    return when("attributes", digits(6, zh=zh), bit=TIMED, default=None)


def _speed_kmh(zh: str, bits: str = "attributes") -> Any:
    return when(bits, u16(en="speed limit at night" if "夜" in zh else "speed limit", zh=zh, unit="km/h"), bit=LIMITED, default=None)


def _overspeed_s(zh: str, bits: str = "attributes") -> Any:
    return when(bits, u8(en="time above the limit", zh=zh, unit="s"), bit=LIMITED, default=None)


def _name(zh: str) -> Any:
    return since(V2019, text(sized(2), zh=zh), default=None)


@structure(en="circle zone", zh="圆形区域")
class Circle:
    """A circle; `night_speed_kmh` and `name` are None before 2019."""

    zone_id: int = u32(zh="区域ID")
    attributes: int = u16(zh="区域属性", bits=ZONE_BITS)
    latitude_e6: int = u32(en="latitude", zh="中心点纬度", unit="°", scale=1e-6)
    longitude_e6: int = u32(en="longitude", zh="中心点经度", unit="°", scale=1e-6)
    radius_m: int = u32(en="radius", zh="半径", unit="m")
    start: str | None = _clock("起始时间")
    end: str | None = _clock("结束时间")
    max_speed_kmh: int | None = _speed_kmh("最高速度")
    overspeed_s: int | None = _overspeed_s("超速持续时间")
    night_speed_kmh: int | None = since(V2019, _speed_kmh("夜间最高速度"), default=None)
    name: str | None = _name("区域的名称")


@structure(en="rectangle zone", zh="矩形区域")
class Rectangle:
    """A rectangle by its upper left and lower right corners; `night_speed_kmh` and `name` are None before 2019."""

    zone_id: int = u32(zh="区域ID")
    attributes: int = u16(zh="区域属性", bits=ZONE_BITS)
    top_e6: int = u32(en="top", zh="左上点纬度", unit="°", scale=1e-6)
    left_e6: int = u32(en="left", zh="左上点经度", unit="°", scale=1e-6)
    bottom_e6: int = u32(en="bottom", zh="右下点纬度", unit="°", scale=1e-6)
    right_e6: int = u32(en="right", zh="右下点经度", unit="°", scale=1e-6)
    start: str | None = _clock("起始时间")
    end: str | None = _clock("结束时间")
    max_speed_kmh: int | None = _speed_kmh("最高速度")
    overspeed_s: int | None = _overspeed_s("超速持续时间")
    night_speed_kmh: int | None = since(V2019, _speed_kmh("夜间最高速度"), default=None)
    name: str | None = _name("区域的名称")


@structure(en="corner", zh="顶点")
class Corner:
    """A corner of a polygon."""

    latitude_e6: int = u32(en="latitude", zh="顶点纬度", unit="°", scale=1e-6)
    longitude_e6: int = u32(en="longitude", zh="顶点经度", unit="°", scale=1e-6)


@structure(en="turning point", zh="拐点")
class TurningPoint:
    """A point of a route and the segment that begins there; thresholds of time with attribute bit 0, speeds with bit 1.

    `night_speed_kmh` is None before 2019.
    """

    point_id: int = u32(zh="拐点ID")
    segment_id: int = u32(zh="路段ID")
    latitude_e6: int = u32(en="latitude", zh="拐点纬度", unit="°", scale=1e-6)
    longitude_e6: int = u32(en="longitude", zh="拐点经度", unit="°", scale=1e-6)
    width_m: int = u8(en="width", zh="路段宽度", unit="m")
    attributes: int = u8(zh="路段属性", bits=SEGMENT_BITS)
    longest_s: int | None = when("attributes", u16(en="longest time", zh="路段行驶过长阈值", unit="s"), bit=0, default=None)
    shortest_s: int | None = when("attributes", u16(en="shortest time", zh="路段行驶不足阈值", unit="s"), bit=0, default=None)
    max_speed_kmh: int | None = _speed_kmh("路段最高速度")
    overspeed_s: int | None = _overspeed_s("路段超速持续时间")
    night_speed_kmh: int | None = since(V2019, _speed_kmh("路段夜间最高速度"), default=None)


def _listed(count: str, of: type) -> Kind:
    return Repeat(Number(count), nested(of).kind)


@message(0x8600, en="set circle zones", zh="设置圆形区域", way=DOWN, clause="JT/T 808-2013 8.35")
class CircleZones:
    """Circles to watch."""

    setting: int = u8(zh="设置属性", names=SETTINGS)
    zones: tuple[Circle, ...] = of_kind(_listed("B", Circle), zh="区域项")


@message(0x8602, en="set rectangle zones", zh="设置矩形区域", way=DOWN, clause="JT/T 808-2013 8.37")
class RectangleZones:
    """Rectangles to watch."""

    setting: int = u8(zh="设置属性", names=SETTINGS)
    zones: tuple[Rectangle, ...] = of_kind(_listed("B", Rectangle), zh="区域项")


@message(0x8604, en="set polygon zone", zh="设置多边形区域", way=DOWN, clause="JT/T 808-2013 8.39")
class PolygonZone:
    """A polygon to watch; `night_speed_kmh` and `name`, behind the corners, are None before 2019."""

    zone_id: int = u32(zh="区域ID")
    attributes: int = u16(zh="区域属性", bits=ZONE_BITS)
    start: str | None = _clock("起始时间")
    end: str | None = _clock("结束时间")
    max_speed_kmh: int | None = _speed_kmh("最高速度")
    overspeed_s: int | None = _overspeed_s("超速持续时间")
    corners: tuple[Corner, ...] = repeat(count=u16(), of=nested(Corner), zh="顶点项", default=())
    night_speed_kmh: int | None = since(V2019, _speed_kmh("夜间最高速度"), default=None)
    name: str | None = _name("区域的名称")


@message(0x8606, en="set route", zh="设置路线", way=DOWN, clause="JT/T 808-2013 8.41")
class RouteZone:
    """A route to watch, by its turning points; `name` is None before 2019."""

    route_id: int = u32(zh="路线ID")
    attributes: int = u16(zh="路线属性", bits=ROUTE_BITS)
    start: str | None = _clock("起始时间")
    end: str | None = _clock("结束时间")
    points: tuple[TurningPoint, ...] = repeat(count=u16(), of=nested(TurningPoint), zh="拐点项", default=())
    name: str | None = _name("路线名称")
