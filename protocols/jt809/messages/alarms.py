"""Alarms between platforms: reports, follow-up orders, warnings."""

from __future__ import annotations

from typing import Any

from protocols.definition import DOWN, UP, structure
from protocols.fields import V2011, V2019, code, of_kind, since, sized, text, u8, u16, u32, until, utc_time
from protocols.jt808.tables import PLATE_COLOURS
from protocols.jt809.kinds import AlarmTime
from protocols.jt809.positions import ByEdition
from protocols.jt809.registry import message
from protocols.jt809.tables import ALARM_SOURCES, ALARM_TYPES, FOLLOW_UP_LEVELS, FOLLOW_UP_RESULTS
from protocols.kinds import UtcTime

UP_ID, DOWN_ID = 0x1400, 0x9400
_TEXT_2011, _TEXT_2019 = 15, 74
"""Where 0x1402 has the length of its text."""


def _by_text(body: bytes, version: str) -> str:
    """The 2019 layout in a 2011 frame where only it ends with its text (some platforms mix the editions)."""

    def ends(at: int) -> bool:
        return len(body) >= at + 4 and int.from_bytes(body[at : at + 4], "big") == len(body) - at - 4

    if version == V2011 and not ends(_TEXT_2011) and (ends(_TEXT_2019) or ends(_TEXT_2019 - 8)):
        return V2019
    return version


def _alarm_time() -> Any:
    return of_kind(ByEdition(UtcTime(), AlarmTime()), en="alarm time", zh="报警时间", default=None)


@message(DOWN_ID, 0x9401, en="follow-up order", zh="报警督办请求", way=DOWN, name="DOWN_WARN_MSG_URGE_TODO_REQ", answer=0x1401)
class FollowUpOrder:
    """Deal with this alarm until the deadline (督办)."""

    source: int = u8(en="source of the alarm", zh="报警信息来源", names=ALARM_SOURCES)
    kind: int = u16(en="kind of alarm", zh="报警类型", names=ALARM_TYPES)
    time_ms: int | None = utc_time(en="alarm time", zh="报警时间")
    order_id: int = u32(en="follow-up id", zh="报警督办ID")
    deadline_ms: int | None = utc_time(en="deadline", zh="督办截止时间")
    level: int = u8(zh="督办级别", names=FOLLOW_UP_LEVELS)
    supervisor: str = text(16, zh="督办人", default="")
    telephone: str = text(20, zh="督办联系电话", default="")
    email: str = text(32, zh="督办联系电子邮件", default="")


@message(UP_ID, 0x1401, en="follow-up answer", zh="报警督办应答", way=UP, name="UP_WARN_MSG_URGE_TODO_ACK")
class FollowUpAnswer:
    """How far it is dealt with."""

    order_id: int = u32(en="follow-up id", zh="报警督办ID")
    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="报警处理结果", names=FOLLOW_UP_RESULTS, default=0)


@message(UP_ID, 0x1402, en="alarm", zh="上报报警信息", way=UP, name="UP_WARN_MSG_ADPT_INFO", choose=_by_text)
class AlarmReport:
    """An alarm of a vehicle or platform; in 2019 the vehicle stands among the fields."""

    source: int | None = until(V2011, u8(en="source of the alarm", zh="报警信息来源", names=ALARM_SOURCES), default=None)
    source_platform: str | None = since(V2019, code(11, zh="发起报警平台唯一编码"), default=None)
    kind: int = u16(en="kind of alarm", zh="报警类型", names=ALARM_TYPES, default=0)
    time_ms: int | None = _alarm_time()
    info_id: int | None = until(V2011, u32(zh="信息ID"), default=None)
    start_ms: int | None = since(V2019, utc_time(en="start", zh="事件开始时间"), default=None)
    end_ms: int | None = since(V2019, utc_time(en="end", zh="事件结束时间"), default=None)
    plate: str | None = since(V2019, text(21, zh="车牌号码"), default=None)
    plate_colour: int | None = since(V2019, u8(zh="车牌颜色", names=PLATE_COLOURS), default=None)
    target_platform: str | None = since(V2019, code(11, zh="被报警平台唯一编码"), default=None)
    route_id: int | None = since(V2019, u32(zh="线路ID"), default=None)
    content: str = text(sized(4), zh="上报报警信息内容", default="")


@message(UP_ID, 0x1403, en="alarm result (2011), warning (2019)", zh="主动上报报警处理结果（2011），上报报警预警信息（2019）", way=UP,
         name="UP_WARN_MSG_ADPT_TODO_INFO, UP_WARN_MSG_INFORM_TIPS")  # fmt: skip
