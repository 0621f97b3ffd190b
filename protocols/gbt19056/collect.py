"""What a recorder says of itself: words 00 to 07, and E1."""

from __future__ import annotations

from protocols.definition import UP, structure
from protocols.fields import digits, of_kind, raw, u8, u16
from protocols.gbt19056.fillers import BcdNumber, FilledNumber, FilledText, FilledTime, Times
from protocols.gbt19056.layouts import block

SIGNAL_NAMES = 8
DRIVER_BYTES = 18


@block(0x00, UP)
@structure(en="version of the standard", zh="执行标准版本")
class StandardVersion:
    """Year of the standard, two digits, and number of its amendment."""

    year: str = digits(1, zh="记录仪执行标准年号后2位")
    amendment: int = u8(zh="修改单号")


@block(0x01, UP)
@structure(en="current driver", zh="当前驾驶人信息")
class CurrentDriver:
    """Number of the driver's licence; None when nobody is logged in."""

    licence: str | None = of_kind(FilledText(DRIVER_BYTES), zh="机动车驾驶证号码")


@block(0x02, UP)
@structure(en="time", zh="实时时间")
class Clock:
    """The recorder's clock."""

    time_ms: int | None = of_kind(FilledTime(), en="time", zh="实时时间")


@block(0x03, UP)
@structure(en="mileage", zh="累计行驶里程")
class Mileage:
    """Mileage since the installation, and before it."""

    time_ms: int | None = of_kind(FilledTime(), en="time", zh="实时时间")
    installed_ms: int | None = of_kind(FilledTime(), en="installed", zh="初次安装时间")
    first_km10: int | None = of_kind(BcdNumber(4), en="mileage at the installation", zh="初始里程", unit="km", scale=0.1)
    total_km10: int | None = of_kind(BcdNumber(4), en="mileage since then", zh="累计行驶里程", unit="km", scale=0.1)


@block(0x04, UP)
@structure(en="pulses", zh="脉冲系数")
class Pulses:
    """Pulses of the speed sensor to a kilometre."""

    time_ms: int | None = of_kind(FilledTime(), en="time", zh="当前时间")
    pulses_per_km: int = u16(en="pulses to a kilometre", zh="脉冲系数")


@block(0x05, UP)
@structure(en="vehicle", zh="车辆信息")
class VehicleIdentity:
    """The vehicle that the recorder is in."""

    vin: str | None = of_kind(FilledText(17), en="VIN", zh="车辆识别代号")
    plate: str | None = of_kind(FilledText(12), zh="机动车号牌号码")
    plate_class: str | None = of_kind(FilledText(12), zh="机动车号牌分类")


@block(0x06, UP)
@structure(en="signal names", zh="状态信号配置信息")
class SignalNames:
    """Names of the status signals D0 to D7."""

    time_ms: int | None = of_kind(FilledTime(), en="time", zh="实时时间")
    signal_bytes: int = u8(en="bytes of signals", zh="状态信号字节个数")
    names: tuple[str | None, ...] = of_kind(Times(SIGNAL_NAMES, FilledText(10)), zh="状态信号名称")


@block(0x07, UP)
@structure(en="unique number", zh="唯一性编号")
class UniqueNumber:
    """What names one recorder among all."""

    certificate: str | None = of_kind(FilledText(7), zh="生产厂CCC认证代码")
    model: str | None = of_kind(FilledText(16), zh="认证产品型号")
    made_on: str = digits(3, en="made on, yyMMdd", zh="生产日期")
    serial: bytes = raw(4, zh="产品生产流水号")
    reserved: bytes = raw(5, zh="备用")


@block(0xE1, UP)
@structure(en="test data", zh="检定数据")
class TestData:
    """What a recorder under test sends of itself; `signal_bits` are D0 to D7."""

    unique_number: bytes = raw(35, zh="唯一性编号")
    pulses_per_km: int | None = of_kind(FilledNumber("H"), en="pulses to a kilometre", zh="脉冲系数")
    speed_kmh10: int | None = of_kind(FilledNumber("H"), en="speed", zh="速度", unit="km/h", scale=0.1)
    mileage_m: int | None = of_kind(FilledNumber("I"), en="mileage", zh="累计里程", unit="m")
    signal_bits: int = u8(en="status signals", zh="状态信号")
