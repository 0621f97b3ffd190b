"""Structures of makers' additional items, which profiles name in their rows (`class = "..."`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, dataclass_transform

from domain.plugins import Registry
from protocols import fields
from protocols.definition import build
from protocols.fields import VERSIONS

T = TypeVar("T")

item_structures: Registry[str, type] = Registry("item structure", "protocols.jt808.extras")
"""Classes by name."""


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(  # mypy takes a literal tuple only
        fields.of_kind, fields.u8, fields.u16, fields.u32, fields.u64, fields.i16, fields.coordinate, fields.sign_magnitude,
        fields.text, fields.code, fields.raw, fields.digits, fields.bcd_time, fields.nested, fields.repeat, fields.when,
    ),
)  # fmt: skip
def item_structure(*, en: str, zh: str) -> Callable[[type[T]], type[T]]:
    """Make a frozen dataclass of a structured item, and file it under the name of its class."""

    def file(cls: type[T]) -> type[T]:
        made = build(cls, en=en, zh=zh, versions=VERSIONS)
        item_structures.add(cls.__name__, made)
        return made

    return file
