"""Numbers, BCD digits and BCD clocks."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from protocols.anomaly import Code
from protocols.kinds.base import Kind, refuse
from protocols.wire import Context, Reader, Writer

_LABELS = {"B": "BYTE", "H": "WORD", "I": "DWORD", "Q": "QWORD", "h": "INT16"}
_SIZES = {"B": 1, "H": 2, "I": 4, "Q": 8, "h": 2}


@dataclass(frozen=True)
class Number(Kind):
    """Big-endian integer; `code` is its struct format, one of B H I Q h."""

    code: str = "B"
    plain: ClassVar[bool] = True

    @property
    def size(self) -> int:
        """Bytes."""
        return _SIZES[self.code]

    @property
    def low(self) -> int:
        """Least value."""
        return -(1 << 8 * self.size - 1) if self.code == "h" else 0

    @property
    def high(self) -> int:
        """Greatest value."""
        return (1 << 8 * self.size - (self.code == "h")) - 1

    def read(self, reader: Reader, field: str) -> int:
        """Value at the reader's place."""
        return int.from_bytes(reader.take(self.size, field), "big", signed=self.code == "h")

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value."""
        self.store(value, field, writer.context)
        writer.raw(value.to_bytes(self.size, "big", signed=self.code == "h"))

    def store(self, value: Any, field: str, context: Context) -> Any:
        """The value itself, if it is an integer in range."""
        if not isinstance(value, int):
            refuse(field, f"needs an integer, not {value!r}")
        if not self.low <= value <= self.high:
            refuse(field, f"{value} is outside {self.low} to {self.high}")
        return value

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def label(self) -> str:
        """Type as documents print it."""
        return _LABELS[self.code]


@dataclass(frozen=True)
class Coordinate(Number):
    """Latitude or longitude, unsigned 1e-6 degree; a value beyond `limit_e6` is noted as `out_of_range`."""

    code: str = "I"
    limit_e6: int = 180_000_000
    plain: ClassVar[bool] = False

    def unusual(self, variable: str) -> str:
        """Beyond the limit."""
        return f"{variable} > {self.limit_e6}"

    def load(self, raw: int, at: int, field: str, context: Context) -> int:
        """The value."""
        if raw > self.limit_e6:
            context.note(Code.OUT_OF_RANGE, at, field=field, detail=f"{raw / 1e6} degrees")
        return raw

    def read(self, reader: Reader, field: str) -> int:
        """Value at the reader's place."""
        return self.load(super().read(reader, field), reader.at - self.size, field, reader.context)


@dataclass(frozen=True)
class SignMagnitude(Kind):
    """16 bit with the sign in bit 15 and the magnitude below it, as temperatures are sent (item 0x06)."""

    code: ClassVar[str] = "H"
    size: ClassVar[int] = 2

    def load(self, raw: Any, at: int, field: str, context: Context) -> int:
        """The signed value."""
        word = raw if isinstance(raw, int) else int.from_bytes(raw, "big")
        return -(word & 0x7FFF) if word & 0x8000 else word

    def store(self, value: Any, field: str, context: Context) -> int:
        """The word; a negative zero is never written."""
        if not isinstance(value, int) or not -0x7FFF <= value <= 0x7FFF:
            refuse(field, f"needs -32767 to 32767, not {value!r}")
        return -value | 0x8000 if value < 0 else value

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value."""
        writer.unsigned(self.store(value, field, writer.context), self.size)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "integer", "minimum": -0x7FFF, "maximum": 0x7FFF}

    def label(self) -> str:
        """Type as documents print it."""
        return "WORD"


@dataclass(frozen=True)
class Digits(Kind):
    """BCD digits kept as text; a nibble above 9 is kept as a hexadecimal letter and noted as `bad_bcd`."""

    size: int = 6

    @property
    def code(self) -> str:
        """Struct format."""
        return f"{self.size}s"

    def load(self, raw: bytes, at: int, field: str, context: Context) -> str:
        """The digits."""
        digits = raw.hex()
        if not digits.isdigit():
            context.note(Code.BAD_BCD, at, field=field, detail=digits)
        return digits

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes of the digits."""
        try:
            raw = bytes.fromhex(value)
        except (TypeError, ValueError):
            refuse(field, f"{value!r} is not a row of digits")
        if len(raw) != self.size or len(value) != 2 * self.size:
            refuse(field, f"{len(value)} digits where {2 * self.size} belong")
        return raw

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "string", "pattern": f"^[0-9]{{{2 * self.size}}}$"}

    def label(self) -> str:
        """Type as documents print it."""
        return f"BCD[{self.size}]"


