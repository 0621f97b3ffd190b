"""Groups: a structure inside a message, and a counted list of values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.kinds.base import COUNT, Kind, Part, Spec, leaf, refuse
from protocols.wire import Reader, Writer


def walk(layout: Any, reader: Reader, out: list[Part], prefix: str = "") -> Any:
    """Read a layout field by field: the interpreted twin of its compiled code.

    Args:
        layout: a `protocols.codegen.Layout`.
        reader: the place of its first byte.
        out: the meaning of every byte is appended here, up to the byte where a WireError is raised.
        prefix: put before the paths.
    Returns:
        The object.
    """
    values: dict[str, Any] = {}
    for slot in layout.slots:
        condition = slot.spec.condition
        if slot.kind is None or (condition is not None and not condition.holds(values[condition.name])):
            values[slot.name] = None
        else:
            values[slot.name] = slot.kind.parts(reader, prefix + slot.name, slot.spec, out)
    return layout.cls(**values)


def from_json(cls: Any, fields: Any, path: str = "", version: str = "") -> Any:
    """An object of a class made by `message` or `structure` from what JSON gave; RefusedError names the field at fault.

    Args:
        cls: the class; fields: name to value; bytes as hexadecimal digits, structures as objects, lists as arrays.
        path: where the object stands, for errors; version: leave out what this edition lacks.
    """
    specs = cls.definition.fields
    if not isinstance(fields, dict):
        refuse(path or "fields", f"needs an object, not {fields!r}")
    for name in fields:
        if name not in specs:
            refuse(_within(path, name), f"unknown; there are {', '.join(specs) or 'none'}")
    needed = {field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING}
    values: dict[str, Any] = {}
    for name, spec in specs.items():
        if version and version not in spec.versions:
            values[name] = None
        elif fields.get(name) is not None:
            values[name] = spec.kind.given(fields[name], _within(path, name))
        elif name in fields or spec.condition is not None or not set(cls.definition.versions) <= set(spec.versions):
            values[name] = None
        elif name in needed:
            refuse(_within(path, name), "missing")
    return cls(**values)


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@dataclass(frozen=True)
class Nested(Kind):
    """A structure of its own: a class made by `message` or `structure`."""

    of: Any = None

    @property
    def classes(self) -> tuple[Any, ...]:
        """The class."""
        return (self.of,)

    def read(self, reader: Reader, field: str) -> Any:
        """The structure at the reader's place."""
        try:
            return self.of.definition.layout(reader.context.version).read(reader)
        except WireError as error:
            error.field = f"{field}.{error.field}"
            raise

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, field by field."""
        try:
            return walk(self.of.definition.layout(reader.context.version), reader, out, f"{path}.")
        except WireError as error:
            error.field = f"{leaf(path)}.{error.field}"
            raise

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the structure."""
        if not isinstance(value, self.of):
            refuse(field, f"needs a {self.of.__name__}, not {value!r}")
        self.of.definition.layout(writer.context.version).write(writer, value)

    def given(self, value: Any, field: str) -> Any:
        """The structure of an object of its fields."""
        return from_json(self.of, value, field)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"$ref": f"#/$defs/{self.of.__name__}"}

    def label(self) -> str:
        """Type as documents print it."""
        return str(self.of.definition.en)


@dataclass(frozen=True)
class Repeat(Kind):
    """Values of one kind with their count before them, as a tuple; `count` is an unsigned number."""

    count: Any = None
    of: Any = None

    @property
    def classes(self) -> tuple[Any, ...]:
        """Classes inside the values."""
        return tuple(self.of.classes)

    def resolve(self, version: str) -> Kind:
        """The list as it is in one version."""
        return Repeat(self.count.resolve(version), self.of.resolve(version))

    def _count(self, reader: Reader, field: str) -> int:
        """The count; WireError when the values cannot all be there."""
        count: int = self.count.read(reader, field)
        if self.of.size and count * self.of.size > reader.left:
            raise WireError(f"{count} values of {field} in {reader.left} bytes", code=Code.SHORT_BODY, field=field, offset=reader.at)
        return count

    def read(self, reader: Reader, field: str) -> tuple[Any, ...]:
        """The values at the reader's place."""
        count = self._count(reader, field)
        return tuple(self.of.read(reader, f"{field}[{number}]") for number in range(count))

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Any, ...]:
        """As `read`, value by value."""
        start = reader.at
        count = self._count(reader, leaf(path))
        out.append(Part(start, reader.at, f"{path}.count", count, None, COUNT))
        return tuple(self.of.parts(reader, f"{path}[{number}]", spec, out) for number in range(count))

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append count and values."""
        if not isinstance(value, (tuple, list)):
            refuse(field, f"needs a list, not {value!r}")
        self.count.write(writer, len(value), field)
        for number, item in enumerate(value):
            self.of.write(writer, item, f"{field}[{number}]")

    def given(self, value: Any, field: str) -> Any:
        """The values of an array."""
        if not isinstance(value, list):
            refuse(field, f"needs an array, not {value!r}")
        return tuple(self.of.given(item, f"{field}[{number}]") for number, item in enumerate(value))

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "array", "items": self.of.schema()}

    def label(self) -> str:
        """Type as documents print it."""
        return f"{self.count.label()} × {self.of.label()}"
