"""Makers' own ways to ask for the time and to keep a link: 0x0109, 0x8109, 0x0506, 0x1007, 0x4401."""

from __future__ import annotations

from datetime import UTC, datetime

from protocols.anomaly import Code
from protocols.definition import DOWN, NO_ANSWER, UP
from protocols.fields import V2011, V2013, raw, u8, u16
from protocols.jt808.registry import message
from protocols.jt808.tables import RESULTS
from protocols.wire import Context

_VENDOR = "a maker's own, read from traccar/traccar HuabaoProtocolDecoder"


@message(0x0109, en="time request", zh="校时请求", way=UP, clause=_VENDOR)
class VendorTimeRequest:
    """The terminal asks for the time; what its body means is the maker's."""

    content: bytes = raw(zh="内容")


@message(0x8109, en="time reply", zh="校时应答", way=DOWN, clause=_VENDOR, answer=NO_ANSWER)
class VendorTime:
    """The platform's clock in binary numbers, UTC."""

    year: int = u16(zh="年")
    month: int = u8(zh="月")
    day: int = u8(zh="日")
    hour: int = u8(zh="时")
    minute: int = u8(zh="分")
    second: int = u8(zh="秒")
    result: int = u8(zh="结果", names={0: ("done", "成功"), 1: ("failed", "失败")})

    @classmethod
    def of(cls, t_ms: int, result: int = 0) -> VendorTime:
        """The reply of a time in epoch ms UTC."""
        t = datetime.fromtimestamp(t_ms // 1000, UTC)
        return cls(t.year, t.month, t.day, t.hour, t.minute, t.second, result)

    @property
    def time_ms(self) -> int | None:
        """Epoch ms UTC; None when the numbers are no time."""
        try:
            t = datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, tzinfo=UTC)
        except ValueError:
            return None
        return int(t.timestamp()) * 1000

    def judge(self, start: int, context: Context) -> None:
        """Note numbers that are no time."""
        if self.time_ms is None:
            context.note(Code.BAD_TIME, start, field="year")


@message(0x0506, en="heartbeat variant", zh="心跳变体", way=UP, clause=_VENDOR)
class VendorHeartbeat:
    """Sign of life with the maker's own body."""

    content: bytes = raw(zh="内容")


@message(0x1007, en="time zone request", zh="时区同步", way=UP, clause=_VENDOR)
class VendorTimeZone:
    """The terminal asks for its time zone; what its body means is the maker's."""

    content: bytes = raw(zh="内容")


@message(
    0x4401,
    en="general reply variant",
    zh="通用应答变体",
    way=DOWN,
    clause=_VENDOR,
    answer=NO_ANSWER,
    versions=(V2011, V2013),
)
class VendorReply:
    """What a platform says to 0x5501 and 0x5502 where attribute bit 15 asks for it."""

    reply_id: int = u16(zh="应答ID")
    result: int = u8(zh="结果", names=RESULTS)
