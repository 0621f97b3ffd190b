"""Coordinates in BCD degrees and minutes, and a clock with the day first, as 0x5501 sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protocols.anomaly import Code
from protocols.kinds.numbers import BcdTime, Digits
from protocols.wire import Context


@dataclass(frozen=True)
class DayFirstTime(BcdTime):
    """Six BCD bytes ddMMyyhhmmss; otherwise as `BcdTime`."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> int | None:
        """Epoch ms UTC; None when the digits are no time."""
        t_ms = super().load(raw[2:3] + raw[1:2] + raw[0:1] + raw[3:], at, field, Context(context.settings, context.version))
        if t_ms is None:
            context.note(Code.BAD_TIME, at, field=field, detail=raw.hex())
        return t_ms

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The six bytes."""
        raw = super().store(value, field, context)
        return raw[2:3] + raw[1:2] + raw[0:1] + raw[3:]


@dataclass(frozen=True)
class MinuteDigits(Digits):
    """Latitude as ddmmmmmm in 4 BCD bytes, or longitude as dddmmmmmm with a digit of flags behind it in 5, as text."""

    size: int = 4

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "string", "pattern": f"^[0-9]{{{2 * self.size - (self.size == 5)}}}[0-9a-f]{{{int(self.size == 5)}}}$"}

    def load(self, raw: bytes, at: int, field: str, context: Context) -> str:
        """The digits."""
        digits = raw.hex()
        if not digits[: len(digits) - (self.size == 5)].isdigit():
            context.note(Code.BAD_BCD, at, field=field, detail=digits)
        return digits


def degrees_e6(digits: str, whole: int) -> int | None:
    """1e-6 degree of digits: `whole` digits of degrees, two of minutes, four of their fraction; None for other than digits."""
    if not digits.isdigit():
        return None
    minutes_e4 = int(digits[whole:])
    return int(digits[:whole]) * 1_000_000 + (minutes_e4 * 100 + 30) // 60
