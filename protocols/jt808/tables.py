"""Names of codes and bits that several messages share, (English, 中文)."""

from __future__ import annotations

from protocols.fields import Words

PLATE_COLOURS: dict[int, Words] = {
    0: ("no plate", "未上牌"), 1: ("blue", "蓝色"), 2: ("yellow", "黄色"), 3: ("black", "黑色"), 4: ("white", "白色"),
    5: ("green", "绿色"), 9: ("other", "其他"), 91: ("farm yellow", "农黄色"), 92: ("farm green", "农绿色"),
    93: ("yellow and green", "黄绿色"), 94: ("gradient green", "渐变绿"),
}  # fmt: skip
"""JT/T 697.7-2014 table of plate colours."""

RESULTS: dict[int, Words] = {
    0: ("done", "成功/确认"), 1: ("failed", "失败"), 2: ("bad message", "消息有误"), 3: ("not supported", "不支持"),
    4: ("alarm handled", "报警处理确认"),
}  # fmt: skip
"""Results of the general replies."""

REGISTRATION_RESULTS: dict[int, Words] = {
    0: ("done", "成功"), 1: ("vehicle taken", "车辆已被注册"), 2: ("no such vehicle", "数据库中无该车辆"),
    3: ("terminal taken", "终端已被注册"), 4: ("no such terminal", "数据库中无该终端"),
}  # fmt: skip
"""Results of a registration, 0x8100."""

VIDEO_ALARMS: dict[int, Words] = {
    0: ("video signal lost", "视频信号丢失报警"), 1: ("video signal blocked", "视频信号遮挡报警"), 2: ("storage fault", "存储单元故障报警"),
    3: ("other video fault", "其他视频设备故障报警"), 4: ("bus overcrowded", "客车超员报警"), 5: ("abnormal driving", "异常驾驶行为报警"),
    6: ("special recording at its limit", "特殊报警录像达到存储阈值报警"),
}  # fmt: skip
"""JT/T 1078-2016 table 14."""

ALARM_BITS: dict[int, Words] = {
    0: ("emergency", "紧急报警"), 1: ("speeding", "超速报警"), 2: ("fatigue", "疲劳驾驶报警"), 3: ("dangerous driving", "危险驾驶行为报警"),
    4: ("GNSS fault", "GNSS模块发生故障"), 5: ("GNSS antenna cut", "GNSS天线未接或被剪断"), 6: ("GNSS antenna shorted", "GNSS天线短路"),
    7: ("main power low", "终端主电源欠压"), 8: ("main power lost", "终端主电源掉电"), 9: ("display fault", "终端LCD或显示器故障"),
    10: ("speech module fault", "TTS模块故障"), 11: ("camera fault", "摄像头故障"), 12: ("IC card module fault", "道路运输证IC卡模块故障"),
    13: ("speeding warning", "超速预警"), 14: ("fatigue warning", "疲劳驾驶预警"), 15: ("driving violation", "违规行驶报警"),
    16: ("tyre pressure warning", "胎压预警"), 17: ("right-turn blind spot", "右转盲区异常报警"),
    18: ("driving time of the day exceeded", "当天累计驾驶超时"), 19: ("parking time exceeded", "超时停车"), 20: ("zone in or out", "进出区域"),
    21: ("route in or out", "进出路线"), 22: ("segment time short or long", "路段行驶时间不足/过长"), 23: ("off route", "路线偏离报警"),
    24: ("speed sensor fault", "车辆VSS故障"), 25: ("fuel abnormal", "车辆油量异常"), 26: ("stolen", "车辆被盗"),
    27: ("illegal ignition", "车辆非法点火"), 28: ("illegal displacement", "车辆非法位移"), 29: ("collision", "碰撞侧翻报警"),
    30: ("rollover warning", "侧翻预警"), 31: ("door opened illegally", "非法开门报警"),
}  # fmt: skip
"""JT/T 808-2013 table 18 and 2019 table 25 (bits 15 to 17 are new in 2019; bit 31 ends with 2013)."""

STATUS_BITS: dict[int, Words] = {
    0: ("ignition on", "ACC开"), 1: ("located", "定位"), 2: ("south latitude", "南纬"), 3: ("west longitude", "西经"),
    4: ("out of service", "停运状态"), 5: ("coordinates encrypted", "经纬度已经保密插件加密"), 6: ("forward collision warning", "前撞预警"),
    7: ("lane departure warning", "车道偏移预警"), 8: ("load, low bit", "载客/载货低位"), 9: ("load, high bit", "载客/载货高位"),
    10: ("fuel cut", "车辆油路断开"), 11: ("power cut", "车辆电路断开"), 12: ("doors locked", "车门加锁"), 13: ("front door open", "前门开"),
    14: ("middle door open", "中门开"), 15: ("rear door open", "后门开"), 16: ("driver's door open", "驾驶席门开"),
    17: ("fifth door open", "自定义门开"), 18: ("GPS used", "使用GPS卫星进行定位"), 19: ("BeiDou used", "使用北斗卫星进行定位"),
    20: ("GLONASS used", "使用GLONASS卫星进行定位"), 21: ("Galileo used", "使用Galileo卫星进行定位"), 22: ("moving", "车辆处于行驶状态"),
}  # fmt: skip
"""JT/T 808-2013 table 17 and 2019 table 24 (bits 6, 7 and 22 are new in 2019); bits 8 and 9: 00 empty, 01 half, 11 full."""

VEHICLE_SIGNALS: dict[int, Words] = {
    0: ("dipped beam", "近光灯"), 1: ("main beam", "远光灯"), 2: ("right indicator", "右转向灯"), 3: ("left indicator", "左转向灯"),
    4: ("brake", "制动"), 5: ("reverse", "倒挡"), 6: ("fog lamp", "雾灯"), 7: ("outline lamp", "示廓灯"), 8: ("horn", "喇叭"),
    9: ("air conditioning", "空调"), 10: ("neutral", "空挡"), 11: ("retarder", "缓速器工作"), 12: ("ABS working", "ABS工作"),
    13: ("heater", "加热器工作"), 14: ("clutch", "离合器状态"),
}  # fmt: skip
"""JT/T 808-2019 table 31."""

AREA_TYPES: dict[int, Words] = {
    0: ("no particular place", "无特定位置"), 1: ("circle", "圆形区域"), 2: ("rectangle", "矩形区域"), 3: ("polygon", "多边形区域"),
    4: ("route segment", "路段"),
}  # fmt: skip
"""Kinds of place in items 0x11 and 0x12, JT/T 808-2019 tables 28 and 29."""

GNSS_SYSTEMS: dict[int, Words] = {0: ("GPS", "GPS"), 1: ("BeiDou", "北斗"), 2: ("GLONASS", "GLONASS"), 3: ("Galileo", "Galileo")}
"""JT/T 808-2019 table 12 parameter 0x0090, and table 20."""

CAN_FLAGS: dict[int, Words] = {29: ("average", "平均值"), 30: ("extended frame", "扩展帧"), 31: ("channel 2", "CAN2通道")}
"""JT/T 808-2019 table 58: bits 0 to 28 are the id on the bus; a clear bit means sample, standard frame, channel 1."""
