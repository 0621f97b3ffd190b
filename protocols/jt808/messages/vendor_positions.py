"""Makers' own positions: 0x0210, 0x5501, 0x5502; acceleration samples 0x2070."""

from __future__ import annotations

from protocols.definition import NO_ANSWER, UP, structure
from protocols.fields import V2011, V2013, bcd_time, digits, nested, of_kind, raw, sign_magnitude, sized, u8, u16, u32
from protocols.jt808.messages.location import BatchItems, Location
from protocols.jt808.registry import message
from protocols.kinds import Nested
from protocols.kinds.degrees import DayFirstTime, MinuteDigits, degrees_e6
from protocols.kinds.lists import OnlyLength, Series

_VENDOR = "a maker's own, read from traccar/traccar HuabaoProtocolDecoder"
_STATE_BYTES = 7
LOCATED, NORTH, EAST = 1, 2, 4
"""Bits of the flags behind a longitude."""


@structure(en="battery state", zh="电池状态")
class BatteryState:
    """State of a terminal without a position."""

    battery: int = u8(zh="电量", unit="%")
    time_ms: int | None = bcd_time(en="time", zh="时间")


@message(0x0210, en="position batch, 1-byte lengths", zh="定位批量变体", way=UP, clause=_VENDOR)
class VendorBatch:
    """Positions with lengths of one byte, or the battery's state alone: then `state` is given, else None."""

    state: BatteryState | None = of_kind(OnlyLength(_STATE_BYTES, Nested(BatteryState)), zh="电池状态")
    locations: tuple[Location | None, ...] = of_kind(BatchItems(1), zh="位置汇报数据项", default=())


@structure(en="acceleration sample", zh="加速度采样")
class Acceleration:
    """One sample, in the maker's unit."""

    time_ms: int | None = bcd_time(en="time", zh="时间")
    x: int = sign_magnitude(zh="X轴")
    y: int = sign_magnitude(zh="Y轴")
    z: int = sign_magnitude(zh="Z轴")


@message(0x2070, en="acceleration samples", zh="加速度数据", way=UP, clause=_VENDOR)
class Accelerations:
    """Samples up to the end."""

    samples: tuple[Acceleration, ...] = of_kind(Series(Nested(Acceleration)), zh="采样列表")


@structure(en="item", zh="附加项")
class VendorItem:
    """One item behind the fixed fields."""

    id: int = u8(zh="附加项ID")
    content: bytes = raw(sized(1), en="value", zh="值")


@structure(en="position in degrees and minutes", zh="度分格式定位")
class MinutePosition:
    """One fix of 0x5501 and 0x5502.

    `latitude` holds ddmm.mmmm as 8 digits; `longitude` dddmm.mmmm as 9 digits and a digit of flags in hexadecimal: bit 0
    located, 1 north, 2 east. `heading_deg2` counts 2 degrees, `mileage_km` whole kilometres.
    """

    time_ms: int | None = of_kind(DayFirstTime(), en="time", zh="时间")
    latitude: str = of_kind(MinuteDigits(4), zh="纬度")
    longitude: str = of_kind(MinuteDigits(5), en="longitude and flags", zh="经度及标志")
    speed: str = digits(1, zh="速度")
    heading_deg2: int = u8(en="heading", zh="方向", unit="°", scale=2)
    signal: int = u8(en="signal strength", zh="信号强度")
    satellites: int = u8(zh="卫星数")
    mileage_km: int = u32(en="mileage", zh="里程", unit="km")
    battery: int = u8(en="battery, above 100 charging", zh="电量", unit="%")
    cell_id: int = u32(zh="基站小区号")
    area_code: int = u16(zh="位置区码")
    product: int = u8(zh="产品类型")
    status_bits: int = u16(en="status", zh="状态")
    alarm_bits: int = u16(en="alarms", zh="报警")

    @property
    def signed_e6(self) -> tuple[int, int] | None:
        """(latitude, longitude) in 1e-6 degree, north and east positive; None when the digits are none."""
        latitude, longitude = degrees_e6(self.latitude, 2), degrees_e6(self.longitude[:-1], 3)
        if latitude is None or longitude is None:
            return None
        flags = int(self.longitude[-1], 16)
        return (latitude if flags & NORTH else -latitude), (longitude if flags & EAST else -longitude)

    @property
    def located(self) -> bool:
        """True when the fix is one of the satellites."""
        return bool(int(self.longitude[-1], 16) & LOCATED)


@message(0x5501, en="position variant", zh="定位变体", way=UP, clause=_VENDOR, answer=NO_ANSWER, versions=(V2011, V2013))
class VendorPosition:
    """One fix in degrees and minutes, and items."""

    fix: MinutePosition = nested(MinutePosition, zh="定位")
    items: tuple[VendorItem, ...] = of_kind(Series(Nested(VendorItem)), zh="附加项列表", default=())


@message(0x5502, en="position variant, blind area", zh="盲区定位变体", way=UP, clause=_VENDOR, answer=NO_ANSWER, versions=(V2011, V2013))
class VendorBlindPosition:
    """One fix of a blind area in degrees and minutes, and items."""

    fix: MinutePosition = nested(MinutePosition, zh="定位")
    items: tuple[VendorItem, ...] = of_kind(Series(Nested(VendorItem)), zh="附加项列表", default=())
