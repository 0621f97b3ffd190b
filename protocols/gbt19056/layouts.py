"""The recorder's words and the layouts of their data blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from domain.plugins import Registry
from protocols.definition import DOWN, UP, Definition, Way, definition_of
from protocols.fields import Words

T = TypeVar("T")

NAMES: dict[int, Words] = {
    0x00: ("version of the standard", "执行标准版本"), 0x01: ("current driver", "当前驾驶人信息"), 0x02: ("time", "实时时间"),
    0x03: ("mileage", "累计行驶里程"), 0x04: ("pulses", "脉冲系数"), 0x05: ("vehicle", "车辆信息"),
    0x06: ("signal names", "状态信号配置信息"), 0x07: ("unique number", "唯一性编号"), 0x08: ("speed records", "行驶速度记录"),
    0x09: ("position records", "位置信息记录"), 0x10: ("accident points", "事故疑点记录"),
    0x11: ("over-time driving records", "超时驾驶记录"), 0x12: ("driver changes", "驾驶人身份记录"), 0x13: ("power records", "外部供电记录"),
    0x14: ("parameter changes", "参数修改记录"), 0x15: ("speed state records", "速度状态日志"), 0x82: ("set vehicle", "设置车辆信息"),
    0x83: ("set installation date", "设置初次安装日期"), 0x84: ("set signal names", "设置状态量配置信息"), 0xC2: ("set time", "设置时间"),
    0xC3: ("set pulses", "设置脉冲系数"), 0xC4: ("set mileage", "设置初始里程"), 0xE0: ("enter or keep test state", "进入或保持检定状态"),
    0xE1: ("test mileage", "进入里程误差测量"), 0xE2: ("test pulses", "进入脉冲系数误差测量"), 0xE3: ("test clock", "进入实时时间误差测量"),
    0xE4: ("leave test state", "返回正常工作状态"),
}  # fmt: skip
"""GB/T 19056-2012 tables A.3, A.6 and A.10: the 27 words."""

COLLECT_ERROR, SETTING_ERROR = 0xFA, 0xFB
ERRORS: dict[int, Words] = {
    COLLECT_ERROR: ("collecting went wrong", "采集数据帧接收出错"), SETTING_ERROR: ("setting went wrong", "参数设置帧接收出错"),
}  # fmt: skip
"""Answers without a length and a data block."""


@dataclass(frozen=True, slots=True)
class Block:
    """Layout of a data block: one structure, or records of `unit` bytes up to its end (`unit` 0: one structure)."""

    definition: Definition
    unit: int = 0


blocks: Registry[tuple[int, Way], Block] = Registry("recorder block")
"""Layouts by (word, direction); a word without one has an empty data block there."""


def block(word: int, way: Way, *, unit: int = 0) -> Callable[[type[T]], type[T]]:
    """File a structure as the data block of a word, or as one record of it."""

    def file(cls: type[T]) -> type[T]:
        blocks.add((word, way), Block(definition_of(cls), unit))
        return cls

    return file


__all__ = ["COLLECT_ERROR", "DOWN", "ERRORS", "NAMES", "SETTING_ERROR", "UP", "Block", "block", "blocks"]
