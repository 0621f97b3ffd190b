"""Position reports and telephone: parameters of JT/T 808-2019 table 12 and JT/T 808-2013 table 12."""

from __future__ import annotations

from protocols.definition import structure
from protocols.fields import rest, text, u8, u16, u32
from protocols.jt808.parameters.base import parameter_class, parameter_value

parameter_value(
    0x0020,
    "report_strategy",
    u32(
        zh="位置汇报策略", names={0: ("by time", "定时汇报"), 1: ("by distance", "定距汇报"), 2: ("by time and distance", "定时和定距汇报")}
    ),
)
parameter_value(
    0x0021,
    "report_scheme",
    u32(zh="位置汇报方案", names={0: ("by ignition", "根据ACC状态"), 1: ("by login, then ignition", "根据登录状态和ACC状态")}),
)
parameter_value(0x0022, "interval_no_driver", u32(zh="驾驶员未登录汇报时间间隔", unit="s"))
parameter_value(0x0023, "secondary_apn", text(rest(), zh="从服务器APN"))
parameter_value(0x0024, "secondary_user", text(rest(), zh="从服务器无线通信拨号用户名"))
parameter_value(0x0025, "secondary_password", text(rest(), zh="从服务器无线通信拨号密码"))
parameter_value(0x0026, "secondary_address", text(rest(), zh="从服务器备份地址"))
parameter_value(0x0027, "interval_asleep", u32(zh="休眠时汇报时间间隔", unit="s"))
parameter_value(0x0028, "interval_emergency", u32(zh="紧急报警时汇报时间间隔", unit="s"))
parameter_value(0x0029, "interval_default", u32(zh="缺省时间汇报间隔", unit="s"))
parameter_value(0x002C, "distance_default", u32(zh="缺省距离汇报间隔", unit="m"))
parameter_value(0x002D, "distance_no_driver", u32(zh="驾驶员未登录汇报距离间隔", unit="m"))
parameter_value(0x002E, "distance_asleep", u32(zh="休眠时汇报距离间隔", unit="m"))
parameter_value(0x002F, "distance_emergency", u32(zh="紧急报警时汇报距离间隔", unit="m"))
parameter_value(0x0030, "corner_angle", u32(zh="拐点补传角度", unit="°"))
parameter_value(0x0031, "displacement_radius", u16(zh="电子围栏半径(非法位移阈值)", unit="m"))
parameter_value(0x0040, "platform_phone", text(rest(), zh="监控平台电话号码"))
parameter_value(0x0041, "reset_phone", text(rest(), zh="复位电话号码"))
parameter_value(0x0042, "factory_reset_phone", text(rest(), zh="恢复出厂设置电话号码"))
parameter_value(0x0043, "platform_sms_phone", text(rest(), zh="监控平台SMS电话号码"))
parameter_value(0x0044, "sms_alarm_phone", text(rest(), zh="接收终端SMS文本报警号码"))
parameter_value(
    0x0045,
    "answering",
    u32(zh="终端电话接听策略", names={0: ("automatic", "自动接听"), 1: ("automatic with ignition on", "ACC ON时自动接听，OFF时手动接听")}),
)
parameter_value(0x0046, "call_limit", u32(zh="每次最长通话时间", unit="s"))
parameter_value(0x0047, "call_limit_month", u32(zh="当月最长通话时间", unit="s"))
parameter_value(0x0048, "listening_phone", text(rest(), zh="监听电话号码"))
parameter_value(0x0049, "privileged_sms_phone", text(rest(), zh="监管平台特权短信号码"))


@parameter_class(0x0032, "driving_ban")
@structure(en="period of forbidden driving", zh="违规行驶时段范围")
class DrivingBan:
    """From one time of day to another, hours and minutes (2019)."""

    start_hour: int = u8(zh="开始时间小时")
    start_minute: int = u8(zh="开始时间分钟")
    end_hour: int = u8(zh="结束时间小时")
    end_minute: int = u8(zh="结束时间分钟")
