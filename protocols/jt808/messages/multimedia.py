"""Pictures, sounds and films: events, data, stored items, and the answers to orders for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protocols.definition import DOWN, NO_ANSWER, UP, structure
from protocols.fields import V2013, V2019, nested, of_kind, raw, repeat, rest, u8, u16, u32
from protocols.jt808.messages.location import Location
from protocols.jt808.registry import message
from protocols.kinds import Nested, Number, Part, Spec, refuse
from protocols.kinds.optional import TailList, keep_message
from protocols.wire import Reader, Writer

POSITION_BYTES = 28
HEAD_BYTES = 8 + POSITION_BYTES
"""Bytes of 0x0801 before the data."""

MEDIA_TYPES = {0: ("picture", "图像"), 1: ("sound", "音频"), 2: ("film", "视频")}
FORMATS = {0: ("JPEG", "JPEG"), 1: ("TIF", "TIF"), 2: ("MP3", "MP3"), 3: ("WAV", "WAV"), 4: ("WMV", "WMV")}
EVENTS = {
    0: ("platform's order", "平台下发指令"), 1: ("timed", "定时动作"), 2: ("robbery alarm", "抢劫报警触发"),
    3: ("collision or rollover alarm", "碰撞侧翻报警触发"), 4: ("door opens", "门开拍照"), 5: ("door closes", "门关拍照"),
    6: ("door shut, speed past 20 km/h", "车门由开变关,车速从小于20km/h到超过20km/h"), 7: ("every so far", "定距拍照"),
}  # fmt: skip
"""JT/T 808-2013 8.51 (4 to 7 are new in 2013; 0x0801 names 0 to 3 only, yet the rest is sent)."""


@dataclass(frozen=True)
class PositionHead(Nested):
    """The 28 bytes of a position without additional items. A bad time or place in them is noted, but drops nothing."""

    def _bounded(self, reader: Reader, path: str) -> tuple[Reader, int]:
        return reader.bounded(POSITION_BYTES, path), len(reader.context.anomalies)

    def read(self, reader: Reader, field: str) -> Any:
        """The position."""
        part, before = self._bounded(reader, field)
        found = super().read(part, field)
        keep_message(reader.context, before)
        return found

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, field by field."""
        part, before = self._bounded(reader, path.rpartition(".")[2])
        found = super().parts(part, path, spec, out)
        keep_message(reader.context, before)
        return found

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the position; RefusedError when it has additional items."""
        start = len(writer.out)
        super().write(writer, value, field)
        if len(writer.out) - start != POSITION_BYTES:
            refuse(field, "a position without additional items belongs here")


@message(0x0800, en="multimedia event", zh="多媒体事件信息上传", way=UP, clause="JT/T 808-2013 8.51")
class MediaEvent:
    """Something was recorded; the data comes in 0x0801, or when asked for."""

    media_id: int = u32(zh="多媒体数据ID")
    media_type: int = u8(zh="多媒体类型", names=MEDIA_TYPES)
    media_format: int = u8(zh="多媒体格式编码", names=FORMATS)
    event: int = u8(zh="事件项编码", names=EVENTS)
    channel: int = u8(zh="通道ID")


@message(0x0801, en="multimedia data", zh="多媒体数据上传", way=UP, clause="JT/T 808-2013 8.52", answer=0x8800)
class MediaData:
    """One picture, sound or film; `location` is where it began."""

    media_id: int = u32(zh="多媒体ID")
    media_type: int = u8(zh="多媒体类型", names=MEDIA_TYPES)
    media_format: int = u8(zh="多媒体格式编码", names=FORMATS)
    event: int = u8(zh="事件项编码", names=EVENTS)
    channel: int = u8(zh="通道ID")
    location: Location = of_kind(PositionHead(Location), en="position", zh="位置信息汇报")
    data: bytes = raw(rest(), zh="多媒体数据包")


@message(0x8800, en="multimedia upload reply", zh="多媒体数据上传应答", way=DOWN, clause="JT/T 808-2013 8.53", answer=NO_ANSWER)
class MediaReply:
    """What came of an upload: packets still missing. Complete, it is the media id and nothing else, not even a count of none."""

    media_id: int = u32(zh="多媒体ID")
    missing: tuple[int, ...] = of_kind(TailList(Number("B"), Number("H")), en="missing packets", zh="重传包ID列表", default=())


@structure(en="stored item", zh="多媒体检索项")
class StoredMedia:
    """One recording that the terminal holds."""

    media_id: int = u32(zh="多媒体ID")
    media_type: int = u8(zh="多媒体类型", names=MEDIA_TYPES)
    channel: int = u8(zh="通道ID")
    event: int = u8(zh="事件项编码", names=EVENTS)
    location: Location = of_kind(PositionHead(Location), en="position", zh="位置信息汇报")


@message(0x0802, en="stored multimedia list (reply to 0x8802)", zh="存储多媒体数据检索应答", way=UP, clause="JT/T 808-2013 8.57")
class StoredMediaList:
    """Recordings that fit a search."""

    reply_serial: int = u16(zh="应答流水号")
    items: tuple[StoredMedia, ...] = repeat(count=u16(), of=nested(StoredMedia), zh="检索项")


@message(0x0805, en="camera shot reply", zh="摄像头立即拍摄命令应答", way=UP, clause="JT/T 808-2013 8.55", versions=(V2013, V2019))
class ShotReply:
    """What became of an order for pictures; ids of those taken. A terminal that took none may leave the list out."""

    reply_serial: int = u16(zh="应答流水号")
    result: int = u8(zh="结果", names={0: ("done", "成功"), 1: ("failed", "失败"), 2: ("channel not supported", "通道不支持")})
    media_ids: tuple[int, ...] = of_kind(TailList(Number("H"), Number("I")), zh="多媒体ID列表", default=())
