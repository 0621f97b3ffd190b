"""Clocks between platforms: UTC in eight bytes, and the day-month-year clock of a 2011 position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct
from typing import Any, ClassVar

from protocols.anomaly import Code
from protocols.kinds.base import Kind, refuse
from protocols.kinds.numbers import epoch_ms_of_bcd
from protocols.wire import Context, Writer

_MILLISECONDS_FROM = 100_000_000_000
"""Above this a UTC field holds milliseconds (as some platforms send it): in seconds it would be the year 5138."""
_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999."""


@dataclass(frozen=True)
class UtcTime(Kind):
    """Seconds since 1970 UTC in eight bytes, as epoch ms; 0 where the sender leaves it out (JT/T 809-2011 4.2.2).

    A field with milliseconds is read as such. A value beyond the year 9999 is None, with `bad_time`. A time with a fraction of a
    second is written in milliseconds.
    """

    code: ClassVar[str] = "Q"
    size: ClassVar[int] = 8
    is_clock: ClassVar[bool] = True
    utc: ClassVar[bool] = True

    def load(self, raw: Any, at: int, field: str, context: Context) -> int | None:
        """Epoch ms; None for a value beyond the calendar."""
        value = raw if isinstance(raw, int) else int.from_bytes(raw, "big")
        t_ms: int = value if value >= _MILLISECONDS_FROM else 1000 * value
        if t_ms > _LATEST_MS:
            context.note(Code.BAD_TIME, at, field=field, detail=f"{value:016x}")
            return None
        return t_ms

    def store(self, value: Any, field: str, context: Context) -> int:
        """Seconds, or milliseconds where there is a fraction."""
        if not isinstance(value, int) or not 0 <= value <= _LATEST_MS:
            refuse(field, f"needs epoch ms up to the year 9999, not {value!r}")
        if value % 1000 == 0 and value // 1000 < _MILLISECONDS_FROM:
            return value // 1000
        if value < _MILLISECONDS_FROM:
            refuse(field, f"{value} ms has a fraction of a second, which times before 1973 cannot carry")
        return value

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value."""
        writer.unsigned(self.store(value, field, writer.context), self.size)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "integer", "minimum": 0, "maximum": _LATEST_MS, "description": "epoch ms UTC, 0 where left out"}

    def label(self) -> str:
        """Type as documents print it."""
        return "TIME_T"


_CALENDAR = Struct(">BBHBBB")
_BCD = bytes(n // 10 << 4 | n % 10 for n in range(100))


@dataclass(frozen=True)
class CalendarTime(Kind):
    """Day, month, year u16, hour, minute, second at the peer's offset (+08:00), as epoch ms; None with `bad_time`.

    Years 2000 to 2099. Source: JT/T 809-2011 4.5.8.1.
    """

    code: ClassVar[str] = "7s"
    size: ClassVar[int] = 7
    is_clock: ClassVar[bool] = True
    utc: ClassVar[bool] = False

    def load(self, raw: bytes, at: int, field: str, context: Context) -> int | None:
        """Epoch ms UTC; None when the numbers are no time."""
        day, month, year, hour, minute, second = _CALENDAR.unpack(raw)
        t_ms = None
        if 2000 <= year <= 2099 and max(day, month, hour, minute, second) < 100:
            digits = bytes(_BCD[part] for part in (year - 2000, month, day, hour, minute, second))
            t_ms = epoch_ms_of_bcd(digits, context.settings.utc_offset_ms)
        if t_ms is None:
            context.note(Code.BAD_TIME, at, field=field, detail=raw.hex())
        return t_ms

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The seven bytes; RefusedError for a fraction of a second or a year outside 2000 to 2099."""
        if not isinstance(value, int) or value % 1000:
            refuse(field, f"needs whole seconds as epoch ms, not {value!r}")
        seconds = (value + context.settings.utc_offset_ms) // 1000
        if not 946_684_800 <= seconds < 4_102_444_800:
            refuse(field, f"{value} lies outside the years 2000 to 2099")
        t = datetime.fromtimestamp(seconds, UTC)
        return _CALENDAR.pack(t.day, t.month, t.year, t.hour, t.minute, t.second)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "integer", "description": "epoch ms UTC"}

    def label(self) -> str:
        """Type as documents print it."""
        return "BYTE[7]"
