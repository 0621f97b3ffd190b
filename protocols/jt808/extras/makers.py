"""Structures of makers' additional items, seen in captures of real terminals; profiles say under which id they lie."""

from __future__ import annotations

from protocols.definition import structure
from protocols.fields import digits, nested, of_kind, raw, repeat, rest, text, u8, u16, u32
from protocols.jt808.extras.structures import item_structure
from protocols.kinds import Nested, Number
from protocols.kinds.items import Each


@structure(en="Wi-Fi point", zh="Wi-Fi热点")
class WifiPoint:
    """Address and signal strength, the latter in two's complement of dBm."""

    address: bytes = raw(6, zh="MAC地址")
    signal: int = u8(zh="信号强度")


@item_structure(en="Wi-Fi points with their count", zh="Wi-Fi信息")
class WifiCounted:
    points: tuple[WifiPoint, ...] = repeat(count=u8(), of=nested(WifiPoint), zh="热点列表")


@item_structure(en="Wi-Fi points", zh="Wi-Fi信息")
class WifiPoints:
    points: tuple[WifiPoint, ...] = of_kind(Each(Nested(WifiPoint)), zh="热点列表")


@structure(en="neighbour cell", zh="基站")
class NearCell:
    area: int = u16(zh="位置区码")
    cell: int = u32(zh="小区码")
    signal: int = u8(zh="信号强度")


@item_structure(en="cells of one network", zh="基站信息")
class NetworkCells:
    country: int = u16(en="mobile country code", zh="国家码")
    network: int = u8(en="mobile network code", zh="网络码")
    cells: tuple[NearCell, ...] = of_kind(Each(Nested(NearCell)), zh="基站列表")


@structure(en="cell", zh="基站")
class WideCell:
    country: int = u16(en="mobile country code", zh="国家码")
    network: int = u16(en="mobile network code", zh="网络码")
    cell: int = u32(zh="小区码")
    area: int = u32(zh="位置区码")
    signal: int = u8(zh="信号强度")


@item_structure(en="cells", zh="基站信息")
class WideCells:
    cells: tuple[WideCell, ...] = of_kind(Each(Nested(WideCell)), zh="基站列表")


@item_structure(en="battery", zh="电池")
class ChargedBattery:
    percent: int = u8(en="charge", zh="电量", unit="%")
    voltage: int = u16(zh="电压", unit="V", scale=0.01)
    charging: int = u8(zh="充电状态")


@item_structure(en="battery", zh="电池")
class BatteryState:
    voltage: int = u32(zh="电压", unit="V", scale=0.001)
    state: int = u8(zh="充电状态")
    percent: int = u8(en="charge", zh="电量", unit="%")


@item_structure(en="battery", zh="电池")
class TenthsBattery:
    tenths: int = u8(en="charge in tenths", zh="电量")
    reserved: int = u8(zh="预留")


@item_structure(en="battery", zh="电池")
class ReservedBattery:
    reserved: int = u8(zh="预留")
    percent: int = u8(en="charge", zh="电量", unit="%")
    voltage: int = u16(zh="电压", unit="V", scale=0.01)


@item_structure(en="charging and charge", zh="充电状态与电量")
class ChargingBattery:
    state: int = u8(en="state, 0 while charging", zh="充电状态")
    percent: int = u8(en="charge", zh="电量", unit="%")


@item_structure(en="driving alarms and switches", zh="报警与开关")
class SwitchAlarms:
    alarm_bits: int = u16(
        en="alarms", zh="报警", bits={8: ("harsh acceleration", "急加速"), 9: ("harsh braking", "急减速"), 10: ("harsh turn", "急转弯")}
    )
    switches: int = u16(en="external switches", zh="外接开关")
    more_bits: int = u32(en="more alarms", zh="扩展报警", bits={16: ("door", "车门")})


@item_structure(en="code and content", zh="编码与内容")
class Coded:
    code: int = u16(zh="编码")
    content: bytes = raw(rest(), zh="内容")


@item_structure(en="lock command", zh="锁命令")
class LockCommand:
    command: int = u8(zh="命令")
    content: bytes = raw(rest(), en="card or password, result", zh="卡号或密码、结果")


@structure(en="lock", zh="锁")
class Lock:
    lock_id: bytes = raw(6, zh="锁编号")
    voltage: int = u16(zh="电压", unit="V", scale=0.001)
    seal: int = u8(zh="封签状态")
    state: int = u8(zh="物理状态")
    signal: int = u8(zh="信号强度")


@item_structure(en="locks", zh="锁列表")
class Locks:
    locks: tuple[Lock, ...] = of_kind(Each(Nested(Lock)), zh="锁列表")


