"""A definition made into straight-line Python: neighbouring fixed fields fused in one struct, no loop over fields.

The source is kept in `linecache`, so tracebacks and profilers show it. Objects are filled through their slot descriptors: a
frozen dataclass's own `__init__` costs several times as much.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from struct import Struct
from struct import error as struct_error
from typing import Any, NoReturn

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.fields import FieldSpec
from protocols.kinds import Kind, refuse
from protocols.wire import Reader, Writer


@dataclass(frozen=True, slots=True)
class Slot:
    """A field in one version; `kind` is None when the version lacks it."""

    name: str
    spec: FieldSpec
    kind: Kind | None

    def __hash__(self) -> int:
        return hash((self.name, self.kind))


@dataclass(frozen=True, slots=True)
class Layout:
    """A message or structure in one version: its fields and the compiled code.

    `read(reader)` returns an object and raises WireError; `write(writer, object)` raises RefusedError.
    """

    cls: type
    slots: tuple[Slot, ...]
    source: str
    read: Callable[[Reader], Any]
    write: Callable[[Writer, Any], None]


def raise_short(reader: Reader, slots: tuple[Slot, ...]) -> NoReturn:
    """WireError that names the first field which is not wholly there."""
    at = reader.at
    for slot in slots:
        assert slot.kind is not None
        if at + slot.kind.size > reader.end:
            message = f"{slot.name} needs {slot.kind.size} bytes, {reader.end - at} are left"
            raise WireError(message, code=Code.SHORT_BODY, field=slot.name, offset=at)
        at += slot.kind.size
    raise AssertionError("a group that fits was called short")


def refuse_group(writer: Writer, value: Any, slots: tuple[Slot, ...]) -> NoReturn:
    """RefusedError that names the first field whose value does not fit."""
    for slot in slots:
        assert slot.kind is not None
        slot.kind.store(getattr(value, slot.name), slot.name, writer.context)
    raise AssertionError("a group that fits was refused")


def _fixed(slot: Slot) -> bool:
    return slot.kind is not None and slot.spec.condition is None and bool(slot.kind.code)


def _groups(slots: tuple[Slot, ...]) -> Iterator[tuple[bool, tuple[Slot, ...]]]:
    for fixed, group in groupby(slots, _fixed):
        yield fixed, tuple(group)


class _Source:
    """Lines of two functions and the names they use."""

    def __init__(self, cls: type) -> None:
        self.names: dict[str, Any] = {
            "cls": cls, "new": object.__new__, "raise_short": raise_short, "refuse_group": refuse_group, "refuse": refuse,
            "struct_error": struct_error,
        }  # fmt: skip
        self.read = ["def read(reader):", "    frame = reader.frame", "    context = reader.context"]
        self.write = ["def write(writer, value):", "    context = writer.context"]

    def name(self, stem: str, thing: Any) -> str:
        """A global name for a thing."""
        key = f"{stem}_{len(self.names)}"
        self.names[key] = thing
        return key

    def fixed(self, group: tuple[Slot, ...]) -> None:
        """One struct for a run of fixed fields."""
        kinds = [slot.kind for slot in group if slot.kind is not None]
        packed = Struct(">" + "".join(kind.code for kind in kinds))
        slots = self.name("slots", group)
        variables = ", ".join(f"v_{slot.name}" for slot in group)
        self.read += [
            "    at = reader.at",
            f"    if reader.end - at < {packed.size}:",
            f"        raise_short(reader, {slots})",
            f"    reader.at = at + {packed.size}",
            f"    {variables}, = {self.name('unpack', packed.unpack_from)}(frame, at)",
        ]
        offset = 0
        values = []
        for slot, kind in zip(group, kinds, strict=True):
            value = f"value.{slot.name}"
            if not kind.plain:
                load, store = self.name("load", kind.load), self.name("store", kind.store)
                unusual = kind.unusual(f"v_{slot.name}")
                if unusual:
                    self.read.append(f"    if {unusual}:")
                self.read.append(
                    f"    {'    ' if unusual else ''}v_{slot.name} = {load}(v_{slot.name}, at + {offset}, {slot.name!r}, context)"
                )
                value = f"{store}({value}, {slot.name!r}, context)"
            values.append(value)
            offset += kind.size
        self.write += [
            "    try:",
            f"        writer.out += {self.name('pack', packed.pack)}({', '.join(values)})",
            "    except struct_error:",
            f"        refuse_group(writer, value, {slots})",
        ]

    def single(self, slot: Slot) -> None:
        """A field that reads and writes for itself, one that may be absent, or one that this version lacks."""
        name, condition = slot.name, slot.spec.condition
        if slot.kind is None:
            self.read.append(f"    v_{name} = None")
            self.write.append(f"    if value.{name} is not None:")
            self.write.append(f"        refuse({name!r}, 'this version has no such field')")
            return
        reading = slot.kind.reading(f"v_{name}") or (f"v_{name} = {self.name('read', slot.kind.read)}(reader, {name!r})",)
        store = f"{self.name('write', slot.kind.write)}(writer, value.{name}, {name!r})"
        if condition is None:
            self.read += [f"    {line}" for line in reading]
            self.write.append(f"    {store}")
            return
        self.read += [f"    if {condition.source('v_' + condition.name)}:", *(f"        {line}" for line in reading)]
        self.read += ["    else:", f"        v_{name} = None"]
        self.write += [
            f"    if {condition.source('value.' + condition.name)}:",
            f"        {store}",
            f"    elif value.{name} is not None:",
            f"        refuse({name!r}, 'does not belong where {condition.name} is ' + str(value.{condition.name}))",
        ]


def compile_layout(cls: type, slots: tuple[Slot, ...], filename: str) -> Layout:
    """Compile the fields of one version."""
    lines = _Source(cls)
    for fixed, group in _groups(slots):
        if fixed:
            lines.fixed(group)
        else:
            for slot in group:
                lines.single(slot)
    lines.read.append("    made = new(cls)")
    for slot in slots:
        lines.read.append(f"    {lines.name('set', getattr(cls, slot.name).__set__)}(made, v_{slot.name})")
    lines.read.append("    return made")
    source = "\n".join([*lines.read, "", "", *lines.write, ""])
    exec(compile(source, filename, "exec"), lines.names)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return Layout(cls, slots, source, lines.names["read"], lines.names["write"])
