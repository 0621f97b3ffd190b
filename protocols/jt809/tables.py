"""Names of codes that several messages share, (English, 中文)."""

from __future__ import annotations

from protocols.fields import Words

LOGIN_RESULTS: dict[int, Words] = {
    0: ("done", "成功"), 1: ("wrong IP address", "IP地址不正确"), 2: ("wrong access code", "接入码不正确"), 3: ("no such user", "用户没有注册"),
    4: ("wrong password", "密码错误"), 5: ("no resources", "资源紧张，稍后再连接"), 6: ("other", "其他"), 255: ("other", "其他"),
}  # fmt: skip
"""Results of 0x1002."""

SUB_LOGIN_RESULTS: dict[int, Words] = {
    0: ("done", "成功"), 1: ("wrong verify code", "校验码错误"), 2: ("no resources", "资源紧张，稍后再连接"), 3: ("other", "其他"),
}  # fmt: skip
"""Results of 0x9002."""

BROKEN: dict[int, Words] = {0: ("link broken", "链路断开"), 1: ("other", "其他原因")}
CLOSING: dict[int, Words] = {0: ("gateway restarts", "网关重启"), 1: ("other", "其他原因")}

EXCHANGE_REASONS: dict[int, Words] = {
    0: ("vehicle enters the region", "车辆进入指定区域"), 1: ("asked by hand", "人工指定交换"),
    2: ("emergency", "应急状态下车辆定位信息回传"), 3: ("other", "其他原因"),
}  # fmt: skip
END_REASONS: dict[int, Words] = {
    0: ("vehicle leaves the region", "车辆离开指定区域"), 1: ("ended by hand", "人工停止交换"),
    2: ("emergency over", "紧急监控完成"), 3: ("other", "其他原因"),
}  # fmt: skip
APPLY_RESULTS: dict[int, Words] = {
    0: ("done", "申请成功"), 1: ("no data of this vehicle", "上级平台没有该车数据"), 2: ("wrong period", "申请时间段错误"), 3: ("other", "其他"),
}  # fmt: skip
CANCEL_RESULTS: dict[int, Words] = {
    0: ("cancelled", "取消申请成功"), 1: ("nothing was applied for", "之前没有对应申请信息"), 2: ("other", "其他"),
}  # fmt: skip
BACKFILL_RESULTS: dict[int, Words] = {
    0: ("done, sent at once", "成功，上级平台即刻补发"), 1: ("done, sent later", "成功，上级平台择机补发"),
    2: ("no such data", "失败，上级平台无对应申请的定位数据"), 3: ("wrong request", "失败，申请内容不正确"), 4: ("other", "其他原因"),
}  # fmt: skip
ROUTE_RESULTS: dict[int, Words] = {
    0: ("recorded", "完成记录"), 1: ("approved, recorded", "审核通过，完成记录"), 2: ("wrong, not recorded", "信息错误，未完成记录"),
    3: ("refused, not recorded", "审核未通过，未完成记录"),
}  # fmt: skip

ROLL_CALL_OBJECTS: dict[int, Words] = {
    1: ("the connected subordinate platform", "当前连接的下级平台"), 2: ("one operator of it", "下级平台所属单一业户"),
    3: ("all operators of it", "下级平台所属所有业户"),
}  # fmt: skip

