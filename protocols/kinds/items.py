"""Kinds of makers' additional items: values up to the end, a layout by length, and items inside an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import RefusedError, WireError
from protocols.anomaly import Code
from protocols.kinds.base import Kind, Part, Spec, leaf, refuse
from protocols.wire import Reader, Writer


@dataclass(frozen=True)
class Each(Kind):
    """Values of one kind up to the end, as a tuple."""

    of: Any = None

    def read(self, reader: Reader, field: str) -> tuple[Any, ...]:
        """The values up to the end."""
        found: list[Any] = []
        while reader.left:
            found.append(self.of.read(reader, f"{field}[{len(found)}]"))
        return tuple(found)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Any, ...]:
        """As `read`, value by value."""
        found: list[Any] = []
        while reader.left:
            found.append(self.of.parts(reader, f"{path}[{len(found)}]", spec, out))
        return tuple(found)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the values."""
        if not isinstance(value, (tuple, list)):
            refuse(field, f"needs a list, not {value!r}")
        for number, item in enumerate(value):
            self.of.write(writer, item, f"{field}[{number}]")

    def schema(self) -> dict[str, Any]:
        """JSON schema of the values."""
        return {"type": "array", "items": self.of.schema()}

    def label(self) -> str:
        """Type as documents print it."""
        return f"n × {self.of.label()}"


@dataclass(frozen=True)
class Case:
    """One layout of `ByLength`: the lengths that choose it, its specifier and its name."""

    lengths: frozenset[int]
    spec: Any
    name: str = ""


@dataclass(frozen=True)
class ByLength(Kind):
    """An item whose length tells what it is; the cases do not overlap."""

    cases: tuple[Case, ...] = ()

    def _case(self, reader: Reader, field: str) -> Any:
        for case in self.cases:
            if reader.left in case.lengths:
                return case.spec
        raise WireError(f"{field}: no layout of {reader.left} bytes", code=Code.SHORT_BODY, field=field, offset=reader.at)

    def read(self, reader: Reader, field: str) -> Any:
        """The value in the layout of its length."""
        return self._case(reader, field).kind.read(reader, field)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, with the words of the case."""
        chosen = self._case(reader, leaf(path))
        return chosen.kind.parts(reader, path, chosen, out)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value in the first layout that takes it."""
        for case in self.cases:
            part = Writer(writer.context)
            try:
                case.spec.kind.write(part, value, field)
            except RefusedError:
                continue
            if len(part.out) in case.lengths:
                writer.raw(part.out)
                return
        refuse(field, f"{value!r} fits no layout")

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"anyOf": [case.spec.kind.schema() for case in self.cases]}

    def label(self) -> str:
        """Type as documents print it."""
        return " or ".join(dict.fromkeys(case.spec.kind.label() for case in self.cases))


@dataclass(frozen=True, slots=True)
class Tag:
    """One item inside an item: id, its bytes, and its value, which is None where id or length is of no layout."""

    id: int
    raw: bytes
    value: Any = None


@dataclass(frozen=True)
class Tagged(Kind):
    """Items inside an item, each with an id and a length, after `skip` bytes without a meaning.

    `id_bytes` and `length_bytes` are their widths; with `length_first` the length stands before the id and counts it. `known` has
    (id, name, lengths, specifier).
    """

    id_bytes: int = 1
    length_bytes: int = 1
    length_first: bool = False
    skip: int = 0
    known: tuple[tuple[int, str, tuple[int, ...], Any], ...] = ()

    def _head(self, reader: Reader, field: str) -> tuple[int, int]:
        """(id, length) of the next item."""
        if self.length_first:
            length = reader.unsigned(self.length_bytes, field) - self.id_bytes
            return reader.unsigned(self.id_bytes, field), length
        item_id = reader.unsigned(self.id_bytes, field)
        return item_id, reader.unsigned(self.length_bytes, field)

    def _known(self, item_id: int, length: int) -> tuple[str, Any]:
        for known_id, name, lengths, spec in self.known:
            if known_id == item_id and (not lengths or length in lengths):
                return name, spec
        return "", None

    def _items(self, reader: Reader, path: str, out: list[Part] | None) -> tuple[Tag, ...]:
        start = reader.at
        reader.take(min(self.skip, reader.left), path)
        if out is not None and reader.at > start:
            out.append(Part(start, reader.at, f"{path}.kind", reader.frame[start : reader.at], None, ("kind", "类型")))
        tags: list[Tag] = []
        while reader.left:
            tags.append(self._one(reader, f"{path}[{len(tags)}]", out))
        return tuple(tags)

    def _one(self, reader: Reader, path: str, out: list[Part] | None) -> Tag:
        start = reader.at
        item_id, length = self._head(reader, leaf(path))
        if length < 0:
            raise WireError(f"{path}: length under its own id", code=Code.SHORT_BODY, field=leaf(path), offset=start)
        head = reader.at
        inner = reader.bounded(length, leaf(path))
        name, spec = self._known(item_id, length)
        if out is not None:
            words = f"0x{item_id:0{2 * self.id_bytes}X}"
            out.append(Part(start, head, f"{path}.id", f"{words}, {length} bytes", None, ("item inside", "内层信息项")))
        raw = reader.frame[inner.at : inner.end]
        value = None
        if spec is not None:
            value = spec.kind.read(inner, name) if out is None else spec.kind.parts(inner, f"{path}.{name}", spec, out)
        elif raw and out is not None:
            out.append(Part(head, inner.end, f"{path}.raw", raw, None, ("unknown", "未知")))
        return Tag(item_id, raw, value)

    def read(self, reader: Reader, field: str) -> tuple[Tag, ...]:
        """The items up to the end."""
        return self._items(reader, field, None)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Tag, ...]:
        """As `read`, with id, length and value of each."""
        return self._items(reader, path, out)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the items by their bytes."""
        writer.raw(bytes(self.skip))
        for tag in value:
            head = (
                tag.id.to_bytes(self.id_bytes, "big"),
                (len(tag.raw) + self.id_bytes * self.length_first).to_bytes(self.length_bytes, "big"),
            )
            writer.raw(b"".join(reversed(head) if self.length_first else head) + tag.raw)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the items."""
        return {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}, "raw": {"type": "string"}}}}

    def label(self) -> str:
        """Type as documents print it."""
        return "items: " + ", ".join(f"{item_id:0{2 * self.id_bytes}X} {name}" for item_id, name, _, _ in self.known)


_FIXED_TAIL = 18


def is_fixed_tail(frame: bytes, at: int, end: int) -> bool:
    """True for exactly 18 bytes that are no items from the first to the last: the tail of old terminals."""
    if end - at != _FIXED_TAIL:
        return False
    while at + 2 <= end and frame[at]:
        at += 2 + frame[at + 1]
    return at != end
