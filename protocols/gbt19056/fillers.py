"""Kinds of the recorder's fields: bytes FF stand for no value, which is None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.anomaly import Code
from protocols.kinds import BcdTime, Kind, Number, Part, Spec, Text, refuse
from protocols.kinds.optional import SoftTime
from protocols.wire import Context, Reader, Writer

_NO_TIME = b"\xff" * 6


@dataclass(frozen=True)
class FilledNumber(Number):
    """Unsigned number; all bits set is None."""

    plain: ClassVar[bool] = False

    @property
    def high(self) -> int:
        """Greatest value; the one above it is the filler."""
        return (1 << 8 * self.size) - 2

    def load(self, raw: Any, at: int, field: str, context: Context) -> int | None:
        """The number."""
        return None if raw > self.high else int(raw)

    def read(self, reader: Reader, field: str) -> Any:
        """Value at the reader's place."""
        return self.load(super().read(reader, field), 0, field, reader.context)

    def store(self, value: Any, field: str, context: Context) -> int:
        """The number, or the filler."""
        return self.high + 1 if value is None else int(super().store(value, field, context))

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value."""
        writer.unsigned(self.store(value, field, writer.context), self.size)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": ["integer", "null"], "minimum": 0, "maximum": self.high}


@dataclass(frozen=True)
class FilledSigned(Kind):
    """Signed number of 2 or 4 bytes, two's complement; FF throughout, or the greatest number, is None and written as FF."""

    size: int = 4

    @property
    def limit(self) -> int:
        """Greatest value."""
        return (1 << 8 * self.size - 1) - 2

    def read(self, reader: Reader, field: str) -> int | None:
        """Value at the reader's place."""
        value = int.from_bytes(reader.take(self.size, field), "big", signed=True)
        return None if value in (-1, self.limit + 1) else value

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value."""
        number = -1 if value is None else value
        if not isinstance(number, int) or not -self.limit - 3 < number <= self.limit or value == -1:
            refuse(field, f"{value!r} is not a number from {-self.limit - 2} to {self.limit} other than -1, the filler")
        writer.raw(number.to_bytes(self.size, "big", signed=True))

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": ["integer", "null"], "minimum": -self.limit - 2, "maximum": self.limit}

    def label(self) -> str:
        """Type as documents print it."""
        return f"INT[{self.size}]"


@dataclass(frozen=True)
class FilledTime(SoftTime):
    """Clock of six BCD bytes; FF throughout is None."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> int | None:
        """Epoch ms UTC; None for the filler, and for digits that are no time (noted)."""
        return None if raw == _NO_TIME else super().load(raw, at, field, context)

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The six bytes."""
        return _NO_TIME if value is None else BcdTime.store(self, value, field, context)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": ["integer", "null"], "description": "epoch ms UTC"}


@dataclass(frozen=True)
class FilledText(Text):
    """Text of a fixed size; FF throughout is None, FF behind it is padding."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> Any:
        """The text."""
        return None if raw == b"\xff" * len(raw) else super().load(raw.rstrip(b"\xff"), at, field, context)

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes."""
        return b"\xff" * self.size if value is None else super().store(value, field, context)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": ["string", "null"], "maxLength": self.size}


@dataclass(frozen=True)
class BcdNumber(Kind):
    """Number in BCD digits; FF throughout is None, other digits above 9 are None and noted."""

    size: int = 4

    def read(self, reader: Reader, field: str) -> int | None:
        """Value at the reader's place."""
        at, digits = reader.at, reader.take(self.size, field).hex()
        if digits.isdigit():
            return int(digits)
        if digits.strip("f"):
            reader.context.note(Code.BAD_BCD, at, field=field, detail=digits)
        return None

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value."""
        most = 10 ** (2 * self.size) - 1
        if value is not None and (not isinstance(value, int) or not 0 <= value <= most):
            refuse(field, f"{value!r} is not a number from 0 to {most}")
        writer.raw(b"\xff" * self.size if value is None else bytes.fromhex(f"{value:0{2 * self.size}d}"))

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": ["integer", "null"], "minimum": 0, "maximum": 10 ** (2 * self.size) - 1}

    def label(self) -> str:
        """Type as documents print it."""
        return f"BCD[{self.size}]"


@dataclass(frozen=True)
class Times(Kind):
    """A fixed number of values of one kind, as a tuple."""

    count: int = 60
    of: Any = None

    @property
    def classes(self) -> tuple[Any, ...]:
        """Classes inside the values."""
        return tuple(self.of.classes)

    def resolve(self, version: str) -> Times:
        """The values as they are in one version."""
        return Times(self.count, self.of.resolve(version))

    def read(self, reader: Reader, field: str) -> tuple[Any, ...]:
        """The values at the reader's place."""
        return tuple(self.of.read(reader, f"{field}[{number}]") for number in range(self.count))

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Any, ...]:
        """As `read`, value by value."""
        return tuple(self.of.parts(reader, f"{path}[{number}]", spec, out) for number in range(self.count))

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the values."""
        if len(value) != self.count:
            refuse(field, f"{len(value)} values where {self.count} belong")
        for number, item in enumerate(value):
            self.of.write(writer, item, f"{field}[{number}]")

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "array", "items": self.of.schema(), "minItems": self.count, "maxItems": self.count}

    def label(self) -> str:
        """Type as documents print it."""
        return f"{self.count} × {self.of.label()}"
