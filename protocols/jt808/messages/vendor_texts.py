"""Makers' own texts, photos and settings: 0x0304, 0x1300, 0x6006, 0x8888, 0x0310, 0x1FC4, 0xA006."""

from __future__ import annotations

from protocols.definition import DOWN, UP, structure
from protocols.fields import Words, bcd_time, nested, of_kind, raw, repeat, sized, text, u8, u16
from protocols.jt808.registry import message
from protocols.kinds.lists import ExactText, Utf16Text

_VENDOR = "a maker's own, read from traccar/traccar HuabaoProtocolDecoder"

UPGRADE_STATES: dict[int, Words] = {0: ("loading", "下载"), 1: ("installing", "安装"), 2: ("done", "完成")}


@message(0x0304, en="text reply", zh="文本应答变体", way=UP, clause=_VENDOR)
class VendorText:
    """Text in reply to a command."""

    reply_serial: int = u16(zh="应答流水号")
    kind: int = u8(en="kind of text", zh="类型", names={0x4E: ("N", "N"), 0x4F: ("O", "O")})
    text: str = text(sized(2), zh="文本")


@message(0x1300, en="text reply, UTF-16", zh="文本应答", way=UP, clause=_VENDOR)
class VendorWideText:
    """Text in reply to a command, in UTF-16."""

    reply_serial: int = u16(zh="应答流水号")
    text: str = of_kind(Utf16Text(), zh="文本")


@message(0x6006, en="text report", zh="文本上报", way=UP, clause=_VENDOR)
class VendorReport:
    """Text of the terminal's own accord; bytes that are no text are kept as `hex:...`."""

    encoding: int = u8(zh="编码")
    text: str = of_kind(ExactText(), zh="文本")


@message(0x8888, en="photo", zh="照片上传变体", way=UP, clause=_VENDOR)
class VendorPhoto:
    """A photo, or a part of one; what its body means is the maker's."""

    content: bytes = raw(zh="内容")


@structure(en="setting", zh="参数项")
class VendorSetting:
    """One setting."""

    id: int = u8(zh="参数ID")
    content: bytes = raw(sized(1), en="value", zh="参数值")


@message(0x0310, en="parameter setting", zh="参数设置变体", way=DOWN, clause=_VENDOR)
class VendorSettings:
    """Settings with ids of one byte."""

    settings: tuple[VendorSetting, ...] = repeat(count=u8(), of=nested(VendorSetting), zh="参数项列表")


@message(0x1FC4, en="upgrade progress (Guangdong)", zh="终端升级进度上报(粤标)", way=UP, clause="DB44/T 2343 (Yue-biao)")
class UpgradeProgress:
    """How far an upgrade has come."""

    reply_serial: int = u16(zh="应答流水号")
    kind: int = u8(en="what is upgraded", zh="升级类型")
    state: int = u8(zh="升级状态", names=UPGRADE_STATES)
    percent: int = u8(en="progress", zh="升级进度", unit="%")
    error: int = u8(zh="错误码")


@message(0xA006, en="oil and power control", zh="油路控制", way=DOWN, clause=_VENDOR)
class OilControl:
    """Cut the engine's fuel and power, or give them back."""

    action: int = u8(zh="控制", names={0: ("resume", "恢复"), 1: ("cut", "断开")})
    time_ms: int | None = bcd_time(en="time", zh="时间")
