"""Number plates. A vehicle is found by number and colour together."""

from __future__ import annotations

from dataclasses import dataclass

PLATE_COLOURS = {
    0: "none", 1: "blue", 2: "yellow", 3: "black", 4: "white", 5: "green", 9: "other",
    91: "farm_yellow", 92: "farm_green", 93: "yellow_green", 94: "gradient_green",
}  # fmt: skip
"""JT/T 697.7-2014 plate colours; 91 to 94 as later regional practice extends them."""

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
"""First character of a mainland plate, GA 36-2018 (31 province-level regions)."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate: number as painted (letters upper case) and colour code of `PLATE_COLOURS`."""

    number: str
    colour: int