ALARM_SOURCES: dict[int, Words] = {
    1: ("terminal", "车载终端"), 2: ("company platform", "企业监控平台"), 3: ("government platform", "政府监管平台"), 9: ("other", "其他"),
}  # fmt: skip
ALARM_TYPES: dict[int, Words] = {
    0x0001: ("speeding", "超速报警"), 0x0002: ("fatigue", "疲劳驾驶报警"), 0x0003: ("emergency", "紧急报警"),
    0x0004: ("zone entered", "进入指定区域报警"), 0x0005: ("zone left", "离开指定区域报警"), 0x0006: ("road blocked", "路段堵塞报警"),
    0x0007: ("dangerous road", "危险路段报警"), 0x0008: ("border crossed", "越界报警"), 0x0009: ("theft", "盗警"), 0x000A: ("robbery", "劫警"),
    0x000B: ("off route", "偏离路线报警"), 0x000C: ("vehicle moved", "车辆移动报警"), 0x000D: ("overtime driving", "超时驾驶报警"),
    0x000E: ("other", "其他报警"),
}  # fmt: skip
"""JT/T 809-2011 table of alarm types; 2019 adds others."""
FOLLOW_UP_RESULTS: dict[int, Words] = {
    0: ("in progress", "处理中"), 1: ("done", "已处理完毕"), 2: ("no action", "不作处理"), 3: ("later", "将来处理"),
}  # fmt: skip
FOLLOW_UP_LEVELS: dict[int, Words] = {0: ("urgent", "紧急"), 1: ("normal", "一般")}

LISTEN_RESULTS: dict[int, Words] = {0: ("done", "监听成功"), 1: ("failed", "监听失败")}
PHOTO_RESULTS: dict[int, Words] = {
    0: ("not supported", "不支持拍照"), 1: ("taken", "完成拍照"), 2: ("taken, sent later", "完成拍照，图片稍后传送"),
    3: ("not taken: offline", "未拍照（不在线）"), 4: ("not taken: no such lens", "未拍照（无法使用指定镜头）"),
    5: ("not taken: other", "未拍照（其他原因）"), 9: ("wrong plate", "车牌号码错误"),
}  # fmt: skip
PHOTO_SIZES: dict[int, Words] = {
    1: ("320x240", "320x240"), 2: ("640x480", "640x480"), 3: ("800x600", "800x600"), 4: ("1024x768", "1024x768"),
    5: ("176x144 (QCIF)", "176x144 (QCIF)"), 6: ("704x288 (CIF)", "704x288 (CIF)"), 7: ("704x288 (half D1)", "704x288 (HALF D1)"),
    8: ("704x576 (D1)", "704x576 (D1)"),
}  # fmt: skip
PHOTO_FORMATS: dict[int, Words] = {1: ("JPEG", "jpg"), 2: ("GIF", "gif"), 3: ("TIFF", "tiff"), 4: ("PNG", "png")}
SEND_RESULTS: dict[int, Words] = {0: ("done", "下发成功"), 1: ("failed", "下发失败")}
PRIORITIES: dict[int, Words] = {0: ("urgent", "紧急"), 1: ("normal", "一般")}
EMERGENCY_RESULTS: dict[int, Words] = {
    0: ("received", "车载终端成功收到该命令"),
    1: ("no such vehicle", "无该车辆"),
    2: ("other", "其他原因失败"),
}

VIDEO_RESULTS: dict[int, Words] = {
    0: ("done", "成功"), 1: ("failed", "失败"), 2: ("not supported", "不支持"), 3: ("session over", "会话结束"), 4: ("wrong pass", "时效口令错误"),
    5: ("conditions not met", "不满足跨域条件"),
}  # fmt: skip
MEDIA: dict[int, Words] = {
    0: ("audio and video", "音视频"),
    1: ("audio", "音频"),
    2: ("video", "视频"),
    3: ("video or both", "视频或音视频"),
}
STREAMS: dict[int, Words] = {0: ("either", "主码流或子码流"), 1: ("main stream", "主码流"), 2: ("sub stream", "子码流")}
STORES: dict[int, Words] = {0: ("either", "主存储器或灾备存储器"), 1: ("main store", "主存储器"), 2: ("backup store", "灾备存储器")}
PLAYBACK: dict[int, Words] = {
    0: ("normal", "正常回放"), 1: ("pause", "暂停回放"), 2: ("end", "结束回放"), 3: ("fast forward", "快进回放"),
    4: ("back by key frames", "关键帧快退回放"), 5: ("drag", "拖动回放"), 6: ("key frames", "关键帧播放"),
}  # fmt: skip
DOWNLOAD: dict[int, Words] = {0: ("pause", "暂停"), 1: ("go on", "继续"), 2: ("cancel", "取消")}
