"""Commands about positions."""

from __future__ import annotations

from protocols.definition import DOWN
from protocols.fields import u16, u32, when
from protocols.jt808.registry import message


@message(0x8201, en="ask position", zh="位置信息查询", way=DOWN, clause="8.23", answer=0x0201)
class LocationQuery:
    """Ask for the position now; no body."""


@message(0x8202, en="follow position for a while", zh="临时位置跟踪控制", way=DOWN, clause="8.25")
class TrackingControl:
    """Report every `interval_s` for `valid_s`; an interval of 0 ends it and has no `valid_s`."""

    interval_s: int = u16(en="interval", zh="时间间隔", unit="s")
    valid_s: int | None = when("interval_s", u32(en="validity", zh="位置跟踪有效期", unit="s"), unlike=0, default=None)
