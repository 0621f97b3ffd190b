"""Text to the driver."""

from __future__ import annotations

from protocols.definition import DOWN
from protocols.fields import V2019, rest, since, text, u8
from protocols.jt808.registry import message

TEXT_FLAGS = {
    0: ("urgent", "紧急"), 2: ("on the terminal's screen", "终端显示器显示"), 3: ("spoken", "终端TTS播读"),
    4: ("on the advertising screen", "广告屏显示"), 5: ("CAN fault code, else navigation", "CAN故障码信息"),
}  # fmt: skip
"""JT/T 808-2013 table 35; 2019 table 39 reads bits 0 and 1 as a number: 01 service, 10 urgent, 11 notice."""


@message(0x8300, en="text to the screen", zh="文本信息下发", way=DOWN, clause="8.29")
class TextDown:
    """Text for the driver; `text_type` is None before 2019."""

    flag_bits: int = u8(en="flags", zh="标志", bits=TEXT_FLAGS)
    text_type: int | None = since(V2019, u8(zh="文本类型", names={1: ("notice", "通知"), 2: ("service", "服务")}))
    text: str = text(rest(), zh="文本信息")