_TO_BCD = bytes(n // 10 << 4 | n % 10 for n in range(100))
_EPOCH = date(1970, 1, 1)
_DAY_MS = 86_400_000
_NEVER = -(1 << 60)
"""So far below every time that a sum with it is below 0 as well."""


def _clock_hand(limit: int, unit_ms: int) -> tuple[int, ...]:
    """Milliseconds by BCD byte; `_NEVER` for no digits and from the limit on."""
    values = {_TO_BCD[n]: n * unit_ms for n in range(limit)}
    return tuple(values.get(byte, _NEVER) for byte in range(256))


_HOURS, _MINUTES, _SECONDS = _clock_hand(24, 3_600_000), _clock_hand(60, 60_000), _clock_hand(60, 1_000)
_MONTHS = {
    bytes((_TO_BCD[year], _TO_BCD[month])): (
        (date(2000 + year, month, 1) - _EPOCH).days * _DAY_MS,
        _TO_BCD[1 : monthrange(2000 + year, month)[1] + 1],
    )
    for year in range(100)
    for month in range(1, 13)
}
"""By the bytes of year and month: epoch ms of the first, and the bytes of its days in order."""


def epoch_ms_of_bcd(raw: bytes, offset_ms: int) -> int | None:
    """Epoch ms UTC of six BCD bytes yyMMddhhmmss of a clock `offset_ms` ahead of UTC; None when they are no time."""
    month = _MONTHS.get(raw[:2])
    if month is None:
        return None
    day = month[1].find(raw[2])
    t_ms = month[0] + day * _DAY_MS + _HOURS[raw[3]] + _MINUTES[raw[4]] + _SECONDS[raw[5]]
    return t_ms - offset_ms if t_ms >= 0 and day >= 0 else None


@dataclass(frozen=True)
class BcdTime(Kind):
    """Six BCD bytes yyMMddhhmmss, years 2000 to 2099, as epoch ms UTC.

    The clock runs at the profile's offset (+08:00 as the standard says), or at UTC where `utc` is set (0x8004). Bytes that
    are no time are None with the anomaly `bad_time`.
    """

    utc: bool = False
    is_clock: ClassVar[bool] = True
    code: ClassVar[str] = "6s"
    size: ClassVar[int] = 6

    def _offset_ms(self, context: Context) -> int:
        return 0 if self.utc else context.settings.utc_offset_ms

    def load(self, raw: bytes, at: int, field: str, context: Context) -> int | None:
        """Epoch ms UTC; None when the digits are no time."""
        t_ms = epoch_ms_of_bcd(raw, self._offset_ms(context))
        if t_ms is None:
            context.note(Code.BAD_TIME, at, field=field, detail=raw.hex())
        return t_ms

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The six bytes; RefusedError when the time has a fraction of a second or lies outside 2000 to 2099."""
        if not isinstance(value, int) or value % 1000:
            refuse(field, f"needs whole seconds as epoch ms, not {value!r}")
        seconds = (value + self._offset_ms(context)) // 1000
        if not 946_684_800 <= seconds < 4_102_444_800:
            refuse(field, f"{value} lies outside the years 2000 to 2099")
        t = datetime.fromtimestamp(seconds, UTC)
        return bytes(_TO_BCD[n] for n in (t.year - 2000, t.month, t.day, t.hour, t.minute, t.second))

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "integer", "description": "epoch ms UTC"}

    def label(self) -> str:
        """Type as documents print it."""
        return "BCD[6]"
