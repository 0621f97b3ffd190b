"""Vehicles and their positions: registration, live positions, backfill, and what platforms ask of each other."""

from __future__ import annotations

from protocols.definition import DOWN, UP
from protocols.fields import V2019, by_version, of_kind, rest, since, text, u8, u16, u32, utc_time
from protocols.jt809.kinds import ModelText
from protocols.jt809.positions import POSITION, ByEdition, Position
from protocols.jt809.registry import message
from protocols.jt809.tables import (
    APPLY_RESULTS,
    BACKFILL_RESULTS,
    CANCEL_RESULTS,
    END_REASONS,
    EXCHANGE_REASONS,
)
from protocols.kinds import Number, Repeat, Text

UP_ID, DOWN_ID = 0x1200, 0x9200
MOST_POSITIONS = 5
"""Positions of one backfill message, 1 to 5 (2011 4.5.3.2.4)."""
_POSITIONS = Repeat(Number("B"), POSITION)


@message(UP_ID, 0x1201, en="vehicle registration", zh="上传车辆注册信息", way=UP, name="UP_EXG_MSG_REGISTER", answer=0x9201)
class VehicleRegistration:
    """Which terminal a vehicle carries."""

    platform: str = text(11, zh="平台唯一编码")
    producer: str = text(11, zh="车载终端厂商唯一编码")
    model: str = of_kind(ByEdition(ModelText(), Text(30)), zh="车载终端型号")
    imei: str | None = since(V2019, text(15, zh="车载终端通讯模块IMEI码"), default=None)
    terminal_code: str = text(by_version(7, 7, 30), zh="车载终端编号", default="")
    sim: str = text(by_version(12, 12, 13), zh="车载终端SIM卡电话号码", default="")


@message(
    DOWN_ID, 0x9201, en="vehicle registration answer", zh="车辆注册信息应答", way=DOWN, name="DOWN_EXG_MSG_REGISTER_ACK", versions=(V2019,)
)
class VehicleRegistrationAnswer:
    """Whether the vehicle is known now."""

    source_type: int = u16(zh="源子业务类型标识")
    source_serial: int = u32(zh="源报文序列号")
    result: int = u8(zh="处理结果", names={0: ("done", "成功"), 1: ("failed", "失败")})


@message(UP_ID, 0x1202, en="live position", zh="实时上传车辆定位信息", way=UP, name="UP_EXG_MSG_REAL_LOCATION")
class LivePosition:
    """One position, as it came."""

    position: Position = of_kind(POSITION, zh="车辆定位信息")


@message(DOWN_ID, 0x9202, en="exchanged position", zh="交换车辆定位信息", way=DOWN, name="DOWN_EXG_MSG_CAR_LOCATION")
class ExchangedPosition:
    """One position of a vehicle of another region."""

    position: Position = of_kind(POSITION, zh="车辆定位信息")


@message(UP_ID, 0x1203, en="backfill of positions", zh="车辆定位信息自动补报", way=UP, name="UP_EXG_MSG_HISTORY_LOCATION")
class Backfill:
    """Positions of the time of a break, oldest first, at most 5 a message."""

    positions: tuple[Position, ...] = of_kind(_POSITIONS, zh="车辆定位信息")


@message(DOWN_ID, 0x9203, en="exchanged backfill", zh="车辆定位信息交换补发", way=DOWN, name="DOWN_EXG_MSG_HISTORY_ARCOSSAREA")
class ExchangedBackfill:
    """Positions of a vehicle of another region, oldest first, at most 5 a message."""

    positions: tuple[Position, ...] = of_kind(_POSITIONS, zh="车辆定位信息")


@message(DOWN_ID, 0x9204, en="vehicle data", zh="交换车辆静态信息", way=DOWN, name="DOWN_EXG_MSG_CAR_INFO")
class VehicleData:
    """Fields as KEY:=value; pairs."""

    content: str = text(rest(), zh="车辆信息")


@message(DOWN_ID, 0x9205, en="start exchange", zh="启动车辆定位信息交换请求", way=DOWN, name="DOWN_EXG_MSG_RETURN_STARTUP", answer=0x1205)
class StartExchange:
    """From now on send this vehicle's positions."""

    reason: int = u8(zh="请求原因", names=EXCHANGE_REASONS)


@message(DOWN_ID, 0x9206, en="end exchange", zh="结束车辆定位信息交换请求", way=DOWN, name="DOWN_EXG_MSG_RETURN_END", answer=0x1206)
class EndExchange:
    """No longer send this vehicle's positions."""

    reason: int = u8(zh="请求原因", names=END_REASONS)


@message(UP_ID, 0x1205, en="start exchange answer", zh="启动车辆定位信息交换应答", way=UP, name="UP_EXG_MSG_RETURN_STARTUP_ACK")
class StartExchangeAnswer:
    """No fields in 2011."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)


@message(UP_ID, 0x1206, en="end exchange answer", zh="结束车辆定位信息交换应答", way=UP, name="UP_EXG_MSG_RETURN_END_ACK")
class EndExchangeAnswer:
    """No fields in 2011."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)


@message(UP_ID, 0x1207, en="apply for a vehicle's positions", zh="申请交换指定车辆定位信息请求", way=UP, name="UP_EXG_MSG_APPLY_FOR_MONITOR_STARTUP",
         answer=0x9207)  # fmt: skip
class ApplyExchange:
    """The subordinate platform wants a vehicle's positions for a while."""

    start_ms: int | None = utc_time(en="start", zh="开始时间")
    end_ms: int | None = utc_time(en="end", zh="结束时间")


@message(
    DOWN_ID, 0x9207, en="application answer", zh="申请交换指定车辆定位信息应答", way=DOWN, name="DOWN_EXG_MSG_APPLY_FOR_MONITOR_STARTUP_ACK"
)
class ApplyExchangeAnswer:
    """Whether they will come."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="返回结果", names=APPLY_RESULTS, default=0)


@message(
    UP_ID,
    0x1208,
    en="cancel application",
    zh="取消交换指定车辆定位信息请求",
    way=UP,
    name="UP_EXG_MSG_APPLY_FOR_MONITOR_END",
    answer=0x9208,
)
class CancelExchange:
    """The positions are no longer wanted; no fields."""


@message(
    DOWN_ID, 0x9208, en="cancellation answer", zh="取消交换指定车辆定位信息应答", way=DOWN, name="DOWN_EXG_MSG_APPLY_FOR_MONITOR_END_ACK"
)
class CancelExchangeAnswer:
    """Whether they stop."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="返回结果", names=CANCEL_RESULTS, default=0)


@message(
    UP_ID, 0x1209, en="ask for missed positions", zh="补发车辆定位信息请求", way=UP, name="UP_EXG_MSG_APPLY_HISGNSSDATA_REQ", answer=0x9209
)
class BackfillRequest:
    """After a break the subordinate platform asks for what was exchanged meanwhile."""

    start_ms: int | None = utc_time(en="start", zh="开始时间")
    end_ms: int | None = utc_time(en="end", zh="结束时间")


@message(DOWN_ID, 0x9209, en="missed positions answer", zh="补发车辆定位信息应答", way=DOWN, name="DOWN_EXG_MSG_APPLY_HISGNSSDATA_ACK")
class BackfillAnswer:
    """Whether 0x9203 follows."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="返回结果", names=BACKFILL_RESULTS, default=0)
