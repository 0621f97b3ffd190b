"""Lists without a count or with short items, a structure that only a certain length allows, and text that must not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protocols.anomaly import Code as AnomalyCode
from protocols.kinds.base import COUNT, Kind, Part, Spec, leaf, refuse
from protocols.kinds.groups import Repeat
from protocols.kinds.text import Text, decode_text
from protocols.wire import Context, Reader, Writer


@dataclass(frozen=True)
class Series(Kind):
    """Values of one kind up to the end of the body, as a tuple."""

    of: Any = None

    @property
    def classes(self) -> tuple[Any, ...]:
        """Classes inside the values."""
        return tuple(self.of.classes)

    def resolve(self, version: str) -> Kind:
        """The list as it is in one version."""
        return Series(self.of.resolve(version))

    def read(self, reader: Reader, field: str) -> tuple[Any, ...]:
        """The values up to the end."""
        values: list[Any] = []
        while reader.left:
            values.append(self.of.read(reader, f"{field}[{len(values)}]"))
        return tuple(values)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Any, ...]:
        """As `read`, value by value."""
        values: list[Any] = []
        while reader.left:
            values.append(self.of.parts(reader, f"{path}[{len(values)}]", spec, out))
        return tuple(values)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the values."""
        if not isinstance(value, (tuple, list)):
            refuse(field, f"needs a list, not {value!r}")
        for number, item in enumerate(value):
            self.of.write(writer, item, f"{field}[{number}]")

    def given(self, value: Any, field: str) -> Any:
        """The values of an array."""
        if not isinstance(value, list):
            refuse(field, f"needs an array, not {value!r}")
        return tuple(self.of.given(item, f"{field}[{number}]") for number, item in enumerate(value))

    def schema(self) -> dict[str, Any]:
        """JSON schema of the list."""
        return {"type": "array", "items": self.of.schema()}

    def label(self) -> str:
        """Type as documents print it."""
        return f"{self.of.label()} × n"


@dataclass(frozen=True)
class ShortItems(Repeat):
    """Structures with their count before them, or only the first number of each, as 0x8301 deletes events.

    The short form is read when exactly as many bytes follow as the numbers need; it is written when the second field of every
    item is None. `count` is an unsigned number, `of` a `Nested` of a structure with two fields, `short` the kind of the first.
    """

    short: Any = None

    def resolve(self, version: str) -> Kind:
        """The list as it is in one version."""
        return ShortItems(self.count.resolve(version), self.of.resolve(version), self.short)

    def _is_short(self, reader: Reader, field: str) -> int:
        """Number of short items; 0 when the items are whole or there are none."""
        ahead = Reader(reader.frame, reader.at, reader.end, reader.context)
        count = int(self.count.read(ahead, field))
        return count if count * self.short.size == ahead.left else 0

    def read(self, reader: Reader, field: str) -> tuple[Any, ...]:
        """The items at the reader's place."""
        count = self._is_short(reader, field)
        if not count:
            return super().read(reader, field)
        self.count.read(reader, field)
        return tuple(self.of.of(self.short.read(reader, field), None) for _ in range(count))

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Any, ...]:
        """As `read`, item by item."""
        start = reader.at
        count = self._is_short(reader, leaf(path))
        if not count:
            return super().parts(reader, path, spec, out)
        self.count.read(reader, leaf(path))
        out.append(Part(start, reader.at, f"{path}.count", count, None, COUNT))
        first = next(iter(self.of.of.definition.fields.items()))
        return tuple(self.of.of(self.short.parts(reader, f"{path}[{number}].{first[0]}", first[1], out), None) for number in range(count))

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append count and items."""
        names = tuple(self.of.of.definition.fields)
        if isinstance(value, (tuple, list)) and value and all(getattr(item, names[1], 0) is None for item in value):
            self.count.write(writer, len(value), field)
            for number, item in enumerate(value):
                self.short.write(writer, getattr(item, names[0]), f"{field}[{number}].{names[0]}")
            return
        super().write(writer, value, field)


@dataclass(frozen=True)
class OnlyLength(Kind):
    """A value that is there when exactly `length` bytes are left, as its class of kind needs them; None otherwise."""

    length: int = 0
    of: Any = None

    @property
    def classes(self) -> tuple[Any, ...]:
        """Classes inside the value."""
        return tuple(self.of.classes)

    def read(self, reader: Reader, field: str) -> Any:
        """The value, or None."""
        return self.of.read(reader, field) if reader.left == self.length else None

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, part by part."""
        return self.of.parts(reader, path, spec, out) if reader.left == self.length else None

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value, unless it is None."""
        if value is not None:
            self.of.write(writer, value, field)

    def given(self, value: Any, field: str) -> Any:
        """The value of what JSON gave."""
        return self.of.given(value, field)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"anyOf": [self.of.schema(), {"type": "null"}]}

    def label(self) -> str:
        """Type as documents print it."""
        return f"{self.of.label()}, or nothing"


_HEX = "hex:"


@dataclass(frozen=True)
class ExactText(Text):
    """Text to the end that may hold binary values. Bytes that would not come back the same are kept as `hex:...` as a whole."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> str:
        """The text."""
        text, clean = decode_text(raw, context.settings.charset)
        if clean and "\x00" not in text and not text.startswith(_HEX):
            try:
                if text.encode("utf-8" if context.settings.charset == "utf-8" else "gbk") == raw:
                    return text
            except UnicodeEncodeError:
                pass  # a character of GB 18030 that GBK lacks
        return _HEX + raw.hex()

    def spell(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes of the text."""
        if isinstance(value, str) and value.startswith(_HEX):
            try:
                return bytes.fromhex(value[len(_HEX) :])
            except ValueError:
                refuse(field, f"{value!r} is not hexadecimal behind hex:")
        return super().spell(value, field, context)


@dataclass(frozen=True)
class Utf16Text(Text):
    """Text in UTF-16, high byte first, to the end; a bad pair is replaced and noted as `bad_text`."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> str:
        """The text."""
        try:
            return raw.decode("utf-16-be")
        except UnicodeDecodeError:
            context.note(AnomalyCode.BAD_TEXT, at, field=field, detail=raw.hex())
            return raw.decode("utf-16-be", "replace")

    def spell(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes of the text."""
        if not isinstance(value, str):
            refuse(field, f"needs text, not {value!r}")
        try:
            return value.encode("utf-16-be")
        except UnicodeEncodeError as error:
            refuse(field, f"{value[error.start]!r} is not in {error.encoding}")
