"""Recorded video of JT/T 1078-2016: lists of recordings, playback, and upload of files to an FTP server."""

from __future__ import annotations

from protocols.definition import DOWN, UP, structure
from protocols.fields import bcd_time, nested, of_kind, repeat, sized, text, u8, u16, u32, u64
from protocols.jt808.messages.video import EDITIONS
from protocols.jt808.registry import message
from protocols.jt808.video_tables import MEDIA_TYPES, SPEED_FACTORS, STORAGE_TYPES, STREAM_TYPES, VIDEO_ALARM_FLAGS
from protocols.kinds.open_time import OpenTime


@structure(en="recording", zh="音视频资源")
class Recording:
    """One recording in the terminal, JT/T 1078-2016 table 23."""

    channel: int = u8(zh="逻辑通道号")
    start_ms: int | None = bcd_time(en="start", zh="开始时间")
    end_ms: int | None = bcd_time(en="end", zh="结束时间")
    alarm_bits: int = u64(en="alarms", zh="报警标志", bits=VIDEO_ALARM_FLAGS)
    media: int = u8(zh="音视频资源类型", names=MEDIA_TYPES)
    stream: int = u8(zh="码流类型", names=STREAM_TYPES)
    storage: int = u8(zh="存储器类型", names=STORAGE_TYPES)
    size: int = u32(en="size", zh="文件大小", unit="B")


@message(0x1205, en="recording list", zh="终端上传音视频资源列表", way=UP, clause="JT/T 1078-2016 5.6.2", versions=EDITIONS)
class RecordingList:
    """Recordings that a query found."""

    reply_serial: int = u16(zh="应答流水号")
    recordings: tuple[Recording, ...] = repeat(count=u32(), of=nested(Recording), zh="音视频资源列表")


@message(0x1206, en="file upload finished", zh="文件上传完成通知", way=UP, clause="JT/T 1078-2016 5.6.6", versions=EDITIONS)
class UploadFinished:
    """An ordered upload came to its end."""

    reply_serial: int = u16(zh="应答流水号")
    result: int = u8(zh="结果", names={0: ("done", "成功"), 1: ("failed", "失败")})


@message(
    0x9201, en="playback request", zh="平台下发远程录像回放请求", way=DOWN, clause="JT/T 1078-2016 5.6.3", answer=0x1205, versions=EDITIONS
)
class PlaybackRequest:
    """Ask for recorded video to a server; `end_ms` None plays on without an end."""

    server: str = text(sized(1), en="server address", zh="服务器IP地址")
    tcp_port: int = u16(en="TCP port", zh="服务器音视频通道监听端口号(TCP)")
    udp_port: int = u16(en="UDP port", zh="服务器音视频通道监听端口号(UDP)")
    channel: int = u8(zh="逻辑通道号")
    media: int = u8(zh="音视频类型", names=MEDIA_TYPES)
    stream: int = u8(zh="码流类型", names=STREAM_TYPES)
    storage: int = u8(zh="存储器类型", names=STORAGE_TYPES)
    mode: int = u8(en="way of playing", zh="回放方式", names={
        0: ("normal", "正常回放"), 1: ("fast forward", "快进回放"), 2: ("key frames backward", "关键帧快退回放"),
        3: ("key frames", "关键帧播放"), 4: ("one frame", "单帧上传"),
    })  # fmt: skip
    speed: int = u8(en="speed factor", zh="快进或快退倍数", names=SPEED_FACTORS)
    start_ms: int | None = of_kind(OpenTime(), en="start", zh="开始时间")
    end_ms: int | None = of_kind(OpenTime(), en="end", zh="结束时间")


@message(0x9202, en="playback control", zh="平台下发远程录像回放控制", way=DOWN, clause="JT/T 1078-2016 5.6.4", versions=EDITIONS)
class PlaybackControl:
    """Pause, end or move a playback; `seek_ms` counts for command 5 only and is None where it is left open."""

    channel: int = u8(zh="音视频通道号")
    command: int = u8(zh="回放控制", names={
        0: ("start", "开始回放"), 1: ("pause", "暂停回放"), 2: ("end", "结束回放"), 3: ("fast forward", "快进回放"),
        4: ("key frames backward", "关键帧快退回放"), 5: ("seek", "拖动回放"), 6: ("key frames", "关键帧播放"),
    })  # fmt: skip
    speed: int = u8(en="speed factor", zh="快进或快退倍数", names=SPEED_FACTORS)
    seek_ms: int | None = of_kind(OpenTime(), en="position to seek", zh="拖动回放位置")


@message(0x9205, en="ask recording list", zh="查询资源列表", way=DOWN, clause="JT/T 1078-2016 5.6.1", answer=0x1205, versions=EDITIONS)
class RecordingQuery:
    """Ask for recordings: channel 0 for all, a time of None without that bound, no alarm bit for any."""

    channel: int = u8(zh="逻辑通道号")
    start_ms: int | None = of_kind(OpenTime(), en="start", zh="开始时间")
    end_ms: int | None = of_kind(OpenTime(), en="end", zh="结束时间")
    alarm_bits: int = u64(en="alarms", zh="报警标志", bits=VIDEO_ALARM_FLAGS)
    media: int = u8(zh="音视频资源类型", names=MEDIA_TYPES)
    stream: int = u8(zh="码流类型", names=STREAM_TYPES)
    storage: int = u8(zh="存储器类型", names=STORAGE_TYPES)


@message(0x9206, en="file upload order", zh="文件上传指令", way=DOWN, clause="JT/T 1078-2016 5.6.5", versions=EDITIONS)
class UploadOrder:
    """Order recordings to an FTP server."""

    server: str = text(sized(1), en="FTP server", zh="服务器地址")
    port: int = u16(zh="端口")
    user: str = text(sized(1), zh="用户名")
    password: str = text(sized(1), zh="密码")
    path: str = text(sized(1), en="upload path", zh="文件上传路径")
    channel: int = u8(zh="逻辑通道号")
    start_ms: int | None = of_kind(OpenTime(), en="start", zh="开始时间")
    end_ms: int | None = of_kind(OpenTime(), en="end", zh="结束时间")
    alarm_bits: int = u64(en="alarms", zh="报警标志", bits=VIDEO_ALARM_FLAGS)
    media: int = u8(zh="音视频资源类型", names=MEDIA_TYPES)
    stream: int = u8(zh="码流类型", names=STREAM_TYPES)
    storage: int = u8(zh="存储位置", names=STORAGE_TYPES)
    networks: int = u8(
        en="networks it may use",
        zh="任务执行条件",
        bits={0: ("Wi-Fi", "WIFI下可下载"), 1: ("LAN", "LAN连接时可下载"), 2: ("3G/4G", "3G/4G连接时可下载")},
    )


@message(0x9207, en="file upload control", zh="文件上传控制", way=DOWN, clause="JT/T 1078-2016 5.6.7", versions=EDITIONS)
class UploadControl:
    """Pause, resume or cancel an ordered upload."""

    order_serial: int = u16(en="serial of the order", zh="应答流水号")
    control: int = u8(zh="上传控制", names={0: ("pause", "暂停"), 1: ("resume", "继续"), 2: ("cancel", "取消")})
