"""One definition a message: decode, encode, walk, documents and explanations all come from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, dataclass_transform

from domain.plugins import Registry
from protocols import fields
from protocols.codegen import Layout, Slot, compile_layout
from protocols.fields import REQUIRED, VERSIONS, FieldSpec

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Chooser = Callable[[bytes, str], str]
"""(body, version of the header) -> version of the layout, where bytes must tell editions apart."""


class Way(StrEnum):
    """Direction of a message."""

    UP = "up"
    DOWN = "down"


UP, DOWN = Way.UP, Way.DOWN

NO_ANSWER = 0
"""`answer` of a message that is never answered."""


class Definition:
    """What is known of one class: its fields, and a compiled layout per version.

    Attributes:
        message_id: id of the message; None for a structure inside messages.
        sub_id: id of the sub-message inside `message_id` (JT/T 809), 0 where there is none.
        versions: editions that have it.
        answer: id of the reply it earns, `NO_ANSWER` when it earns none, None when it earns the general reply of the other side.
        choose: tells the version of a body where the header does not; None where the header's version is enough.
    """

    __slots__ = ("_layouts", "answer", "choose", "cls", "en", "fields", "message_id", "source_clause", "sub_id", "versions", "way", "zh")

    def __init__(self, cls: type, specs: dict[str, FieldSpec], *, en: str, zh: str, versions: tuple[str, ...]) -> None:
        self.cls = cls
        self.fields = specs
        self.en, self.zh = en, zh
        self.versions = versions
        self.message_id: int | None = None
        self.sub_id = 0
        self.way: Way | None = None
        self.answer: int | None = None
        self.choose: Chooser | None = None
        self.source_clause = ""
        self._layouts: dict[str, Layout] = {}
        made: dict[tuple[Slot, ...], Layout] = {}
        for version in versions:
            slots = tuple(
                Slot(name, spec, spec.kind.resolve(version) if version in spec.versions else None) for name, spec in specs.items()
            )
            if slots not in made:
                made[slots] = compile_layout(cls, slots, f"<{cls.__module__}.{cls.__name__} {version}>")
            self._layouts[version] = made[slots]

    def layout(self, version: str) -> Layout:
        """Layout of a version; of the nearest one that has the message when the version lacks it."""
        found = self._layouts.get(version)
        return found if found is not None else self._layouts[self.versions[0 if version < self.versions[0] else -1]]

    def source(self, version: str) -> str:
        """Python source of the compiled code of a version."""
        return self.layout(version).source


def definition_of(thing: Any) -> Definition:
    """Definition of a message or of its class."""
    found: Definition = thing.definition
    return found


def build(cls: type[T], *, en: str, zh: str, versions: tuple[str, ...]) -> type[T]:
    """The class as a frozen slotted dataclass with its `Definition`, behind the fields of a structure that it extends.

    TypeError for a field without a specifier.
    """
    specs: dict[str, FieldSpec] = {}
    for base in reversed(cls.__mro__[1:]):
        specs |= definition_of(base).fields if "definition" in vars(base) else {}
    for name in inspect.get_annotations(cls):
        spec = cls.__dict__.get(name)
        if not isinstance(spec, FieldSpec):
            raise TypeError(f"{cls.__name__}.{name} has no field specifier")
        specs[name] = spec
        if spec.default is REQUIRED:
            delattr(cls, name)
        else:
            setattr(cls, name, spec.default)
    made: Any = dataclass(frozen=True, slots=True)(cls)
    made.definition = Definition(made, specs, en=en, zh=zh, versions=versions)
    return made  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Declared:
    """What a message's decorator says of it, see `Definition`; clause: where the standard describes it, or its own name for it."""

    message_id: int
    en: str
    zh: str
    way: Way
    answer: int | None
    versions: tuple[str, ...]
    choose: Chooser | None
    clause: str
    sub_id: int = 0


def filing(messages: Registry[K, type], key: K, said: Declared) -> Callable[[type[T]], type[T]]:
    """Decorator that makes a message of a class and files it under the key."""

    def file(cls: type[T]) -> type[T]:
        made = build(cls, en=said.en, zh=said.zh, versions=said.versions)
        definition = definition_of(made)
        definition.message_id, definition.sub_id, definition.way = said.message_id, said.sub_id, said.way
        definition.answer, definition.choose, definition.source_clause = said.answer, said.choose, said.clause
        messages.add(key, made)
        return made

    return file


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(  # mypy takes a literal tuple only
        fields.of_kind, fields.u8, fields.u16, fields.u32, fields.u64, fields.i16, fields.coordinate, fields.sign_magnitude,
        fields.text, fields.code, fields.raw, fields.digits, fields.bcd_time, fields.utc_time, fields.calendar_time, fields.nested,
        fields.repeat, fields.since, fields.until, fields.when,
    ),
)  # fmt: skip
def structure(*, en: str, zh: str) -> Callable[[type[T]], type[T]]:
    """Make a frozen slotted dataclass of a structure that lies inside messages."""
    return lambda cls: build(cls, en=en, zh=zh, versions=VERSIONS)