@structure(en="lock with its card", zh="锁")
class CardLock:
    lock_id: bytes = raw(5, zh="锁编号")
    card: bytes = raw(5, zh="卡号")
    battery_percent: int = u8(en="battery", zh="电量", unit="%")
    status: int = u16(zh="状态", bits={5: ("open", "开锁")})


@item_structure(en="locks with their cards", zh="锁列表")
class CardLocks:
    locks: tuple[CardLock, ...] = repeat(count=u8(), of=nested(CardLock), zh="锁列表")


@item_structure(en="state of the case", zh="箱体状态")
class CaseState:
    cuts: int = u16(en="times the string was cut", zh="剪断次数")
    state: int = u8(zh="状态", bits={0: ("string", "锁绳"), 2: ("moving", "运动"), 3: ("cover", "外壳")})


@item_structure(en="event and sensors", zh="事件与传感器")
class SensorEvent:
    event: int = u8(zh="事件")
    mask: int = u8(en="which sensors", zh="字段掩码")
    sensors: tuple[int, ...] = of_kind(Each(Number("H")), zh="传感器值")


@item_structure(en="mode and identities", zh="模式与标识")
class DeviceIdentity:
    mode: int = u8(zh="工作模式")
    imei: str = digits(8, en="IMEI", zh="IMEI")
    iccid: bytes = raw(10, en="ICCID", zh="ICCID")
    model: str = text(10, zh="型号")


@item_structure(en="mask, dilution of precision, times", zh="掩码与定位用时")
class FixQuality:
    mask: int = u16(zh="字段掩码")
    values: tuple[int, ...] = of_kind(Each(Number("H")), en="dilution of precision, times", zh="精度因子与用时")


@structure(en="tyre", zh="轮胎")
class SensedTyre:
    number: int = u8(zh="轮胎序号")
    sensor: bytes = raw(3, zh="传感器编号")
    pressure: int = u16(zh="胎压")
    temperature: int = u8(en="temperature + 50", zh="胎温+50", unit="℃")
    status: int = u8(zh="状态")


@item_structure(en="tyres", zh="胎压")
class SensedTyres:
    tyres: tuple[SensedTyre, ...] = of_kind(Each(Nested(SensedTyre)), zh="轮胎列表")


@item_structure(en="engine", zh="OBD数据")
class EngineState:
    voltage: int = u16(zh="电瓶电压", unit="V", scale=0.1)
    rpm: int = u16(en="engine speed", zh="转速", unit="rpm")
    speed_kmh: int = u8(en="speed", zh="车速", unit="km/h")
    throttle: int = u8(zh="节气门", unit="%", scale=100 / 255)
    load: int = u8(zh="发动机负荷", unit="%", scale=100 / 255)
    coolant: int = u8(en="coolant temperature + 40", zh="冷却液温度+40", unit="℃")
    reserved_1: int = u16(zh="预留")
    consumption: int = u16(en="fuel consumption", zh="油耗", scale=0.01, unit="L/100km")
    reserved_2: bytes = raw(8, zh="预留")
    fuel_used: int = u16(en="fuel used", zh="用油量", scale=0.01, unit="L")


@structure(en="climate sensor", zh="温湿度传感器")
class ClimateSensor:
    """Temperature and humidity in whole parts (the temperature's in two's complement) and parts of 255."""

    number: int = u8(zh="序号")
    address: bytes = raw(6, zh="MAC地址")
    temperature: int = u8(en="temperature, whole part", zh="温度整数")
    temperature_255: int = u8(en="temperature, parts of 255", zh="温度小数")
    humidity: int = u8(en="humidity, whole part", zh="湿度整数")
    humidity_255: int = u8(en="humidity, parts of 255", zh="湿度小数")


@item_structure(en="climate sensors", zh="温湿度传感器")
class ClimateSensors:
    sensors: tuple[ClimateSensor, ...] = of_kind(Each(Nested(ClimateSensor)), zh="传感器列表")


@item_structure(en="signal, power, battery, satellites", zh="信号电源电池卫星")
class PowerState:
    signal: int = u8(zh="信号强度")
    power: int = u16(zh="外接电压", unit="V", scale=0.001)
    battery: int = u16(zh="电池电压", unit="V", scale=0.001)
    satellites: int = u8(zh="卫星数")


@item_structure(en="serving cell", zh="服务基站")
class ServingCell:
    country: int = u16(en="mobile country code", zh="国家码")
    network: int = u8(en="mobile network code", zh="网络码")
    area: int = u16(zh="位置区码")
    cell: int = u32(zh="小区码")
