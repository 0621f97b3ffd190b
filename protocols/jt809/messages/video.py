"""Video between platforms (JT/T 1078-2016 chapter 10): passes, live, recordings, playback, download."""

from __future__ import annotations

from protocols.definition import DOWN, UP, structure
from protocols.fields import nested, of_kind, repeat, text, u8, u16, u32, u64, utc_time
from protocols.jt808.tables import VIDEO_ALARMS
from protocols.jt809.positions import LastPosition, Position
from protocols.jt809.registry import message
from protocols.jt809.tables import DOWNLOAD, MEDIA, PLAYBACK, STORES, STREAMS, VIDEO_RESULTS

SIZE_PASS = 64


@message(0x1700, 0x1701, en="video passes", zh="时效口令上报", way=UP, name="UP_AUTHORIZE_MSG_STARTUP")
class Passes:
    """Passes that open the subordinate platform's video for a day."""

    platform: str = text(11, zh="企业视频监控平台唯一编码")
    home_pass: str = text(SIZE_PASS, en="pass of the home region", zh="归属地区政府平台使用的时效口令")
    foreign_pass: str = text(SIZE_PASS, en="pass of other regions", zh="跨域地区政府平台使用的时效口令")


@message(0x1700, 0x1702, en="ask video passes", zh="时效口令请求", way=UP, name="UP_AUTHORIZE_MSG_STARTUP_REQ", answer=0x9702)
class PassRequest:
    """No fields."""


@message(0x9700, 0x9702, en="video passes answer", zh="时效口令请求应答", way=DOWN, name="DOWN_AUTHORIZE_MSG_STARTUP_REQ_ACK")
class PassAnswer:
    """No fields."""


@message(0x9800, 0x9801, en="ask live video", zh="实时音视频请求", way=DOWN, name="DOWN_REALVIDEO_MSG_STARTUP", answer=0x1801)
class LiveVideo:
    """Live video of a channel; the position tells that the vehicle is in the asker's region."""

    channel: int = u8(zh="逻辑通道号")
    media: int = u8(zh="音视频类型", names=MEDIA)
    video_pass: str = text(SIZE_PASS, en="pass", zh="时效口令")
    position: Position = of_kind(LastPosition(), zh="车辆进入跨域地区后5min之内任一位置")


@message(0x1800, 0x1801, en="live video answer", zh="实时音视频请求应答", way=UP, name="UP_REALVIDEO_MSG_STARTUP_ACK")
class LiveVideoAnswer:
    """Where the video can be fetched."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)
    server_ip: str = text(32, en="IP of the server", zh="视频服务器IP地址")
    server_port: int = u16(en="port", zh="视频服务器端口号")


@message(0x9800, 0x9802, en="end live video", zh="主动请求停止实时音视频传输", way=DOWN, name="DOWN_REALVIDEO_MSG_END", answer=0x1802)
class EndLiveVideo:
    """No more live video of a channel."""

    channel: int = u8(zh="逻辑通道号")
    media: int = u8(zh="音视频类型", names=MEDIA)


@message(0x1800, 0x1802, en="end live video answer", zh="主动请求停止实时音视频传输应答", way=UP, name="UP_REALVIDEO_MSG_END_ACK")
class EndLiveVideoAnswer:
    """Whether it stopped."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)


@structure(en="recording", zh="音视频资源目录项")
class Recording:
    """One recording that a vehicle holds."""

    channel: int = u8(zh="逻辑通道号")
    start_ms: int | None = utc_time(en="start", zh="开始时间")
    end_ms: int | None = utc_time(en="end", zh="结束时间")
    alarm_bits: int = u64(en="alarms", zh="报警标志", bits={32 + bit: words for bit, words in VIDEO_ALARMS.items()})
    media: int = u8(zh="音视频资源类型", names=MEDIA)
    stream: int = u8(zh="码流类型", names=STREAMS)
    store: int = u8(zh="存储器类型", names=STORES)
    size: int = u32(en="bytes", zh="文件大小")


@message(0x1900, 0x1901, en="recordings", zh="主动上传音视频资源目录信息", way=UP, name="UP_FILELIST_MSG", answer=0x9901)
class Recordings:
    """Recordings that a vehicle holds, unasked."""

    recordings: tuple[Recording, ...] = repeat(count=u32(), of=nested(Recording), zh="资源目录项列表")


