"""Orders for pictures, sounds and films."""

from __future__ import annotations

from protocols.definition import DOWN
from protocols.fields import V2013, V2019, of_kind, u8, u16, u32
from protocols.jt808.messages.multimedia import EVENTS, MEDIA_TYPES
from protocols.jt808.registry import message
from protocols.kinds.optional import OpenTime

STOP, FILM = 0, 0xFFFF
"""Orders to a camera beside the number of pictures."""

SAVING = {0: ("upload at once", "实时上传"), 1: ("keep", "保存")}
DELETING = {0: ("keep", "保留"), 1: ("delete", "删除")}
RESOLUTIONS = {
    0: ("lowest", "最低分辨率"), 1: ("320 × 240", "320*240"), 2: ("640 × 480", "640*480"), 3: ("800 × 600", "800*600"),
    4: ("1024 × 768", "1024*768"), 5: ("176 × 144, QCIF", "176*144[QCIF]"), 6: ("352 × 288, CIF", "352*288[CIF]"),
    7: ("704 × 288, half D1", "704*288[HALF D1]"), 8: ("704 × 576, D1", "704*576[D1]"), 255: ("highest", "最高分辨率"),
}  # fmt: skip
"""JT/T 808-2013 8.54; 0 and 255 are new in 2019."""

SAMPLE_RATES = {0: ("8 kHz", "8K"), 1: ("11.025 kHz", "11.025K"), 2: ("23 kHz", "23K"), 3: ("32 kHz", "32K")}


@message(0x8801, en="take a picture now", zh="摄像头立即拍摄命令", way=DOWN, clause="JT/T 808-2013 8.54", answer=0x0805)
class TakePicture:
    """Take `command` pictures; 0 stops, 0xFFFF films. `interval_s` 0 is the shortest, or a film without an end."""

    channel: int = u8(zh="通道ID")
    command: int = u16(zh="拍摄命令", names={STOP: ("stop", "停止拍摄"), FILM: ("film", "录像")})
    interval_s: int = u16(en="interval or length", zh="拍照间隔/录像时间", unit="s")
    saving: int = u8(zh="保存标志", names=SAVING)
    resolution: int = u8(zh="分辨率", names=RESOLUTIONS)
    quality: int = u8(en="quality, 1 best to 10", zh="图像/视频质量")
    brightness: int = u8(zh="亮度")
    contrast: int = u8(en="contrast, to 127", zh="对比度")
    saturation: int = u8(en="saturation, to 127", zh="饱和度")
    chroma: int = u8(zh="色度")


@message(0x8802, en="search stored multimedia", zh="存储多媒体数据检索", way=DOWN, clause="JT/T 808-2013 8.56", answer=0x0802)
class SearchMedia:
    """Ask for recordings; channel 0 is every channel, and a bound that is None is no bound."""

    media_type: int = u8(zh="多媒体类型", names=MEDIA_TYPES)
    channel: int = u8(zh="通道ID")
    event: int = u8(zh="事件项编码", names=EVENTS)
    start_ms: int | None = of_kind(OpenTime(), en="from", zh="起始时间")
    end_ms: int | None = of_kind(OpenTime(), en="to", zh="结束时间")


@message(0x8803, en="upload stored multimedia", zh="存储多媒体数据上传命令", way=DOWN, clause="JT/T 808-2013 8.58")
class UploadMedia:
    """Upload recordings; bounds as in 0x8802."""

    media_type: int = u8(zh="多媒体类型", names=MEDIA_TYPES)
    channel: int = u8(zh="通道ID")
    event: int = u8(zh="事件项编码", names=EVENTS)
    start_ms: int | None = of_kind(OpenTime(), en="from", zh="起始时间")
    end_ms: int | None = of_kind(OpenTime(), en="to", zh="结束时间")
    deleting: int = u8(zh="删除标志", names=DELETING)


@message(0x8804, en="record sound", zh="录音开始命令", way=DOWN, clause="JT/T 808-2013 8.59")
class RecordSound:
    """Start or stop recording; 0 s records without an end."""

    command: int = u8(zh="录音命令", names={0: ("stop", "停止录音"), 1: ("start", "开始录音")})
    duration_s: int = u16(en="duration", zh="录音时间", unit="s")
    saving: int = u8(zh="保存标志", names=SAVING)
    sample_rate: int = u8(zh="音频采样率", names=SAMPLE_RATES)


@message(
    0x8805,
    en="upload one stored multimedia item",
    zh="单条存储多媒体数据检索上传命令",
    way=DOWN,
    clause="JT/T 808-2013 8.60",
    versions=(V2013, V2019),
)
class UploadOne:
    """Upload one recording."""

    media_id: int = u32(zh="多媒体ID")
    deleting: int = u8(zh="删除标志", names=DELETING)
