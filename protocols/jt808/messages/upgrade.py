"""Upgrades of a terminal's programs."""

from __future__ import annotations

from protocols.definition import DOWN, UP
from protocols.fields import V2013, V2019, Words, of_kind, raw, sized, text, u8
from protocols.jt808.registry import message
from protocols.kinds.maker import MakerId

UPGRADE_KINDS: dict[int, Words] = {
    0: ("terminal", "终端"), 12: ("permit card reader", "道路运输证IC卡读卡器"), 52: ("GNSS module", "北斗卫星定位模块"),
}  # fmt: skip
UPGRADE_RESULTS: dict[int, Words] = {0: ("done", "成功"), 1: ("failed", "失败"), 2: ("cancelled", "取消")}


def ends_package(frame: bytes, at: int, end: int) -> bool:
    """True when an upgrade package whose version lies at `at` ends exactly at `end`."""
    if at >= end:
        return False
    at += 1 + frame[at]
    return at + 4 <= end and at + 4 + int.from_bytes(frame[at : at + 4], "big") == end


@message(0x8108, en="upgrade package", zh="下发终端升级包", way=DOWN, clause="8.19", versions=(V2013, V2019))
class UpgradePackage:
    """A program for the terminal. The maker id has 5 bytes to 2013; in 2019 5 or 11, whichever ends at the end of the body."""

    kind: int = u8(en="what is upgraded", zh="升级类型", names=UPGRADE_KINDS)
    maker: str = of_kind(MakerId(ends_package, "maker_id_8108"), zh="制造商ID")
    version: str = text(sized(1), zh="终端固件版本号")
    package: bytes = raw(sized(4), zh="升级数据包")


@message(0x0108, en="upgrade result", zh="终端升级结果通知", way=UP, clause="8.20", versions=(V2013, V2019))
class UpgradeResult:
    """How an upgrade ended."""

    kind: int = u8(en="what was upgraded", zh="升级类型", names=UPGRADE_KINDS)
    result: int = u8(zh="升级结果", names=UPGRADE_RESULTS)
