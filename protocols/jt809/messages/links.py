"""Links: login, logout, keep-alive, broken and closed links, counts, and serials after a break."""

from __future__ import annotations

from protocols.definition import DOWN, UP, structure
from protocols.fields import V2019, nested, repeat, since, text, u8, u16, u32, utc_time
from protocols.jt809.registry import message
from protocols.jt809.tables import BROKEN, CLOSING, LOGIN_RESULTS, SUB_LOGIN_RESULTS


@message(0x1001, en="login on the main link", zh="主链路登录请求", way=UP, name="UP_CONNECT_REQ", answer=0x1002)
class Login:
    """The subordinate platform says who it is and where its sub link listens."""

    user_id: int = u32(zh="用户名")
    password: str = text(8, zh="密码")
    access_code: int | None = since(V2019, u32(zh="下级平台接入码"), default=None)
    sub_link_ip: str = text(32, en="IP of the sub link", zh="从链路服务端IP地址", default="")
    sub_link_port: int = u16(en="port of the sub link", zh="从链路服务端口", default=0)


@message(0x1002, en="login answer", zh="主链路登录应答", way=DOWN, name="UP_CONNECT_RSP")
class LoginAnswer:
    """The verify code is what the superior platform will show when it dials the sub link."""

    result: int = u8(zh="验证结果", names=LOGIN_RESULTS)
    verify_code: int = u32(zh="校验码", default=0)


@message(0x1003, en="logout from the main link", zh="主链路注销请求", way=UP, name="UP_DISCONNECT_REQ", answer=0x1004)
class Logout:
    """The subordinate platform leaves."""

    user_id: int = u32(zh="用户名")
    password: str = text(8, zh="密码")


@message(0x1004, en="logout answer", zh="主链路注销应答", way=DOWN, name="UP_DISCONNECT_RSP")
class LogoutAnswer:
    """No body."""


@message(0x1005, en="main link test", zh="主链路连接保持请求", way=UP, name="UP_LINKTEST_REQ", answer=0x1006)
class LinkTest:
    """Sign of life on the main link; no body."""


@message(0x1006, en="main link test answer", zh="主链路连接保持应答", way=DOWN, name="UP_LINKTEST_RSP")
class LinkTestAnswer:
    """No body."""


@message(0x1007, en="main link broken", zh="主链路断开通知", way=UP, name="UP_DISCONNECT_INFORM")
class MainLinkBroken:
    """The subordinate platform tells on the sub link that it lost the main link."""

    code: int = u8(en="error code", zh="错误代码", names=BROKEN)


@message(0x1008, en="subordinate closes both links", zh="下级平台主动关闭链路通知", way=UP, name="UP_CLOSELINK_INFORM")
class CloseBySubordinate:
    """The subordinate platform is about to close main and sub link."""

    code: int = u8(en="reason", zh="链路关闭原因", names=CLOSING)


@message(0x9001, en="login on the sub link", zh="从链路连接请求", way=DOWN, name="DOWN_CONNECT_REQ", answer=0x9002)
class SubLogin:
    """The superior platform dials back and shows the verify code of 0x1002."""

    verify_code: int = u32(zh="校验码")


@message(0x9002, en="sub link login answer", zh="从链路连接应答", way=UP, name="DOWN_CONNECT_RSP")
class SubLoginAnswer:
    """Whether the sub link stands."""

    result: int = u8(zh="验证结果", names=SUB_LOGIN_RESULTS)


@message(0x9003, en="logout from the sub link", zh="从链路注销请求", way=DOWN, name="DOWN_DISCONNECT_REQ", answer=0x9004)
class SubLogout:
    """The superior platform leaves the sub link."""

    verify_code: int = u32(zh="校验码")


@message(0x9004, en="sub link logout answer", zh="从链路注销应答", way=UP, name="DOWN_DISCONNECT_RSP")
class SubLogoutAnswer:
    """No body."""


