"""Names of topics: who may say what is the broker's to enforce, by login and topic."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROOT = "cuntong/v1"
UP_JSON, UP_FRAMES = f"{ROOT}/up/+", f"{ROOT}/up/+/jt808"
NO_REGION = "000000"
_DEVICE = re.compile(r"[1-9][0-9]{0,19}")
_WILD = re.compile(r"[+#/\x00]")


@dataclass(frozen=True, slots=True)
class Up:
    """Where a device published: its name as in the topic, and whether it sends JT/T 808 frames rather than JSON."""

    device: str
    frames: bool


def parse_up(topic: str) -> Up | None:
    """What a topic of a device says; None for any other."""
    levels = topic.split("/")
    if levels[:3] != ["cuntong", "v1", "up"] or len(levels) not in (4, 5) or levels[4:] not in ([], ["jt808"]) or not levels[3]:
        return None
    return Up(levels[3], len(levels) == 5)


def is_device(name: str) -> bool:
    """True for a terminal number as the registry writes it: up to 20 digits without leading zeros, so that each has one topic only."""
    return _DEVICE.fullmatch(name) is not None


def answer(device: str) -> str:
    """Where the answers to a device's JSON go."""
    return f"{ROOT}/down/{device}/ack"


def frames_down(device: str) -> str:
    """Where JT/T 808 frames for a device go."""
    return f"{ROOT}/down/{device}/jt808"


def region_levels(region_code: str | None) -> str:
    """The first six digits of a GB/T 2260 code by pairs, so that 44/# is a province; 00/00/00 for none."""
    code = region_code if region_code and region_code.isdigit() and len(region_code) >= 6 else NO_REGION
    return f"{code[:2]}/{code[2:4]}/{code[4:6]}"


def positions(region_code: str | None) -> str:
    """Where positions of a region's vehicles go."""
    return f"{ROOT}/positions/{region_levels(region_code)}"


def alert(region_code: str | None, rule: str) -> str:
    """Where an alert goes; what no topic may hold is left out of the rule's name."""
    return f"{ROOT}/alerts/{region_levels(region_code)}/{_WILD.sub('-', rule) or 'unknown'}"


def last(vehicle_id: int) -> str:
    """Where the newest fix of a vehicle is retained."""
    return f"{ROOT}/last/{vehicle_id}"


def status(process: str) -> str:
    """Where a process says that it is there."""
    return f"{ROOT}/status/{process}"
