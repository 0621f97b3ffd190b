"""The vehicle, GNSS and the CAN bus: parameters of JT/T 808-2019 table 12 and JT/T 808-2013 table 12."""

from __future__ import annotations

from protocols.definition import structure
from protocols.fields import rest, text, u8, u16, u32
from protocols.jt808.parameters.base import parameter_class, parameter_value
from protocols.jt808.tables import CAN_FLAGS, GNSS_SYSTEMS, PLATE_COLOURS

parameter_value(0x0080, "odometer", u32(zh="车辆里程表读数", unit="km", scale=0.1))
parameter_value(0x0081, "province", u16(zh="车辆所在的省域ID"))
parameter_value(0x0082, "city", u16(zh="车辆所在的市域ID"))
parameter_value(0x0083, "plate", text(rest(), zh="公安交通管理部门颁发的机动车号牌"))
parameter_value(0x0084, "plate_colour", u8(zh="车牌颜色", names=PLATE_COLOURS))
parameter_value(0x0090, "gnss_systems", u8(zh="GNSS定位模式", bits=GNSS_SYSTEMS))
parameter_value(
    0x0091,
    "gnss_baud",
    u8(
        zh="GNSS波特率",
        names={
            0: ("4800", "4800"),
            1: ("9600", "9600"),
            2: ("19200", "19200"),
            3: ("38400", "38400"),
            4: ("57600", "57600"),
            5: ("115200", "115200"),
        },
    ),
)
parameter_value(
    0x0092,
    "gnss_output",
    u8(
        zh="GNSS模块详细定位数据输出频率",
        names={
            0: ("500 ms", "500 ms"),
            1: ("1000 ms", "1000 ms"),
            2: ("2000 ms", "2000 ms"),
            3: ("3000 ms", "3000 ms"),
            4: ("4000 ms", "4000 ms"),
        },
    ),
)
parameter_value(0x0093, "gnss_sampling", u32(zh="GNSS模块详细定位数据采集频率", unit="s"))
parameter_value(
    0x0094,
    "gnss_upload",
    u8(
        zh="GNSS模块详细定位数据上传方式",
        names={
            0: ("stored only", "本地存储，不上传"),
            1: ("by time", "按时间间隔上传"),
            2: ("by distance", "按距离间隔上传"),
            11: ("by summed time", "按累计时间上传"),
            12: ("by summed distance", "按累计距离上传"),
            13: ("by summed count", "按累计条数上传"),
        },
    ),
)
parameter_value(0x0095, "gnss_upload_setting", u32(zh="GNSS模块详细定位数据上传设置"))
parameter_value(0x0100, "can1_sampling", u32(zh="CAN总线通道1采集时间间隔", unit="ms"))
parameter_value(0x0101, "can1_upload", u16(zh="CAN总线通道1上传时间间隔", unit="s"))
parameter_value(0x0102, "can2_sampling", u32(zh="CAN总线通道2采集时间间隔", unit="ms"))
parameter_value(0x0103, "can2_upload", u16(zh="CAN总线通道2上传时间间隔", unit="s"))


@structure(en="collection of one CAN id", zh="CAN总线ID单独采集设置")
class CanCollection:
    """How often one CAN id is collected: every `interval_ms`, 0 for never."""

    interval_ms: int = u32(zh="采集时间间隔", unit="ms")
    can_id: int = u32(en="CAN id and flags", zh="CAN总线ID及标志", bits=CAN_FLAGS)


for _id in range(0x0110, 0x0200):
    parameter_class(_id, f"can_id_{_id - 0x0110}")(CanCollection)
