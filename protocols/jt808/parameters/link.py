"""The link: repeats, servers, ports: parameters of JT/T 808-2019 table 12 and JT/T 808-2013 table 12."""

from __future__ import annotations

from protocols.fields import rest, text, u32
from protocols.jt808.parameters.base import parameter_value

parameter_value(0x0001, "heartbeat_interval", u32(zh="终端心跳发送间隔", unit="s"))
parameter_value(0x0002, "tcp_reply_timeout", u32(zh="TCP消息应答超时时间", unit="s"))
parameter_value(0x0003, "tcp_repeats", u32(zh="TCP消息重传次数"))
parameter_value(0x0004, "udp_reply_timeout", u32(zh="UDP消息应答超时时间", unit="s"))
parameter_value(0x0005, "udp_repeats", u32(zh="UDP消息重传次数"))
parameter_value(0x0006, "sms_reply_timeout", u32(zh="SMS消息应答超时时间", unit="s"))
parameter_value(0x0007, "sms_repeats", u32(zh="SMS消息重传次数"))
parameter_value(0x0010, "main_apn", text(rest(), zh="主服务器APN"))
parameter_value(0x0011, "main_user", text(rest(), zh="主服务器无线通信拨号用户名"))
parameter_value(0x0012, "main_password", text(rest(), zh="主服务器无线通信拨号密码"))
parameter_value(0x0013, "main_address", text(rest(), zh="主服务器地址"))
parameter_value(0x0014, "backup_apn", text(rest(), zh="备份服务器APN"))
parameter_value(0x0015, "backup_user", text(rest(), zh="备份服务器无线通信拨号用户名"))
parameter_value(0x0016, "backup_password", text(rest(), zh="备份服务器无线通信拨号密码"))
parameter_value(0x0017, "backup_address", text(rest(), zh="备份服务器地址"))
parameter_value(0x0018, "tcp_port", u32(zh="服务器TCP端口"))
parameter_value(0x0019, "udp_port", u32(zh="服务器UDP端口"))
parameter_value(0x001A, "ic_card_address", text(rest(), zh="道路运输证IC卡认证主服务器IP地址"))
parameter_value(0x001B, "ic_card_tcp_port", u32(zh="道路运输证IC卡认证主服务器TCP端口"))
parameter_value(0x001C, "ic_card_udp_port", u32(zh="道路运输证IC卡认证主服务器UDP端口"))
parameter_value(0x001D, "ic_card_backup_address", text(rest(), zh="道路运输证IC卡认证备份服务器IP地址"))
