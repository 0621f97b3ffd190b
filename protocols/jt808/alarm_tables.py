"""Names of codes of active safety (T/JSATL 12-2017, and the provinces that followed it), (English, 中文)."""

from __future__ import annotations

from protocols.fields import Words

STATES: dict[int, Words] = {0: ("no state", "不可用"), 1: ("start", "开始标志"), 2: ("end", "结束标志")}
"""Flag of an alarm that lasts."""

LEVELS: dict[int, Words] = {1: ("level 1", "一级报警"), 2: ("level 2", "二级报警")}
"""Level of an alarm."""

ADAS_KINDS: dict[int, Words] = {
    1: ("forward collision", "前向碰撞报警"), 2: ("lane departure", "车道偏离报警"), 3: ("too close", "车距过近报警"),
    4: ("pedestrian collision", "行人碰撞报警"), 5: ("frequent lane changes", "频繁变道报警"), 6: ("road sign limit", "道路标识超限报警"),
    7: ("obstacle", "障碍物报警"), 0x10: ("road sign seen", "道路标志识别事件"), 0x11: ("snapshot", "主动抓拍事件"),
}  # fmt: skip
"""Item 0x64, table 4-15."""

DRIVER_KINDS: dict[int, Words] = {
    1: ("fatigue", "疲劳驾驶报警"), 2: ("phoning", "接打电话报警"), 3: ("smoking", "抽烟报警"), 4: ("distracted", "分神驾驶报警"),
    5: ("driver abnormal", "驾驶员异常报警"), 0x10: ("snapshot", "自动抓拍事件"), 0x11: ("driver change", "驾驶员变更事件"),
}  # fmt: skip
"""Item 0x65, table 4-17."""

BLIND_SPOT_KINDS: dict[int, Words] = {
    1: ("approached from behind", "后方接近报警"), 2: ("approached from the left rear", "左侧后方接近报警"),
    3: ("approached from the right rear", "右侧后方接近报警"),
}  # fmt: skip
"""Item 0x67, table 4-20."""

HARSH_KINDS: dict[int, Words] = {
    1: ("harsh acceleration", "急加速报警"), 2: ("harsh braking", "急减速报警"), 3: ("harsh turn", "急转弯报警"), 4: ("idling", "怠速报警"),
    5: ("engine stalled", "异常熄火报警"), 6: ("coasting in neutral", "空挡滑行报警"), 7: ("engine overspeed", "发动机超转报警"),
}  # fmt: skip
"""Item 0x70."""

TYRE_ALARMS: dict[int, Words] = {
    0: ("pressure report", "胎压(定时上报)"), 1: ("pressure high", "胎压过高报警"), 2: ("pressure low", "胎压过低报警"),
    3: ("temperature high", "胎温过高报警"), 4: ("sensor fault", "传感器异常报警"), 5: ("pressure unequal", "胎压不平衡报警"),
    6: ("slow leak", "慢漏气报警"), 7: ("battery low", "电池电量低报警"),
}  # fmt: skip
"""Bits of one tyre in item 0x66, table 4-19."""

VEHICLE_BITS: dict[int, Words] = {
    0: ("ignition on", "ACC打开"), 1: ("left indicator", "左转向"), 2: ("right indicator", "右转向"), 3: ("wiper", "雨刮器"),
    4: ("brake", "制动"), 5: ("card inserted", "插卡"), 10: ("located", "定位"),
}  # fmt: skip
"""State of the vehicle, table 4-22."""

FILE_KINDS: dict[int, Words] = {
    0: ("picture", "图片"), 1: ("sound", "音频"), 2: ("video", "视频"), 3: ("text", "文本"), 4: ("other", "其它"),
}  # fmt: skip
"""Kind of an attachment."""

UPLOAD_KINDS: dict[int, Words] = {0: ("normal", "正常报警文件信息"), 1: ("sent again", "补传报警文件信息")}
"""Kind of a list of attachments."""

FINISHED: dict[int, Words] = {0: ("done", "完成"), 1: ("send the missing ranges", "需要补传")}
"""Verdict on an attachment."""
