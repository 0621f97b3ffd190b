"""Parameters of active safety: T/JSATL 12-2017 tables 4-10 to 4-13 (Su-biao); F370 from DB44/T 2343 (Yue-biao)."""

from __future__ import annotations

from protocols.definition import structure
from protocols.fields import Words, nested, raw, text, u8, u16, u32
from protocols.jt808.parameters.base import parameter_class, parameter_value

PHOTO_STRATEGIES: dict[int, Words] = {
    0: ("off", "不开启"), 1: ("by time", "定时拍照"), 2: ("by distance", "定距拍照"), 3: ("when the driver's card is put in", "插卡触发"),
}  # fmt: skip
PHOTO_SIZES: dict[int, Words] = {
    1: ("352×288", "352×288"), 2: ("704×288", "704×288"), 3: ("704×576", "704×576"), 4: ("640×480", "640×480"),
    5: ("1280×720", "1280×720"), 6: ("1920×1080", "1920×1080"),
}  # fmt: skip
VIDEO_SIZES: dict[int, Words] = {
    1: ("CIF", "CIF"), 2: ("HD1", "HD1"), 3: ("D1", "D1"), 4: ("WD1", "WD1"), 5: ("VGA", "VGA"), 6: ("720P", "720P"), 7: ("1080P", "1080P"),
}  # fmt: skip


@structure(en="common settings", zh="公共参数")
class Common:
    """What the forward camera and the driver camera share; 0xFF leaves a value as it is."""

    speed_limit_kmh: int = u8(en="speed from which alarms are given", zh="报警判断速度阈值", unit="km/h")
    volume: int = u8(zh="报警提示音量")
    photo_strategy: int = u8(zh="主动拍照策略", names=PHOTO_STRATEGIES)
    photo_interval_s: int = u16(zh="主动定时拍照时间间隔", unit="s")
    photo_distance_m: int = u16(zh="主动定距拍照距离间隔", unit="m")
    photos: int = u8(en="photos each time", zh="单次主动拍照张数")
    photo_gap: int = u8(en="time between photos", zh="单次主动拍照时间间隔", unit="s", scale=0.1)
    photo_size: int = u8(zh="拍照分辨率", names=PHOTO_SIZES)
    video_size: int = u8(zh="视频录制分辨率", names=VIDEO_SIZES)
    alarms: int = u32(en="alarms switched on", zh="报警使能")
    events: int = u32(en="events switched on", zh="事件使能")


@structure(en="evidence of an alarm", zh="报警取证")
class Evidence:
    """What is recorded of an alarm; `level_kmh` is the speed that parts level one from level two."""

    level_kmh: int = u8(en="speed between the levels", zh="分级速度阈值", unit="km/h")
    video_s: int = u8(en="video before and after", zh="前后视频录制时间", unit="s")
    photos: int = u8(en="photos", zh="拍照张数")
    photo_gap: int = u8(en="time between photos", zh="拍照间隔", unit="s", scale=0.1)


@parameter_class(0xF364, "adas")
@structure(en="forward camera (ADAS)", zh="高级驾驶辅助系统参数")
class Adas:
    """Settings of the forward camera."""

    common: Common = nested(Common, zh="公共参数")
    reserved: int = u8(zh="预留")
    obstacle_distance: int = u8(en="distance to an obstacle", zh="障碍物报警距离阈值", unit="s", scale=0.1)
    obstacle: Evidence = nested(Evidence, zh="障碍物报警")
    lane_changes_s: int = u8(en="time in which lane changes count", zh="频繁变道报警判断时间段", unit="s")
    lane_changes: int = u8(zh="频繁变道报警判断次数")
    lane_change: Evidence = nested(Evidence, zh="频繁变道报警")
    lane_departure: Evidence = nested(Evidence, zh="车道偏离报警")
    collision_time: int = u8(zh="前向碰撞报警时间阈值", unit="s", scale=0.1)
    collision: Evidence = nested(Evidence, zh="前向碰撞报警")
    pedestrian_time: int = u8(zh="行人碰撞报警时间阈值", unit="s", scale=0.1)
    pedestrian: Evidence = nested(Evidence, zh="行人碰撞报警")
    headway: int = u8(zh="车距监控报警距离阈值", unit="s", scale=0.1)
    close_following: Evidence = nested(Evidence, zh="车距过近报警")
    sign_photos: int = u8(en="photos of a road sign", zh="道路标志识别拍照张数")
    sign_photo_gap: int = u8(en="time between photos of a road sign", zh="道路标志识别拍照间隔", unit="s", scale=0.1)
    reserved_end: bytes = raw(4, en="reserved", zh="保留字段")


@parameter_class(0xF365, "dsm")
@structure(en="driver camera (DSM)", zh="驾驶员状态监测系统参数")
class Dsm:
    """Settings of the driver camera."""

    common: Common = nested(Common, zh="公共参数")
    smoking_gap_s: int = u16(en="least time between smoking alarms", zh="吸烟报警判断时间间隔", unit="s")
    telephone_gap_s: int = u16(en="least time between telephone alarms", zh="接打电话报警判断时间间隔", unit="s")
    reserved: bytes = raw(3, zh="预留")
    fatigue: Evidence = nested(Evidence, zh="疲劳驾驶报警")
    telephone: Evidence = nested(Evidence, zh="接打电话报警")
    smoking: Evidence = nested(Evidence, zh="抽烟报警")
    distraction: Evidence = nested(Evidence, zh="分神驾驶报警")
    abnormal: Evidence = nested(Evidence, en="abnormal driving", zh="驾驶行为异常")
    identity: int = u8(en="when the driver is identified", zh="驾驶员身份识别触发")
    reserved_end: bytes = raw(2, en="reserved", zh="保留字段")


@parameter_class(0xF366, "tyres")
@structure(en="tyre pressures (TPMS)", zh="胎压监测系统参数")
class Tyres:
    """Settings of the tyre pressure sensors; pressures in the unit that `pressure_unit` names."""

    tyre: str = text(12, en="type of tyre", zh="轮胎规格型号")
    pressure_unit: int = u16(zh="胎压单位", names={0: ("kg/cm²", "kg/cm²"), 1: ("bar", "bar"), 2: ("kPa", "Kpa"), 3: ("psi", "PSI")})
    normal: int = u16(en="normal pressure", zh="正常胎压值")
    imbalance: int = u16(zh="胎压不平衡门限", unit="%")
    slow_leak: int = u16(zh="慢漏气门限", unit="%")
    low: int = u16(en="low pressure", zh="低压阈值")
    high: int = u16(en="high pressure", zh="高压阈值")
    hot: int = u16(en="high temperature", zh="高温阈值", unit="℃")
    voltage: int = u16(en="sensor voltage", zh="电压阈值", unit="%")
    report_interval_s: int = u16(zh="定时上报时间间隔", unit="s")
    reserved: bytes = raw(6, zh="保留项")


@parameter_class(0xF367, "blind_spot")
@structure(en="blind spots (BSD)", zh="盲区监测系统参数")
class BlindSpot:
    """From how many seconds to a collision an alarm is given."""

    behind_s: int = u8(zh="后方接近报警时间阈值", unit="s")
    beside_s: int = u8(zh="侧后方接近报警时间阈值", unit="s")


parameter_value(0xF370, "active_safety_version", u8(zh="智能视频协议版本信息"))