class AlarmResult:
    """In 2011 how an alarm was dealt with; in 2019 a warning or tip, never a result (that is 0x1412)."""

    info_id: int | None = until(V2011, u32(zh="报警信息ID"), default=None)
    result: int | None = until(V2011, u8(zh="报警处理结果", names=FOLLOW_UP_RESULTS), default=None)
    source_platform: str | None = since(V2019, code(11, zh="发起报警平台唯一编码"), default=None)
    kind: int | None = since(V2019, u16(en="kind of alarm", zh="报警类型", names=ALARM_TYPES), default=None)
    time_ms: int | None = since(V2019, _alarm_time(), default=None)
    start_ms: int | None = since(V2019, utc_time(en="start", zh="事件开始时间"), default=None)
    end_ms: int | None = since(V2019, utc_time(en="end", zh="事件结束时间"), default=None)
    plate: str | None = since(V2019, text(21, zh="车牌号码"), default=None)
    plate_colour: int | None = since(V2019, u8(zh="车牌颜色", names=PLATE_COLOURS), default=None)
    target_platform: str | None = since(V2019, code(11, zh="被报警平台唯一编码"), default=None)
    route_id: int | None = since(V2019, u32(zh="线路ID"), default=None)
    content: str | None = since(V2019, text(sized(4), zh="信息内容"), default=None)


@message(
    UP_ID, 0x1411, en="follow-up answer by serial", zh="上报报警督办应答", way=UP, name="UP_WARN_MSG_URGE_TODO_ACK_INFO", versions=(V2019,)
)
class FollowUpAnswerBySerial:
    """How far a follow-up order is dealt with, named by its serial."""

    source_type: int = u16(zh="源子业务类型标识")
    source_serial: int = u32(zh="源报文序列号")
    result: int = u8(zh="报警处理结果", names=FOLLOW_UP_RESULTS)


@message(
    UP_ID, 0x1412, en="alarm result by serial", zh="主动上报报警处理结果", way=UP, name="UP_WARN_MSG_ADPT_TODO_INFO", versions=(V2019,)
)
class AlarmResultBySerial:
    """How an alarm was dealt with, named by the serial of its report."""

    source_type: int = u16(zh="源子业务类型标识")
    source_serial: int = u32(zh="源报文序列号")
    result: int = u8(zh="报警处理结果", names=FOLLOW_UP_RESULTS)


@message(UP_ID, 0x1413, en="own follow-up order", zh="上报报警督办请求", way=UP, name="UP_WARN_MSG_URGE_TODO_REQ_INFO", versions=(V2019,))
class OwnFollowUpOrder:
    """The subordinate platform has urged somebody itself."""

    source_platform: str = code(11, zh="发起报警平台唯一编码")
    time_ms: int | None = utc_time(en="alarm time", zh="报警时间")
    source_type: int = u16(zh="源子业务类型标识", default=0)
    source_serial: int = u32(zh="源报文序列号", default=0)
    deadline_ms: int | None = utc_time(en="deadline", zh="督办截止时间", default=0)
    level: int = u8(zh="督办级别", names=FOLLOW_UP_LEVELS, default=1)
    supervisor: str = text(16, zh="督办人", default="")
    telephone: str = text(20, zh="督办联系电话", default="")
    email: str = text(32, zh="督办联系电子邮件", default="")


@structure(en="alarm of another platform", zh="其他平台的报警")
class ToldAlarm:
    """What 0x9402 and 0x9403 say of a vehicle."""

    source: int | None = until(V2011, u8(en="source of the alarm", zh="报警信息来源", names=ALARM_SOURCES), default=None)
    source_platform: str | None = since(V2019, code(11, zh="发起报警平台唯一编码"), default=None)
    kind: int = u16(en="kind of alarm", zh="报警类型", names=ALARM_TYPES, default=0)
    time_ms: int | None = _alarm_time()
    start_ms: int | None = since(V2019, utc_time(en="start", zh="事件开始时间"), default=None)
    end_ms: int | None = since(V2019, utc_time(en="end", zh="事件结束时间"), default=None)
    plate: str | None = since(V2019, text(21, zh="车牌号码"), default=None)
    plate_colour: int | None = since(V2019, u8(zh="车牌颜色", names=PLATE_COLOURS), default=None)
    target_platform: str | None = since(V2019, code(11, zh="被报警平台唯一编码"), default=None)
    route_id: int | None = since(V2019, u32(zh="线路ID"), default=None)
    content: str = text(sized(4), zh="报警描述", default="")


@message(DOWN_ID, 0x9402, en="warning", zh="报警预警", way=DOWN, name="DOWN_WARN_MSG_INFORM_TIPS")
class AlarmWarning(ToldAlarm):
    """A warning or tip about a vehicle, to its own platform or that of the region it is in."""


@message(DOWN_ID, 0x9403, en="exchanged alarm", zh="实时交换报警信息", way=DOWN, name="DOWN_WARN_MSG_EXG_INFORM")
class ExchangedAlarm(ToldAlarm):
    """What a vehicle of another region reports while it is here."""