@message(0x9005, en="sub link test", zh="从链路连接保持请求", way=DOWN, name="DOWN_LINKTEST_REQ", answer=0x9006)
class SubLinkTest:
    """Sign of life on the sub link; no body."""


@message(0x9006, en="sub link test answer", zh="从链路连接保持应答", way=UP, name="DOWN_LINKTEST_RSP")
class SubLinkTestAnswer:
    """No body."""


@message(0x9007, en="sub link broken", zh="从链路断开通知", way=DOWN, name="DOWN_DISCONNECT_INFORM")
class SubLinkBroken:
    """The superior platform tells on the main link that the sub link is lost, or cannot be dialled."""

    code: int = u8(en="error code", zh="错误代码", names=BROKEN)


@message(0x9008, en="superior closes both links", zh="上级平台主动关闭链路通知", way=DOWN, name="DOWN_CLOSELINK_INFORM")
class CloseBySuperior:
    """The superior platform is about to close main and sub link."""

    code: int = u8(en="reason", zh="链路关闭原因", names=CLOSING)


@message(0x9101, en="number of positions", zh="车辆定位信息数量通知", way=DOWN, name="DOWN_TOTAL_RECV_BACK_MSG")
class PositionCount:
    """How many positions were counted between two times, every 10,000 or so: by the receiver in 2011, by the sender in 2019."""

    total: int = u32(zh="车辆定位信息数量")
    start_ms: int | None = utc_time(en="start", zh="开始时间")
    end_ms: int | None = utc_time(en="end", zh="结束时间")


@message(
    0x1102,
    en="state of links and losses",
    zh="平台链路连接情况与车辆定位消息传输情况上报应答",
    way=UP,
    name="UP_MANAGE_MSG_RSP",
    versions=(V2019,),
)
class LinkReport:
    """What was lost between two times."""

    platform: str = text(11, zh="平台唯一编码")
    start_ms: int | None = utc_time(en="start", zh="开始时间")
    end_ms: int | None = utc_time(en="end", zh="结束时间")
    positions_lost: int = u32(zh="丢失的车辆定位消息总数")
    breaks: int = u8(zh="链路断开次数")
    broken_s: int = u32(en="time broken", zh="链路断开总时长", unit="s")


@message(0x9102, en="ask state of links", zh="平台链路连接情况与车辆定位消息传输情况上报请求", way=DOWN, name="DOWN_MANAGE_MSG_REQ", answer=0x1102,
         versions=(V2019,))  # fmt: skip
class LinkReportRequest:
    """The superior platform asks what was lost between two times."""

    platform: str = text(11, zh="平台唯一编码")
    start_ms: int | None = utc_time(en="start", zh="开始时间")
    end_ms: int | None = utc_time(en="end", zh="结束时间")


@structure(en="serial of a kind", zh="子业务消息序列号")
class KindSerial:
    """The last serial that one side used for a sub-message before the link broke."""

    sub_id: int = u16(en="sub-message id", zh="子业务类型标识")
    serial: int = u32(zh="报文序列号")
    time_ms: int | None = utc_time(en="time", zh="系统时间")


@message(
    0x1103, en="serials before the break (up)", zh="上传平台间消息序列号通知", way=UP, name="UP_MANAGE_MSG_SN_INFORM", versions=(V2019,)
)
class SerialsUp:
    """Serials that the subordinate platform received last, by sub-message, after a new login: the sender goes on from them."""

    serials: tuple[KindSerial, ...] = repeat(count=u8(), of=nested(KindSerial), zh="消息序列号")


@message(
    0x9103,
    en="serials before the break (down)",
    zh="下发平台间消息序列号通知",
    way=DOWN,
    name="DOWN_MANAGE_MSG_SN_INFORM",
    versions=(V2019,),
)
class SerialsDown:
    """Serials that the superior platform received last, by sub-message, after a new login: the sender goes on from them."""

    serials: tuple[KindSerial, ...] = repeat(count=u8(), of=nested(KindSerial), zh="消息序列号")
