"""Live video of JT/T 1078-2016: attributes of the terminal, passenger flow, request and control of a live stream."""

from __future__ import annotations

from protocols.definition import DOWN, NO_ANSWER, UP
from protocols.fields import V2013, V2019, bcd_time, sized, text, u8, u16
from protocols.jt808.registry import message
from protocols.jt808.video_tables import CODECS

EDITIONS = (V2013, V2019)
"""JT/T 1078 is of 2016: terminals of the 2013 and the 2019 edition speak it."""


@message(
    0x1003,
    en="audio and video attributes (reply to 0x9003)",
    zh="终端上传音视频属性",
    way=UP,
    clause="JT/T 1078-2016 5.3.3",
    versions=EDITIONS,
)
class VideoAttributes:
    """What the terminal can record and send."""

    audio_codec: int = u8(zh="输入音频编码方式", names=CODECS)
    audio_channels: int = u8(zh="输入音频声道数")
    sample_rate: int = u8(
        zh="输入音频采样率", names={0: ("8 kHz", "8kHz"), 1: ("22.05 kHz", "22.05kHz"), 2: ("44.1 kHz", "44.1kHz"), 3: ("48 kHz", "48kHz")}
    )
    sample_bits: int = u8(zh="输入音频采样位数", names={0: ("8 bit", "8位"), 1: ("16 bit", "16位"), 2: ("32 bit", "32位")})
    frame_length: int = u16(zh="音频帧长度")
    audio_output: int = u8(en="supports audio output", zh="是否支持音频输出", names={0: ("no", "不支持"), 1: ("yes", "支持")})
    video_codec: int = u8(zh="视频编码方式", names=CODECS)
    most_audio_channels: int = u8(en="most physical audio channels", zh="终端支持的最大音频物理通道数量")
    most_video_channels: int = u8(en="most physical video channels", zh="终端支持的最大视频物理通道数量")


@message(0x1005, en="passenger flow", zh="终端上传乘客流量", way=UP, clause="JT/T 1078-2016 5.4.2", versions=EDITIONS)
class PassengerFlow:
    """Passengers who got on and off between two times; a time is None when its digits are none."""

    start_ms: int | None = bcd_time(en="start", zh="起始时间")
    end_ms: int | None = bcd_time(en="end", zh="结束时间")
    boarded: int = u16(zh="上车人数")
    alighted: int = u16(zh="下车人数")


@message(
    0x9003,
    en="ask audio and video attributes",
    zh="查询终端音视频属性",
    way=DOWN,
    clause="JT/T 1078-2016 5.3.2",
    answer=0x1003,
    versions=EDITIONS,
)
class VideoAttributesQuery:
    """Ask what the terminal can record and send; no body."""


@message(0x9101, en="live audio/video request", zh="实时音视频传输请求", way=DOWN, clause="JT/T 1078-2016 5.5.1", versions=EDITIONS)
class LiveRequest:
    """Ask for a live stream to a server; a port of 0 is not used."""

    server: str = text(sized(1), en="server address", zh="服务器IP地址")
    tcp_port: int = u16(en="TCP port", zh="服务器视频通道监听端口号(TCP)")
    udp_port: int = u16(en="UDP port", zh="服务器视频通道监听端口号(UDP)")
    channel: int = u8(zh="逻辑通道号")
    kind: int = u8(en="kind of data", zh="数据类型", names={
        0: ("audio and video", "音视频"), 1: ("video", "视频"), 2: ("two-way talk", "双向对讲"), 3: ("listen", "监听"),
        4: ("broadcast", "中心广播"), 5: ("passthrough", "透传"),
    })  # fmt: skip
    stream: int = u8(zh="码流类型", names={0: ("main stream", "主码流"), 1: ("sub stream", "子码流")})


@message(0x9102, en="live audio/video control", zh="音视频实时传输控制", way=DOWN, clause="JT/T 1078-2016 5.5.2", versions=EDITIONS)
class LiveControl:
    """Close, pause or switch a live stream."""

    channel: int = u8(zh="逻辑通道号")
    command: int = u8(zh="控制指令", names={
        0: ("close", "关闭音视频传输指令"), 1: ("switch stream", "切换码流"), 2: ("pause all", "暂停该通道所有流的发送"),
        3: ("resume", "恢复暂停前流的发送"), 4: ("close talk", "关闭双向对讲"),
    })  # fmt: skip
    close: int = u8(
        en="what to close", zh="关闭音视频类型", names={0: ("audio and video", "音视频"), 1: ("audio", "音频"), 2: ("video", "视频")}
    )
    stream: int = u8(en="stream to switch to", zh="切换码流类型", names={0: ("main stream", "主码流"), 1: ("sub stream", "子码流")})


@message(
    0x9105,
    en="live transmission state",
    zh="实时音视频传输状态通知",
    way=DOWN,
    clause="JT/T 1078-2016 5.5.4",
    answer=NO_ANSWER,
    versions=EDITIONS,
)
class LiveState:
    """How much of a live stream is lost on its way."""

    channel: int = u8(zh="逻辑通道号")
    loss_percent: int = u8(en="packet loss", zh="丢包率", unit="%")
