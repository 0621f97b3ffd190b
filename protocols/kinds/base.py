"""What every kind of field offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Protocol

from domain.errors import RefusedError
from protocols.wire import Context, Reader, Writer


def refuse(field: str, reason: str) -> NoReturn:
    """Refuse a value that does not fit its field."""
    raise RefusedError(f"{field}: {reason}", field=field)


class Spec(Protocol):
    """What people read of a field; `protocols.fields.FieldSpec` is one. Words are (English, 中文)."""

    @property
    def en(self) -> str:
        """English name, "" for the field's own."""

    @property
    def zh(self) -> str:
        """中文名称."""

    @property
    def unit(self) -> str:
        """Unit of the scaled value."""

    @property
    def scale(self) -> float:
        """Factor from the number on the wire to the unit."""

    @property
    def names(self) -> Mapping[int, tuple[str, str]] | None:
        """Names of values."""

    @property
    def bits(self) -> Mapping[int, tuple[str, str]] | None:
        """Names of bits."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of bytes with one meaning: the bytes [start, end) of the frame, the field's path, its value and its words.

    `spec` is None for lengths, counts and bytes without a meaning; these have `words`.
    """

    start: int
    end: int
    path: str
    value: Any
    spec: Spec | None = None
    words: tuple[str, str] = ("", "")


LENGTH = ("length", "长度")
COUNT = ("count", "数量")
UNREADABLE = ("unreadable bytes", "无法解析的字节")


def leaf(path: str) -> str:
    """Name of a field at the end of its path."""
    return path.rpartition(".")[2]


class Kind:
    """How one value lies on the wire.

    A kind with a struct format in `code` has a fixed `size`: the compiled code fuses neighbours into one struct and calls
    `load` and `store` only when `plain` is False. A kind without one reads and writes for itself.
    """

    is_clock: ClassVar[bool] = False
    """True when the value is epoch ms; such a kind has `utc`, True when its clock runs at UTC."""

    @property
    def code(self) -> str:
        """Struct format of a fixed-size kind; "" of one that reads and writes for itself."""
        return ""

    @property
    def size(self) -> int:
        """Bytes of a fixed-size kind, else the least number of bytes."""
        return 0

    @property
    def plain(self) -> bool:
        """True when what struct unpacks is the value."""
        return False

    @property
    def classes(self) -> tuple[Any, ...]:
        """Classes of the structures that lie inside, for documents and schemas."""
        return ()

    def resolve(self, version: str) -> Kind:
        """This kind as it is in one version."""
        return self

    def load(self, raw: Any, at: int, field: str, context: Context) -> Any:
        """Value of what struct unpacked at offset `at`."""
        return raw

    def unusual(self, variable: str) -> str:
        """Python test of an unpacked value that `load` must see; it is the value itself where the test fails. "" for no such test."""
        return ""

    def reading(self, variable: str) -> tuple[str, ...]:
        """Python lines that do what `read` does, with `frame` and `reader` at hand; () for a call of `read`."""
        return ()

    def store(self, value: Any, field: str, context: Context) -> Any:
        """What struct packs for the value; RefusedError when it does not fit."""
        return value

    def read(self, reader: Reader, field: str) -> Any:
        """Value at the reader's place."""
        at = reader.need(self.size, field)
        return self.load(reader.frame[at : reader.at], at, field, reader.context)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value; RefusedError when it does not fit."""
        writer.raw(self.store(value, field, writer.context))

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, with the meaning of every byte appended to `out`."""
        start = reader.at
        value = self.read(reader, leaf(path))
        if reader.at > start:
            out.append(Part(start, reader.at, path, value, spec))
        return value

    def given(self, value: Any, field: str) -> Any:
        """The value for what JSON gave, arrays as tuples; RefusedError where it cannot be one."""
        return tuple(value) if isinstance(value, list) else value

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {}

    def label(self) -> str:
        """Type as documents print it."""
        return "BYTE"
