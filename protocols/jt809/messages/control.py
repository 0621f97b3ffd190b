"""Orders to one vehicle: listening, photo, text, recorder data, emergency access."""

from __future__ import annotations

from protocols.anomaly import Code
from protocols.definition import DOWN, UP
from protocols.fields import V2011, V2019, digits, of_kind, raw, rest, since, sized, text, u8, u16, u32, until, utc_time
from protocols.jt809.positions import POSITION, Position
from protocols.jt809.registry import message
from protocols.jt809.tables import (
    EMERGENCY_RESULTS,
    LISTEN_RESULTS,
    PHOTO_FORMATS,
    PHOTO_RESULTS,
    PHOTO_SIZES,
    PRIORITIES,
    SEND_RESULTS,
)
from protocols.wire import Context

UP_ID, DOWN_ID = 0x1500, 0x9500


@message(DOWN_ID, 0x9501, en="listen in", zh="车辆单向监听请求", way=DOWN, name="DOWN_CTRL_MSG_MONITOR_VEHICLE_REQ", answer=0x1501)
class Listen:
    """Let the vehicle call this number."""

    telephone: str = text(20, zh="回拨电话号码")


@message(UP_ID, 0x1501, en="listen in answer", zh="车辆单向监听应答", way=UP, name="UP_CTRL_MSG_MONITOR_VEHICLE_ACK")
class ListenAnswer:
    """Whether the vehicle calls."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="应答结果", names=LISTEN_RESULTS, default=0)


@message(DOWN_ID, 0x9502, en="take a photo", zh="车辆拍照请求", way=DOWN, name="DOWN_CTRL_MSG_TAKE_PHOTO_REQ", answer=0x1502)
class TakePhoto:
    """A photo with this lens."""

    lens: int = u8(zh="镜头ID")
    size: int = u8(zh="图片大小", names=PHOTO_SIZES)


@message(UP_ID, 0x1502, en="photo", zh="车辆拍照应答", way=UP, name="UP_CTRL_MSG_TAKE_PHOTO_ACK")
class Photo:
    """The photo and where it was taken; `photo_size` is what the sender says, `photo` what came."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="拍照应答标识", names=PHOTO_RESULTS, default=1)
    position: Position | None = of_kind(POSITION, zh="拍照位置", default=None)
    lens: int = u8(zh="镜头ID", default=0)
    photo_size: int = u32(en="bytes of the photo", zh="图片长度", default=0)
    size: int = u8(zh="图片大小", names=PHOTO_SIZES, default=1)
    picture_format: int = u8(en="format", zh="图像格式", names=PHOTO_FORMATS, default=1)
    photo: bytes = raw(rest(), zh="图片内容", default=b"")

    def judge(self, start: int, context: Context) -> None:
        """Note a photo that is shorter or longer than its sender says."""
        if self.photo_size != len(self.photo):
            detail = f"{self.photo_size} bytes announced, {len(self.photo)} came"
            context.note(Code.ITEM_LENGTH, start, field="photo_size", detail=detail)


@message(DOWN_ID, 0x9503, en="text to a vehicle", zh="下发车辆报文请求", way=DOWN, name="DOWN_CTRL_MSG_TEXT_INFO", answer=0x1503)
class VehicleText:
    """A text for the driver."""

    text_id: int = u32(zh="消息ID序号")
    priority: int = u8(zh="报文优先级", names=PRIORITIES)
    content: str = text(sized(4), zh="报文信息内容")


@message(UP_ID, 0x1503, en="text to a vehicle answer", zh="下发车辆报文应答", way=UP, name="UP_CTRL_MSG_TEXT_INFO_ACK")
class VehicleTextAnswer:
    """Whether the text reached the vehicle. A 2019 platform names it by its serial."""

    text_id: int | None = until(V2011, u32(zh="消息ID序号"), default=None)
    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="应答结果", names=SEND_RESULTS, default=0)


@message(DOWN_ID, 0x9504, en="ask recorder data", zh="上报车辆行驶记录请求", way=DOWN, name="DOWN_CTRL_MSG_TAKE_TRAVEL_REQ", answer=0x1504)
class RecorderRequest:
    """Data of the driving recorder by its GB/T 19056 word; 2019 adds a period before it."""

    start_ms: int | None = since(V2019, utc_time(en="start", zh="开始时间"), default=None)
    end_ms: int | None = since(V2019, utc_time(en="end", zh="结束时间"), default=None)
    word: int = u8(en="recorder word", zh="命令字", default=0)


@message(UP_ID, 0x1504, en="recorder data", zh="上报车辆行驶记录应答", way=UP, name="UP_CTRL_MSG_TAKE_TRAVEL_ACK")
class RecorderData:
    """The recorder's answer in its own frame (GB/T 19056)."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    word: int = u8(en="recorder word", zh="命令字", default=0)
    data: bytes = raw(sized(4), zh="车辆行驶记录信息", default=b"")


@message(
    DOWN_ID,
    0x9505,
    en="emergency access",
    zh="车辆应急接入监管平台请求",
    way=DOWN,
    name="DOWN_CTRL_MSG_EMERGENCY_MONITORING_REQ",
    answer=0x1505,
)
class EmergencyAccess:
    """Let the vehicle report to this server until `end_ms`."""

    auth_code: str = digits(10, en="auth code", zh="监管平台下发的鉴权码")
    access_point: str = text(20, zh="拨号点名称", default="")
    user: str = text(49, zh="拨号用户名", default="")
    password: str = text(22, zh="拨号密码", default="")
    server_ip: str = text(32, en="IP of the server", zh="地址", default="")
    tcp_port: int = u16(en="TCP port", zh="服务器TCP端口", default=0)
    udp_port: int = u16(en="UDP port", zh="服务器UDP端口", default=0)
    end_ms: int | None = utc_time(en="end", zh="结束时间", default=0)


@message(UP_ID, 0x1505, en="emergency access answer", zh="车辆应急接入监管平台应答", way=UP, name="UP_CTRL_MSG_EMERGENCY_MONITORING_ACK")
class EmergencyAccessAnswer:
    """Whether the vehicle was told."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    result: int = u8(zh="应答结果", names=EMERGENCY_RESULTS, default=0)
