"""Alarms, driving limits, cameras: parameters of JT/T 808-2019 table 12 and JT/T 808-2013 table 12."""

from __future__ import annotations

from protocols.fields import Words, u16, u32
from protocols.jt808.parameters.base import parameter_value
from protocols.jt808.tables import ALARM_BITS

PHOTO_BY_TIME: dict[int, Words] = {
    **{n: (f"camera {n + 1}", f"摄像通道{n + 1}定时拍照开关") for n in range(5)},
    **{n + 8: (f"camera {n + 1} stores", f"摄像通道{n + 1}定时拍照存储") for n in range(5)},
    16: ("unit is minutes", "定时时间单位为分"),
}
"""JT/T 808-2019 table 14; bits 17 to 31 are the interval."""

PHOTO_BY_DISTANCE: dict[int, Words] = {
    **{n: (f"camera {n + 1}", f"摄像通道{n + 1}定距拍照开关") for n in range(5)},
    **{n + 8: (f"camera {n + 1} stores", f"摄像通道{n + 1}定距拍照存储") for n in range(5)},
    16: ("unit is km", "定距距离单位为公里"),
}
"""JT/T 808-2019 table 15; bits 17 to 31 are the distance."""

parameter_value(0x0050, "alarm_mask", u32(zh="报警屏蔽字", bits=ALARM_BITS))
parameter_value(0x0051, "alarm_sms", u32(zh="报警发送文本SMS开关", bits=ALARM_BITS))
parameter_value(0x0052, "alarm_photo", u32(zh="报警拍摄开关", bits=ALARM_BITS))
parameter_value(0x0053, "alarm_photo_stored", u32(zh="报警拍摄存储标志", bits=ALARM_BITS))
parameter_value(0x0054, "key_alarms", u32(zh="关键标志", bits=ALARM_BITS))
parameter_value(0x0055, "speed_limit", u32(zh="最高速度", unit="km/h"))
parameter_value(0x0056, "speeding_duration", u32(zh="超速持续时间", unit="s"))
parameter_value(0x0057, "driving_limit", u32(zh="连续驾驶时间门限", unit="s"))
parameter_value(0x0058, "driving_limit_day", u32(zh="当天累计驾驶时间门限", unit="s"))
parameter_value(0x0059, "least_rest", u32(zh="最小休息时间", unit="s"))
parameter_value(0x005A, "parking_limit", u32(zh="最长停车时间", unit="s"))
parameter_value(0x005B, "speeding_warning", u16(zh="超速预警差值", unit="km/h", scale=0.1))
parameter_value(0x005C, "fatigue_warning", u16(zh="疲劳驾驶预警差值", unit="s"))
parameter_value(0x005D, "collision", u16(zh="碰撞报警参数设置"))
parameter_value(0x005E, "rollover_angle", u16(zh="侧翻报警参数设置", unit="°"))
parameter_value(0x0064, "photo_by_time", u32(zh="定时拍照控制", bits=PHOTO_BY_TIME))
parameter_value(0x0065, "photo_by_distance", u32(zh="定距拍照控制", bits=PHOTO_BY_DISTANCE))
parameter_value(0x0070, "image_quality", u32(zh="图像/视频质量"))
parameter_value(0x0071, "brightness", u32(zh="亮度"))
parameter_value(0x0072, "contrast", u32(zh="对比度"))
parameter_value(0x0073, "saturation", u32(zh="饱和度"))
parameter_value(0x0074, "chroma", u32(zh="色度"))
