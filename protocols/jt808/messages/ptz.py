"""Pan, tilt and zoom of a camera, JT/T 1078-2016 5.7."""

from __future__ import annotations

from protocols.definition import DOWN
from protocols.fields import u8
from protocols.jt808.messages.video import EDITIONS
from protocols.jt808.registry import message
from protocols.jt808.video_tables import SWITCH


@message(0x9301, en="PTZ: turn", zh="云台旋转", way=DOWN, clause="JT/T 1078-2016 5.7.1", versions=EDITIONS)
class Turn:
    """Turn the camera."""

    channel: int = u8(zh="逻辑通道号")
    direction: int = u8(zh="方向", names={0: ("stop", "停止"), 1: ("up", "上"), 2: ("down", "下"), 3: ("left", "左"), 4: ("right", "右")})
    speed: int = u8(zh="速度")


@message(0x9302, en="PTZ: focus", zh="云台调整焦距控制", way=DOWN, clause="JT/T 1078-2016 5.7.2", versions=EDITIONS)
class Focus:
    """Change the focal length."""

    channel: int = u8(zh="逻辑通道号")
    direction: int = u8(zh="焦距调整方向", names={0: ("longer", "焦距调大"), 1: ("shorter", "焦距调小")})


@message(0x9303, en="PTZ: aperture", zh="云台调整光圈控制", way=DOWN, clause="JT/T 1078-2016 5.7.3", versions=EDITIONS)
class Aperture:
    """Change the aperture."""

    channel: int = u8(zh="逻辑通道号")
    direction: int = u8(zh="光圈调整方式", names={0: ("wider", "调大"), 1: ("narrower", "调小")})


@message(0x9304, en="PTZ: wiper", zh="云台雨刷控制", way=DOWN, clause="JT/T 1078-2016 5.7.4", versions=EDITIONS)
class Wiper:
    """Start or stop the wiper."""

    channel: int = u8(zh="逻辑通道号")
    switch: int = u8(zh="启停标识", names=SWITCH)


@message(0x9305, en="PTZ: infra-red light", zh="红外补光控制", way=DOWN, clause="JT/T 1078-2016 5.7.5", versions=EDITIONS)
class InfraRed:
    """Switch the infra-red light."""

    channel: int = u8(zh="逻辑通道号")
    switch: int = u8(zh="启停标识", names=SWITCH)


@message(0x9306, en="PTZ: zoom", zh="云台变倍控制", way=DOWN, clause="JT/T 1078-2016 5.7.6", versions=EDITIONS)
class Zoom:
    """Zoom in or out."""

    channel: int = u8(zh="逻辑通道号")
    direction: int = u8(zh="变倍控制", names={0: ("in", "调大"), 1: ("out", "调小")})
