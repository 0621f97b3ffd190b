"""Between the people of two platforms: roll call, messages, and repeats of what was missed."""

from __future__ import annotations

from protocols.definition import DOWN, UP
from protocols.fields import V2011, V2019, by_version, since, sized, text, u8, u16, u32, until, utc_time
from protocols.jt809.registry import message
from protocols.jt809.tables import ROLL_CALL_OBJECTS

UP_ID, DOWN_ID = 0x1300, 0x9300


def _by_object(body: bytes, version: str) -> str:
    """The 2011 layout (object id of 12 bytes) where only it ends with its text; some 2019 platforms keep it."""

    def ends(size: int) -> bool:
        at = 1 + size + 4
        return len(body) >= at + 4 and int.from_bytes(body[at : at + 4], "big") == len(body) - at - 4

    return V2011 if version == V2019 and not ends(20) and ends(12) else version


@message(DOWN_ID, 0x9301, en="roll call", zh="平台查岗请求", way=DOWN, name="DOWN_PLATFORM_MSG_POST_QUERY_REQ", answer=0x1301)
class RollCall:
    """Is somebody there? To be answered by a person, within `limit_min` (2019)."""

    object_type: int = u8(zh="查岗对象的类型", names=ROLL_CALL_OBJECTS)
    object_id: str = text(by_version(12, 12, 20), zh="查岗对象的ID")
    limit_min: int | None = since(V2019, u8(en="time to answer", zh="查岗应答时限", unit="min"), default=None)
    info_id: int = u32(zh="信息ID", default=0)
    content: str = text(sized(4), zh="信息内容", default="")


@message(UP_ID, 0x1301, en="roll call answer", zh="平台查岗应答", way=UP, name="UP_PLATFORM_MSG_POST_QUERY_ACK")
class RollCallAnswer:
    """What the person on duty answered."""

    object_type: int = u8(zh="查岗对象的类型", names=ROLL_CALL_OBJECTS)
    responder: str | None = since(V2019, text(16, zh="查岗应答人姓名"), default=None)
    telephone: str | None = since(V2019, text(20, zh="查岗应答人联系电话"), default=None)
    object_id: str = text(by_version(12, 12, 20), zh="查岗对象的ID", default="")
    info_id: int | None = until(V2011, u32(zh="信息ID"), default=None)
    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    content: str = text(sized(4), zh="应答内容", default="")


@message(DOWN_ID, 0x9302, en="message to the platform", zh="下发平台间报文请求", way=DOWN, name="DOWN_PLATFORM_MSG_INFO_REQ", answer=0x1302,
         choose=_by_object)  # fmt: skip
class PlatformText:
    """A text for the people of the subordinate platform."""

    object_type: int = u8(zh="下发报文对象类型", names=ROLL_CALL_OBJECTS)
    object_id: str = text(by_version(12, 12, 20), zh="下发报文对象ID")
    info_id: int = u32(zh="信息ID")
    content: str = text(sized(4), zh="报文内容")


@message(UP_ID, 0x1302, en="message received", zh="下发平台间报文应答", way=UP, name="UP_PLATFORM_MSG_INFO_ACK")
class PlatformTextAnswer:
    """The text has arrived."""

    info_id: int | None = until(V2011, u32(zh="信息ID"), default=None)
    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)


@message(
    UP_ID, 0x1303, en="ask for repeats (up)", zh="上传平台间消息补传请求", way=UP, name="UP_PLATFORM_MSG_RETRAN_REQ", versions=(V2019,)
)
class RepeatRequestUp:
    """The subordinate platform missed serials `first` to `last`, or everything since a time; what is not meant is 0."""

    first: int = u32(en="first serial", zh="起始报文序列号")
    last: int = u32(en="last serial", zh="结束报文序列号")
    since_ms: int | None = utc_time(en="since", zh="重传起始系统时间", default=0)


@message(
    DOWN_ID,
    0x9303,
    en="ask for repeats (down)",
    zh="下发平台间消息补传请求",
    way=DOWN,
    name="DOWN_PLATFORM_MSG_RETRAN_REQ",
    versions=(V2019,),
)
class RepeatRequestDown:
    """The superior platform missed serials `first` to `last`, or everything since a time; what is not meant is 0."""

    first: int = u32(en="first serial", zh="起始报文序列号")
    last: int = u32(en="last serial", zh="结束报文序列号")
    since_ms: int | None = utc_time(en="since", zh="重传起始系统时间", default=0)
