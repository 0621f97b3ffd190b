"""Data that are passed through: transparent, compressed, waybills, CAN frames; and the keys of a session."""

from __future__ import annotations

import zlib

from protocols.anomaly import Code, anomaly
from protocols.definition import DOWN, UP, structure
from protocols.fields import V2013, V2019, Words, digits, of_kind, raw, sized, u8, u16, u32
from protocols.jt808.registry import message
from protocols.jt808.tables import CAN_FLAGS
from protocols.kinds import Nested
from protocols.kinds.lists import Series
from protocols.wire import Context

INFLATED_LIMIT = 65_536
"""Bytes that a compressed body may have when inflated."""

PASSTHROUGH_KINDS: dict[int, Words] = {
    0x00: ("GNSS module", "GNSS模块详细定位数据"), 0x0B: ("permit card", "道路运输证IC卡信息"), 0x41: ("serial port 1", "串口1透传"),
    0x42: ("serial port 2", "串口2透传"),
}  # fmt: skip
"""JT/T 808-2019 table 93; F0 to FF are the user's own."""

_GZIP = 16 + zlib.MAX_WBITS


@message(0x0900, en="uplink passthrough", zh="数据上行透传", way=UP, clause="8.61")
class PassthroughUp:
    """Bytes of a device behind the terminal."""

    kind: int = u8(en="kind of data", zh="透传消息类型", names=PASSTHROUGH_KINDS)
    content: bytes = raw(zh="透传消息内容")


@message(0x8900, en="downlink passthrough", zh="数据下行透传", way=DOWN, clause="8.60")
class PassthroughDown:
    """Bytes for a device behind the terminal."""

    kind: int = u8(en="kind of data", zh="透传消息类型", names=PASSTHROUGH_KINDS)
    content: bytes = raw(zh="透传消息内容")


@message(0x0901, en="compressed uplink (gzip)", zh="数据压缩上报", way=UP, clause="8.62")
class Compressed:
    """A body compressed with gzip, kept as it came."""

    content: bytes = raw(sized(4), en="compressed body", zh="压缩消息体")

    @classmethod
    def of(cls, content: bytes) -> Compressed:
        """A message whose content inflates to these bytes."""
        packer = zlib.compressobj(wbits=_GZIP)
        return cls(packer.compress(content) + packer.flush())

    def inflated(self, limit: int = INFLATED_LIMIT) -> bytes | None:
        """The content; None when it is no gzip, is cut short, or has over `limit` bytes."""
        unpacker = zlib.decompressobj(_GZIP)
        try:
            found = unpacker.decompress(self.content, limit + 1)
        except zlib.error:
            return None
        return found if unpacker.eof and len(found) <= limit else None

    def judge(self, start: int, context: Context) -> None:
        """Note content that cannot be inflated; the message is kept with its bytes."""
        if self.inflated() is None:
            detail = f"no gzip of at most {INFLATED_LIMIT} bytes"
            context.anomalies.append(anomaly(Code.BAD_VALUE, start + 4, field="content", detail=detail, drop=False))


@message(0x0701, en="electronic waybill", zh="电子运单上报", way=UP, clause="8.45")
class Waybill:
    """A waybill as the terminal holds it; the standard does not lay out its bytes."""

    content: bytes = raw(sized(4), en="waybill", zh="电子运单内容")


@structure(en="CAN frame", zh="CAN总线数据项")
class CanFrame:
    """One frame of the bus."""

    can_id: int = u32(en="CAN id and flags", zh="CAN总线ID", bits=CAN_FLAGS)
    content: bytes = raw(8, zh="CAN数据")


@message(0x0705, en="CAN bus data", zh="CAN总线数据上传", way=UP, clause="8.49", versions=(V2013, V2019))
class CanData:
    """Frames of the bus; `count` is what the terminal says, `time_of_day` hhmmss and milliseconds as ten digits, of the first frame."""

    count: int = u16(zh="数据项个数")
    time_of_day: str = digits(5, zh="CAN总线数据接收时间")
    frames: tuple[CanFrame, ...] = of_kind(Series(Nested(CanFrame)), zh="CAN总线数据项")

    @classmethod
    def of(cls, time_of_day: str, frames: tuple[CanFrame, ...]) -> CanData:
        """Frames with their right count."""
        return cls(len(frames), time_of_day, frames)

    def judge(self, start: int, context: Context) -> None:
        """Note a count that is not the number of frames."""
        if self.count != len(self.frames):
            context.note(Code.ITEM_COUNT, start, field="count", detail=f"says {self.count}, {len(self.frames)} came")


@message(0x0A00, en="terminal RSA public key", zh="终端RSA公钥", way=UP, clause="8.64")
class TerminalKey:
    """The terminal's public key."""

    exponent: int = u32(zh="终端RSA公钥e")
    modulus: bytes = raw(128, zh="终端RSA公钥n")


@message(0x8A00, en="platform RSA public key", zh="平台RSA公钥", way=DOWN, clause="8.63", answer=0x0A00)
class PlatformKey:
    """The platform's public key."""

    exponent: int = u32(zh="平台RSA公钥e")
    modulus: bytes = raw(128, zh="平台RSA公钥n")
