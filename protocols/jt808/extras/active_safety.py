"""Items 0x64 to 0x67 and 0x70: alarms of driver assistance, T/JSATL 12-2017 4.4, with the identifier of each province."""

from __future__ import annotations

from protocols.definition import structure
from protocols.fields import bcd_time, coordinate, i16, nested, of_kind, raw, repeat, sign_magnitude, u8, u16, u32
from protocols.jt808.alarm_tables import (
    ADAS_KINDS,
    BLIND_SPOT_KINDS,
    DRIVER_KINDS,
    HARSH_KINDS,
    LEVELS,
    STATES,
    TYRE_ALARMS,
    VEHICLE_BITS,
)
from protocols.jt808.extras.structures import item_structure
from protocols.kinds.alarm_id import AlarmId, AlarmIdentifier

_TYRE_BYTES = 9


@structure(en="place of the alarm", zh="报警位置")
class AlarmPlace:
    """Where the vehicle was: as in a position, unsigned degrees; `time_ms` is None when the clock's digits are no time."""

    speed_kmh: int = u8(en="speed", zh="车速", unit="km/h")
    altitude_m: int = i16(en="altitude", zh="高程", unit="m")
    latitude_e6: int = coordinate(90, en="latitude", zh="纬度")
    longitude_e6: int = coordinate(180, en="longitude", zh="经度")
    time_ms: int | None = bcd_time(en="time", zh="日期时间")
    vehicle_bits: int = u16(en="state of the vehicle", zh="车辆状态", bits=VEHICLE_BITS)


@item_structure(en="driver assistance alarm", zh="高级驾驶辅助系统报警信息")
class AdasAlarm:
    """Item 0x64, table 4-15."""

    alarm_id: int = u32(en="alarm", zh="报警ID")
    state: int = u8(zh="标志状态", names=STATES)
    kind: int = u8(en="kind of alarm", zh="报警/事件类型", names=ADAS_KINDS)
    level: int = u8(zh="报警级别", names=LEVELS)
    front_speed_kmh: int = u8(en="speed of the vehicle ahead", zh="前车车速", unit="km/h")
    front_gap: int = u8(en="gap to what is ahead", zh="前车/行人距离", unit="s", scale=0.1)
    departure: int = u8(en="side of departure", zh="偏离类型", names={1: ("left", "左侧偏离"), 2: ("right", "右侧偏离")})
    sign: int = u8(
        en="kind of road sign",
        zh="道路标志识别类型",
        names={1: ("speed", "限速标志"), 2: ("height", "限高标志"), 3: ("weight", "限重标志")},
    )
    sign_value: int = u8(en="value of the road sign", zh="道路标志识别数据")
    place: AlarmPlace = nested(AlarmPlace, zh="报警位置")
    identifier: AlarmIdentifier = of_kind(AlarmId(behind=0), en="alarm identifier", zh="报警标识号")


@item_structure(en="driver state alarm", zh="驾驶员状态监测系统报警信息")
class DriverAlarm:
    """Item 0x65, table 4-17."""

    alarm_id: int = u32(en="alarm", zh="报警ID")
    state: int = u8(zh="标志状态", names=STATES)
    kind: int = u8(en="kind of alarm", zh="报警/事件类型", names=DRIVER_KINDS)
    level: int = u8(zh="报警级别", names=LEVELS)
    fatigue: int = u8(en="degree of fatigue, 1 to 10", zh="疲劳程度")
    reserved: bytes = raw(4, zh="预留")
    place: AlarmPlace = nested(AlarmPlace, zh="报警位置")
    identifier: AlarmIdentifier = of_kind(AlarmId(behind=0), en="alarm identifier", zh="报警标识号")


@structure(en="tyre", zh="轮胎")
class TyreState:
    """One tyre of item 0x66, table 4-19."""

    position: int = u8(en="place of the tyre", zh="胎压报警位置")
    alarm_bits: int = u16(en="alarms", zh="报警/事件类型", bits=TYRE_ALARMS)
    pressure_kpa: int = u16(en="pressure", zh="胎压", unit="kPa")
    temperature_c: int = sign_magnitude(en="temperature", zh="胎温", unit="℃")
    battery_percent: int = u16(en="battery", zh="电池电量", unit="%")


@item_structure(en="tyre alarm", zh="胎压监测系统报警信息")
class TyreAlarm:
    """Item 0x66, table 4-18."""

    alarm_id: int = u32(en="alarm", zh="报警ID")
    state: int = u8(zh="标志状态", names=STATES)
    place: AlarmPlace = nested(AlarmPlace, zh="报警位置")
    identifier: AlarmIdentifier = of_kind(AlarmId(behind=1, step=_TYRE_BYTES), en="alarm identifier", zh="报警标识号")
    tyres: tuple[TyreState, ...] = repeat(count=u8(), of=nested(TyreState), zh="报警/事件信息列表")


@item_structure(en="blind spot alarm", zh="盲区监测系统报警信息")
class BlindSpotAlarm:
    """Item 0x67, table 4-20."""

    alarm_id: int = u32(en="alarm", zh="报警ID")
    state: int = u8(zh="标志状态", names=STATES)
    kind: int = u8(en="kind of alarm", zh="报警/事件类型", names=BLIND_SPOT_KINDS)
    place: AlarmPlace = nested(AlarmPlace, zh="报警位置")
    identifier: AlarmIdentifier = of_kind(AlarmId(behind=0), en="alarm identifier", zh="报警标识号")


@item_structure(en="harsh driving alarm", zh="激烈驾驶报警信息")
class HarshDrivingAlarm:
    """Item 0x70: the thresholds are of the kind of alarm."""

    alarm_id: int = u32(en="alarm", zh="报警ID")
    state: int = u8(zh="标志状态", names=STATES)
    kind: int = u8(en="kind of alarm", zh="报警/事件类型", names=HARSH_KINDS)
    time_threshold: int = u16(zh="报警时间阈值")
    threshold_1: int = u16(zh="报警阈值1")
    threshold_2: int = u16(zh="报警阈值2")
    place: AlarmPlace = nested(AlarmPlace, zh="报警位置")
    identifier: AlarmIdentifier = of_kind(AlarmId(behind=0), en="alarm identifier", zh="报警标识号")
