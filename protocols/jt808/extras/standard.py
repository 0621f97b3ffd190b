"""Additional items of JT/T 808-2019 table 27 and JT/T 1078-2016 table 13."""

from __future__ import annotations

from protocols.fields import raw, sign_magnitude, u8, u16, u32, when
from protocols.jt808.extras.base import extra_class, extra_value
from protocols.jt808.tables import AREA_TYPES, VEHICLE_SIGNALS, VIDEO_ALARMS

extra_value(0x01, "mileage", u32(zh="里程", unit="km", scale=0.1), (4,))
extra_value(0x02, "fuel", u16(zh="油量", unit="L", scale=0.1), (2,))
extra_value(0x03, "recorder_speed", u16(zh="行驶记录功能获取的速度", unit="km/h", scale=0.1), (2,))
extra_value(0x04, "alarm_event", u16(en="alarm event to confirm by hand", zh="需要人工确认报警事件的ID"), (2,))
extra_value(0x05, "tyre_pressures", raw(30, zh="胎压", unit="Pa"), (30,))
extra_value(0x06, "carriage_temperature", sign_magnitude(zh="车厢温度", unit="℃"), (2,))
extra_value(0x07, "satellite_list", raw(zh="卫星列表"), (), step=4)
extra_value(0x25, "vehicle_signals", u32(zh="扩展车辆信号状态位", bits=VEHICLE_SIGNALS), (4,))
extra_value(0x2A, "io_status", u16(zh="IO状态位", bits={0: ("deep sleep", "深度休眠状态"), 1: ("sleep", "休眠状态")}), (2,))
extra_value(0x2B, "analog", u32(en="analog, AD0 in the low half, AD1 in the high half", zh="模拟量"), (4,))
extra_value(0x30, "signal_strength", u8(zh="无线通信网络信号强度"), (1,))
extra_value(0x31, "satellites", u8(zh="GNSS定位卫星数"), (1,))
extra_value(0xE0, "custom_length", raw(zh="后续自定义信息长度"), ())

extra_value(0x14, "video_alarms", u32(zh="视频相关报警", bits=VIDEO_ALARMS), (4,))
extra_value(0x15, "video_signal_loss", u32(en="channels without signal", zh="视频信号丢失报警状态"), (4,))
extra_value(0x16, "video_blocked", u32(en="channels with a blocked lens", zh="视频信号遮挡报警状态"), (4,))
extra_value(0x17, "storage_fault", u16(en="storage units at fault", zh="存储器故障报警状态"), (2,))


@extra_class(0x11, "speeding", en="speeding", zh="超速报警附加信息", lengths=(1, 5))
class Speeding:
    """Where the speed limit was broken, JT/T 808-2019 table 28; `area_id` is None where `place` is 0."""

    place: int = u8(zh="位置类型", names=AREA_TYPES)
    area_id: int | None = when("place", u32(zh="区域或路段ID"), unlike=0, default=None)


@extra_class(0x12, "zone_passage", en="zone or route in or out", zh="进出区域/路线报警附加信息", lengths=(6,))
class ZonePassage:
    """Zone or route entered or left, JT/T 808-2019 table 29."""

    place: int = u8(zh="位置类型", names=AREA_TYPES)
    area_id: int = u32(zh="区域或线路ID")
    direction: int = u8(zh="方向", names={0: ("in", "进"), 1: ("out", "出")})


@extra_class(0x13, "segment_time", en="time on a segment", zh="路段行驶时间不足/过长报警附加信息", lengths=(7,))
class SegmentTime:
    """Segment driven too fast or too slowly, JT/T 808-2019 table 30."""

    segment_id: int = u32(zh="路段ID")
    driving_s: int = u16(en="driving time", zh="路段行驶时间", unit="s")
    result: int = u8(zh="结果", names={0: ("too short", "不足"), 1: ("too long", "过长")})


@extra_class(0x18, "abnormal_driving", en="abnormal driving", zh="异常驾驶行为报警详细描述", lengths=(3,))
class AbnormalDriving:
    """Behaviour of the driver, JT/T 1078-2016 table 15."""

    behaviour: int = u16(zh="异常驾驶行为类型", bits={0: ("fatigue", "疲劳"), 1: ("phoning", "打电话"), 2: ("smoking", "抽烟")})
    fatigue: int = u8(en="degree of fatigue, 0 to 100", zh="疲劳程度")
