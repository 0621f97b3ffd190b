"""A BCD clock that may be left open: six zero bytes mean no time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protocols.kinds.numbers import BcdTime
from protocols.wire import Context

_OPEN = bytes(6)


@dataclass(frozen=True)
class OpenTime(BcdTime):
    """As `BcdTime`; six zero bytes are None without an anomaly, and None is written as them (JT/T 1078-2016 tables 21 to 27)."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> int | None:
        """Epoch ms UTC; None when the time is left open or the digits are none."""
        return None if raw == _OPEN else super().load(raw, at, field, context)

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The six bytes."""
        return _OPEN if value is None else super().store(value, field, context)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": ["integer", "null"], "description": "epoch ms UTC, null when open"}
