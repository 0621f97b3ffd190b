"""Parameters of audio and video: JT/T 1078-2016 clause 5.3.1, tables 2 to 8."""

from __future__ import annotations

from protocols.definition import structure
from protocols.fields import Words, digits, nested, of_kind, repeat, u8, u16, u32
from protocols.jt808.parameters.base import parameter_class, parameter_value
from protocols.jt808.tables import VIDEO_ALARMS
from protocols.kinds import Nested
from protocols.kinds.lists import Series

BITRATE_MODES: dict[int, Words] = {0: ("constant", "CBR"), 1: ("variable", "VBR"), 2: ("average", "ABR")}
RESOLUTIONS: dict[int, Words] = {
    0: ("QCIF", "QCIF"), 1: ("CIF", "CIF"), 2: ("WCIF", "WCIF"), 3: ("D1", "D1"), 4: ("WD1", "WD1"), 5: ("720P", "720P"),
    6: ("1080P", "1080P"),
}  # fmt: skip
SUBTITLES: dict[int, Words] = {
    0: ("date and time", "日期和时间"), 1: ("plate", "车牌号码"), 2: ("channel", "逻辑通道号"), 3: ("position", "经纬度"),
    4: ("recorder speed", "行驶记录速度"), 5: ("GNSS speed", "卫星定位速度"), 6: ("driving time", "连续驾驶时间"),
}  # fmt: skip
CHANNEL_KINDS: dict[int, Words] = {0: ("sound and picture", "音视频"), 1: ("sound", "音频"), 2: ("picture", "视频")}
WAKE_MODES: dict[int, Words] = {0: ("by condition", "条件唤醒"), 1: ("by time", "定时唤醒"), 2: ("by hand", "手动唤醒")}
WAKE_CONDITIONS: dict[int, Words] = {
    0: ("emergency", "紧急报警"), 1: ("collision or rollover", "碰撞侧翻报警"), 2: ("door opened", "车辆开门"),
}  # fmt: skip
WEEKDAYS: dict[int, Words] = {
    0: ("Monday", "周一"), 1: ("Tuesday", "周二"), 2: ("Wednesday", "周三"), 3: ("Thursday", "周四"), 4: ("Friday", "周五"),
    5: ("Saturday", "周六"), 6: ("Sunday", "周日"),
}  # fmt: skip
PERIODS: dict[int, Words] = {n: (f"period {n + 1}", f"时间段{n + 1}") for n in range(4)}


@structure(en="coding", zh="码流编码")
class Coding:
    """How one stream of pictures is coded."""

    mode: int = u8(en="bit rate mode", zh="编码模式", names=BITRATE_MODES)
    resolution: int = u8(zh="分辨率", names=RESOLUTIONS)
    key_frame_interval: int = u16(zh="关键帧间隔", unit="frames")
    frame_rate: int = u8(zh="目标帧率", unit="frames/s")
    bit_rate: int = u32(zh="目标码率", unit="kbit/s")


@parameter_class(0x0075, "video")
@structure(en="audio and video settings", zh="音视频参数设置")
class VideoSettings:
    """Coding of the live and the stored stream of every channel without settings of its own."""

    live: Coding = nested(Coding, zh="实时流")
    stored: Coding = nested(Coding, zh="存储流")
    subtitles: int = u16(zh="OSD字幕叠加设置", bits=SUBTITLES)
    audio: int = u8(en="sound is sent", zh="是否启用音频输出", names={0: ("no", "不启用"), 1: ("yes", "启用")})


@structure(en="channel", zh="通道对照")
class Channel:
    """One camera or microphone."""

    physical: int = u8(zh="物理通道号")
    logical: int = u8(zh="逻辑通道号")
    kind: int = u8(zh="通道类型", names=CHANNEL_KINDS)
    ptz: int = u8(en="on a pan and tilt head", zh="是否连接云台", names={0: ("no", "未连接"), 1: ("yes", "连接")})


@parameter_class(0x0076, "channels")
@structure(en="list of channels", zh="音视频通道列表设置")
class Channels:
    """Which channels there are: the three counts, and a row for each."""

    both: int = u8(en="channels of sound and picture", zh="音视频通道总数")
    audio: int = u8(en="channels of sound", zh="音频通道总数")
    video: int = u8(en="channels of pictures", zh="视频通道总数")
    channels: tuple[Channel, ...] = of_kind(Series(Nested(Channel)), zh="音视频通道对照表")


@structure(en="video settings of one channel", zh="单独通道视频参数设置")
class ChannelVideo:
    """Coding of one channel."""

    channel: int = u8(zh="逻辑通道号")
    live: Coding = nested(Coding, zh="实时流")
    stored: Coding = nested(Coding, zh="存储流")
    subtitles: int = u16(zh="OSD字幕叠加设置", bits=SUBTITLES)


@parameter_class(0x0077, "channel_video")
@structure(en="video settings by channel", zh="单独视频通道参数设置")
class ChannelVideos:
    """Channels with settings of their own."""

    channels: tuple[ChannelVideo, ...] = repeat(count=u8(), of=nested(ChannelVideo), zh="单独通道视频参数设置列表")


@parameter_class(0x0079, "alarm_recording")
@structure(en="recording of alarms", zh="特殊报警录像参数设置")
class AlarmRecording:
    """How much room alarms get, and how long they are recorded."""

    storage_percent: int = u8(en="share of the storage", zh="特殊报警录像存储阈值", unit="%")
    longest_min: int = u8(en="longest recording", zh="特殊报警录像持续时间", unit="min")
    before_min: int = u8(en="recorded before the alarm", zh="特殊报警标识起始时间", unit="min")


parameter_value(0x007A, "video_alarm_mask", u32(zh="视频相关报警屏蔽字", bits=VIDEO_ALARMS))


@parameter_class(0x007B, "image_analysis")
@structure(en="alarms from pictures", zh="图像分析报警参数设置")
class ImageAnalysis:
    """When pictures give an alarm."""

    seats: int = u8(en="allowed number of persons", zh="车辆核载人数")
    fatigue: int = u8(en="fatigue from which an alarm is given", zh="疲劳程度阈值")


@structure(en="waking period", zh="定时唤醒时间段")
class WakePeriod:
    """From one time of day to another, BCD hours and minutes."""

    wake: str = digits(2, en="wakes at", zh="唤醒时间")
    sleep: str = digits(2, en="sleeps at", zh="关闭时间")


@parameter_class(0x007C, "wake_up")
@structure(en="waking a sleeping terminal", zh="终端休眠唤醒模式设置")
class WakeUp:
    """What wakes a sleeping terminal: conditions, or four periods of the day."""

    modes: int = u8(zh="休眠唤醒模式", bits=WAKE_MODES)
    conditions: int = u8(zh="唤醒条件类型", bits=WAKE_CONDITIONS)
    weekdays: int = u8(zh="定时唤醒日设置", bits=WEEKDAYS)
    periods: int = u8(en="periods in use", zh="日定时唤醒启用标志", bits=PERIODS)
    first: WakePeriod = nested(WakePeriod, zh="时间段1")
    second: WakePeriod = nested(WakePeriod, zh="时间段2")
    third: WakePeriod = nested(WakePeriod, zh="时间段3")
    fourth: WakePeriod = nested(WakePeriod, zh="时间段4")
