"""What is known of additional items: their layouts, and the table that the walk over the items of a position looks into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from protocols.fields import FieldSpec


@dataclass(frozen=True, slots=True)
class ExtraLayout:
    """What is known of one item: name, words, kind of the value, and the lengths that the layout allows.

    `lengths` is empty when any length does; `step` above 1 allows its multiples.
    """

    item_id: int
    name: str
    spec: FieldSpec
    lengths: tuple[int, ...]
    step: int = 1

    allowed: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lengths = self.lengths or range(0, 256, self.step)
        object.__setattr__(self, "allowed", frozenset(lengths))

    def named(self, length: int) -> str:
        """Name of the item: of its layout of this length, where the length tells what it is."""
        cases = getattr(self.spec.kind, "cases", ())
        return next((case.name for case in cases if length in case.lengths), self.name)

    def fits(self, length: int) -> bool:
        """True when the layout allows the length."""
        return length in self.allowed


_NO_ITEM = 1 << 16
"""Length of what begins with id 0x00: longer than any body."""


class Heads(dict[bytes, tuple[int, int, Any, bool]]):
    """By id and length byte of an item: (id, length, layout or None, length fits), worked out when an item first begins so."""

    __slots__ = ("_layouts",)

    def __init__(self, layouts: Mapping[int, ExtraLayout]) -> None:
        super().__init__()
        self._layouts = layouts

    def __missing__(self, head: bytes) -> tuple[int, int, Any, bool]:
        item_id, length = head
        layout = self._layouts.get(item_id)
        made = self[head] = (item_id, length if item_id else _NO_ITEM, layout, layout is None or length in layout.allowed)
        return made


class ItemTable(dict[int, ExtraLayout]):
    """Layouts by item id, not changed once it is made; `heads` serves the walk."""

    __slots__ = ("heads",)

    def __init__(self, layouts: Mapping[int, ExtraLayout] = MappingProxyType({})) -> None:
        super().__init__(layouts)
        self.heads = Heads(self)
