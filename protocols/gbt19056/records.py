"""What a recorder stores: words 08 to 15, each a row of records of one size, newest first."""

from __future__ import annotations

from protocols.definition import DOWN, UP, structure
from protocols.fields import nested, of_kind, u8, u16
from protocols.gbt19056.collect import DRIVER_BYTES
from protocols.gbt19056.fillers import FilledNumber, FilledSigned, FilledText, FilledTime, Times
from protocols.gbt19056.layouts import NAMES, block
from protocols.kinds import Nested

STORED = range(0x08, 0x16)
LOGIN, LOGOUT = 1, 2


@structure(en="records asked for", zh="记录采集命令")
class RecordQuery:
    """Records between two times, at most so many."""

    start_ms: int | None = of_kind(FilledTime(), en="from", zh="开始时间")
    end_ms: int | None = of_kind(FilledTime(), en="to", zh="结束时间")
    most: int = u16(en="at most", zh="最大单位数据块个数")


for _word in STORED:
    if _word in NAMES:
        block(_word, DOWN)(RecordQuery)


@structure(en="second", zh="单位秒钟")
class SpeedSecond:
    """Speed and signals of one second."""

    speed_kmh: int | None = of_kind(FilledNumber("B"), en="speed", zh="平均速度", unit="km/h")
    signal_bits: int | None = of_kind(FilledNumber("B"), en="status signals", zh="状态信号")


@block(0x08, UP, unit=126)
@structure(en="speed record", zh="行驶速度记录")
class SpeedRecord:
    """One minute, second by second."""

    start_ms: int | None = of_kind(FilledTime(), en="from", zh="开始时间")
    seconds: tuple[SpeedSecond, ...] = of_kind(Times(60, Nested(SpeedSecond)), zh="每秒钟")


@structure(en="place", zh="位置")
class Place:
    """A place in 0.0001 minute, east and north positive; None where there was no fix."""

    longitude_min4: int | None = of_kind(FilledSigned(4), en="longitude", zh="经度", unit="′", scale=0.0001)
    latitude_min4: int | None = of_kind(FilledSigned(4), en="latitude", zh="纬度", unit="′", scale=0.0001)
    altitude_m: int | None = of_kind(FilledSigned(2), en="altitude", zh="海拔高度", unit="m")


@structure(en="minute", zh="单位分钟")
class PlaceMinute:
    """Place and speed of one minute."""

    place: Place = nested(Place, zh="位置")
    speed_kmh: int | None = of_kind(FilledNumber("B"), en="speed", zh="平均速度", unit="km/h")


@block(0x09, UP, unit=666)
@structure(en="position record", zh="位置信息记录")
class PositionRecord:
    """One hour, minute by minute."""

    start_ms: int | None = of_kind(FilledTime(), en="from", zh="开始时间")
    minutes: tuple[PlaceMinute, ...] = of_kind(Times(60, Nested(PlaceMinute)), zh="每分钟")


@block(0x10, UP, unit=234)
@structure(en="accident point", zh="事故疑点记录")
class AccidentPoint:
    """The last 20 s before a stop in steps of 0.2 s, the latest first."""

    end_ms: int | None = of_kind(FilledTime(), en="stopped", zh="行驶结束时间")
    licence: str | None = of_kind(FilledText(DRIVER_BYTES), zh="机动车驾驶证号码")
    steps: tuple[SpeedSecond, ...] = of_kind(Times(100, Nested(SpeedSecond)), zh="每0.2秒")
    place: Place = nested(Place, zh="最近一次有效位置")


@block(0x11, UP, unit=50)
@structure(en="over-time driving", zh="超时驾驶记录")
class LongDrive:
    """A drive longer than the law allows."""

    licence: str | None = of_kind(FilledText(DRIVER_BYTES), zh="机动车驾驶证号码")
    start_ms: int | None = of_kind(FilledTime(), en="from", zh="连续驾驶开始时间")
    end_ms: int | None = of_kind(FilledTime(), en="to", zh="连续驾驶结束时间")
    start: Place = nested(Place, zh="开始时位置")
    end: Place = nested(Place, zh="结束时位置")


@block(0x12, UP, unit=25)
@structure(en="driver change", zh="驾驶人身份记录")
class DriverChange:
    """A driver logs in or out."""

    time_ms: int | None = of_kind(FilledTime(), en="time", zh="事件发生时间")
    licence: str | None = of_kind(FilledText(DRIVER_BYTES), zh="机动车驾驶证号码")
    event: int = u8(zh="事件类型", names={LOGIN: ("login", "登录"), LOGOUT: ("logout", "退出")})


@block(0x13, UP, unit=7)
@structure(en="power record", zh="外部供电记录")
class PowerEvent:
    """External power comes or goes."""

    time_ms: int | None = of_kind(FilledTime(), en="time", zh="事件发生时间")
    event: int = u8(zh="事件类型", names={1: ("power on", "通电"), 2: ("power off", "断电")})


@block(0x14, UP, unit=7)
@structure(en="parameter change", zh="参数修改记录")
class ParameterChange:
    """A setting was changed; `event` is the word that changed it."""

    time_ms: int | None = of_kind(FilledTime(), en="time", zh="事件发生时间")
    event: int = u8(zh="事件类型", names={word: NAMES[word] for word in (0x82, 0x83, 0x84, 0xC2, 0xC3, 0xC4)})


@structure(en="pair of speeds", zh="速度对")
class SpeedPair:
    """Speed by pulses and speed by satellites of one second."""

    recorded_kmh: int | None = of_kind(FilledNumber("B"), en="recorded speed", zh="记录速度", unit="km/h")
    reference_kmh: int | None = of_kind(FilledNumber("B"), en="reference speed", zh="参考速度", unit="km/h")


@block(0x15, UP, unit=133)
@structure(en="speed state", zh="速度状态日志")
class SpeedState:
    """Whether the recorded speed agrees with the satellites', and the 60 s that tell."""

    state: int = u8(zh="速度状态", names={1: ("normal", "正常"), 2: ("abnormal", "异常")})
    start_ms: int | None = of_kind(FilledTime(), en="from", zh="速度状态判定的开始时间")
    end_ms: int | None = of_kind(FilledTime(), en="to", zh="速度状态判定的结束时间")
    pairs: tuple[SpeedPair, ...] = of_kind(Times(60, Nested(SpeedPair)), zh="每秒速度")