@message(0x9900, 0x9901, en="recordings received", zh="主动上传音视频资源目录信息应答", way=DOWN, name="DOWN_FILELIST_MSG_ACK")
class RecordingsAnswer:
    """How many entries arrived."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)
    count: int = u8(en="entries received", zh="资源目录总数")


@structure(en="wanted recordings", zh="音视频资源")
class WantedRecordings:
    """Which recordings 0x9902 and 0x9B01 are about."""

    channel: int = u8(zh="逻辑通道号")
    start_ms: int | None = utc_time(en="start", zh="开始时间")
    end_ms: int | None = utc_time(en="end", zh="结束时间")
    alarm_bits: int = u64(en="alarms", zh="报警标志")
    media: int = u8(zh="音视频资源类型", names=MEDIA)
    stream: int = u8(zh="码流类型", names=STREAMS)
    store: int = u8(zh="存储器类型", names=STORES)
    video_pass: str = text(SIZE_PASS, en="pass", zh="时效口令")
    position: Position = of_kind(LastPosition(), zh="车辆进入跨域地区后5min之内任一位置")


@message(0x9900, 0x9902, en="ask recordings", zh="查询音视频资源目录请求", way=DOWN, name="DOWN_REALVIDEO_FILELIST_REQ", answer=0x1902)
class RecordingsRequest(WantedRecordings):
    """Which recordings of a channel and time are there?"""


@message(0x1900, 0x1902, en="recordings answer", zh="查询音视频资源目录应答", way=UP, name="UP_REALVIDEO_FILELIST_REQ_ACK")
class RecordingsFound:
    """Recordings that a vehicle holds."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)
    recordings: tuple[Recording, ...] = repeat(count=u32(), of=nested(Recording), zh="资源目录项列表")


@message(0x9A00, 0x9A01, en="ask playback", zh="远程录像回放请求", way=DOWN, name="DOWN_PLAYBACK_MSG_STARTUP", answer=0x1A01)
class Playback:
    """Play a recording."""

    channel: int = u8(zh="逻辑通道号")
    media: int = u8(zh="音视频类型", names=MEDIA)
    stream: int = u8(zh="码流类型", names=STREAMS)
    store: int = u8(zh="存储器类型", names=STORES)
    start_ms: int | None = utc_time(en="start", zh="回放起始时间")
    end_ms: int | None = utc_time(en="end", zh="回放结束时间")
    video_pass: str = text(SIZE_PASS, en="pass", zh="时效口令")
    position: Position = of_kind(LastPosition(), zh="车辆进入跨域地区后5min之内任一位置")


@message(0x1A00, 0x1A01, en="playback answer", zh="远程录像回放请求应答", way=UP, name="UP_PLAYBACK_MSG_STARTUP_ACK")
class PlaybackAnswer:
    """Where the recording can be fetched."""

    server_ip: str = text(32, en="IP of the server", zh="企业视频服务器IP地址")
    server_port: int = u16(en="port", zh="企业视频服务器端口号")
    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)


@message(0x9A00, 0x9A02, en="control playback", zh="远程录像回放控制", way=DOWN, name="DOWN_PLAYBACK_MSG_CONTROL", answer=0x1A02)
class PlaybackControl:
    """Pause, end, wind, drag."""

    control: int = u8(zh="控制类型", names=PLAYBACK)
    speed: int = u8(en="speed factor code", zh="快进或倒退倍数")
    place_ms: int | None = utc_time(en="place", zh="拖动位置")


@message(0x1A00, 0x1A02, en="control playback answer", zh="远程录像回放控制应答", way=UP, name="UP_PLAYBACK_MSG_CONTROL_ACK")
class PlaybackControlAnswer:
    """Whether it was done."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)


@message(0x9B00, 0x9B01, en="ask download", zh="远程录像下载请求", way=DOWN, name="DOWN_DOWNLOAD_MSG_STARTUP", answer=0x1B01)
class Download(WantedRecordings):
    """Fetch a recording as a file."""


@message(0x1B00, 0x1B01, en="download answer", zh="远程录像下载请求应答", way=UP, name="UP_DOWNLOAD_MSG_STARTUP_ACK")
class DownloadAnswer:
    """Whether it will be fetched, and under which number."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)
    session: int = u16(zh="对应平台文件上传消息的流水号")


@message(0x1B00, 0x1B02, en="download finished", zh="远程录像下载通知", way=UP, name="UP_DOWNLOAD_MSG_END_INFORM", answer=0x9B02)
class DownloadFinished:
    """Where the file lies."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)
    session: int = u16(zh="对应平台文件上传消息的流水号")
    server_ip: str = text(32, en="IP of the server", zh="FTP服务器IP地址")
    tcp_port: int = u16(en="TCP port", zh="FTP服务器TCP端口号")
    user: str = text(49, zh="FTP用户名")
    password: str = text(22, zh="FTP密码")
    path: str = text(200, zh="文件存储路径")


@message(0x9B00, 0x9B02, en="download finished answer", zh="远程录像下载完成通知应答", way=DOWN, name="DOWN_DOWNLOAD_MSG_END_INFORM_ACK")
class DownloadFinishedAnswer:
    """The file was seen."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)
    session: int = u16(zh="对应平台文件上传消息的流水号")


@message(0x9B00, 0x9B03, en="control download", zh="远程录像下载控制", way=DOWN, name="DOWN_DOWNLOAD_MSG_CONTROL", answer=0x1B03)
class DownloadControl:
    """Pause, go on, cancel."""

    session: int = u16(zh="对应平台文件上传消息的流水号")
    control: int = u8(zh="控制类型", names=DOWNLOAD)


@message(0x1B00, 0x1B03, en="control download answer", zh="远程录像下载控制应答", way=UP, name="UP_DOWNLOAD_MSG_CONTROL_ACK")
class DownloadControlAnswer:
    """Whether it was done."""

    result: int = u8(zh="应答结果", names=VIDEO_RESULTS)
