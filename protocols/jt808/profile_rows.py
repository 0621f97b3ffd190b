"""Rows of additional items in a profile's file, made into layouts; what is wrong is a RefusedError with file and line.

A row has `id`, `name`, words, and `kind` (a simple value), `class` (a structure of `protocols.jt808.extras`) or `items` (items
inside the item, whose heads have one of the `shape`s). With `each` the kind repeats to the end, with `text` printable bytes are
text. `lengths` guards it, `step` allows every multiple and `from` starts it. Two rows of one id are two layouts of different
lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from domain.errors import RefusedError
from protocols import fields
from protocols.fields import FieldSpec
from protocols.jt808.extras import ExtraLayout
from protocols.jt808.extras.structures import item_structures
from protocols.kinds import Nested, Raw
from protocols.kinds.alternatives import Either, Printable
from protocols.kinds.items import ByLength, Case, Each, Tagged

_KEYS = {"id", "name", "en", "zh", "kind", "class", "items", "each", "text", "unit", "scale", "bits", "lengths", "step", "from", "shape"}
_INNER_KEYS = {"id", "name", "en", "zh", "kind", "class", "unit", "scale", "lengths"}
_KINDS = {
    "u8": (fields.u8, 1), "u16": (fields.u16, 2), "u32": (fields.u32, 4), "u64": (fields.u64, 8), "i16": (fields.i16, 2),
    "raw": (fields.raw, 0), "text": (fields.text, 0), "sign_magnitude": (fields.sign_magnitude, 2),
}  # fmt: skip
_SHAPES: dict[str, dict[str, Any]] = {
    "u8": {"id_bytes": 1, "length_bytes": 1}, "u16": {"id_bytes": 2, "length_bytes": 1}, "u16_u16": {"id_bytes": 2, "length_bytes": 2},
    "length_first": {"id_bytes": 2, "length_bytes": 2, "length_first": True}, "kind_u8": {"id_bytes": 1, "length_bytes": 1, "skip": 1},
}  # fmt: skip
_MOST = 256


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """A profile's text and its name, for messages that point into it."""

    name: str
    source: str

    def wrong(self, key: str, reason: str) -> NoReturn:
        """RefusedError with the first line that holds the key."""
        line = next((n for n, text in enumerate(self.source.splitlines(), 1) if key in text), 1)
        raise RefusedError(f"{self.name}:{line}: {key}: {reason}", field=key)


def _kind(file: ProfileFile, row: dict[str, Any], words: dict[str, Any]) -> tuple[FieldSpec, int]:
    """(specifier, bytes of a value; 0 for any)."""
    if "class" in row:
        cls = item_structures.get(row["class"])
        if cls is None:
            file.wrong(row["class"], "unknown class")
        return FieldSpec(Nested(cls), **words), 0
    if row["kind"] not in _KINDS:
        file.wrong(row["kind"], f"unknown kind, one of {', '.join(sorted(_KINDS))}")
    make, size = _KINDS[row["kind"]]
    return make(**words), size


def _words(file: ProfileFile, row: dict[str, Any], known: set[str], what: str) -> dict[str, Any]:
    for key in row:
        if key not in known:
            file.wrong(key, f"unknown key of {what}")
    for key in ("id", "name"):
        if key not in row:
            file.wrong(what.removeprefix("an "), f"{what} needs {key}")
    if not {"kind", "class", "items"} & set(row):
        file.wrong(what.removeprefix("an "), f"{what} needs kind")
    words: dict[str, Any] = {key: row[key] for key in ("en", "zh", "unit", "scale") if key in row}
    if "bits" in row:
        words["bits"] = {int(bit): tuple(names) for bit, names in row["bits"].items()}
    return words


def _inner(file: ProfileFile, row: dict[str, Any]) -> tuple[int, str, tuple[int, ...], FieldSpec]:
    words = _words(file, row, _INNER_KEYS, "an item")
    spec, size = _kind(file, row, words)
    lengths = tuple(row.get("lengths", (size,) if size else ()))
    return row["id"], row["name"], lengths, spec


def _spec(file: ProfileFile, row: dict[str, Any]) -> tuple[FieldSpec, int]:
    words = _words(file, row, _KEYS, "an extra")
    if "items" in row:
        known = tuple(_inner(file, item) for item in row["items"])
        shapes: list[Any] = [Printable()] if row.get("text") else []
        for shape in row.get("shape", ["u8"]):
            if shape not in _SHAPES:
                file.wrong(shape, f"unknown shape, one of {', '.join(_SHAPES)}")
            shapes.append(Tagged(**_SHAPES[shape], known=known))
        return FieldSpec(Either((*shapes, Raw())), **words), 0
    spec, size = _kind(file, row, words)
    if row.get("each"):
        return FieldSpec(Each(spec.kind), **words), 0
    if row.get("text"):
        return FieldSpec(Either((Printable(), spec.kind)), **words), 0
    return spec, size


def _layout(file: ProfileFile, row: dict[str, Any]) -> ExtraLayout:
    spec, size = _spec(file, row)
    lengths = tuple(row.get("lengths", ()))
    if "step" in row or "from" in row:
        lengths = tuple(range(row.get("from", 0), _MOST, row.get("step", 1)))
    return ExtraLayout(row["id"], row["name"], spec, lengths or ((size,) if size else ()))


def _cases(layout: ExtraLayout, but: frozenset[int] = frozenset()) -> list[Case]:
    kind = layout.spec.kind
    cases = kind.cases if isinstance(kind, ByLength) else (Case(layout.allowed, layout.spec, layout.name),)
    return [Case(case.lengths - but, case.spec, case.name) for case in cases if case.lengths - but]


def _joined(one: ExtraLayout, cases: list[Case]) -> ExtraLayout:
    spec = FieldSpec(ByLength(tuple(cases)), en=one.spec.en, zh=one.spec.zh)
    return ExtraLayout(one.item_id, one.name, spec, tuple(sorted(frozenset().union(*(case.lengths for case in cases)))))


def _both(file: ProfileFile, one: ExtraLayout, two: ExtraLayout) -> ExtraLayout:
    """Two layouts of one id; RefusedError when a length would fit both."""
    if one.allowed & two.allowed:
        file.wrong(two.name, f"item 0x{two.item_id:02X} stands twice")
    return _joined(one, [*_cases(one), *_cases(two)])


def over(own: ExtraLayout, inherited: ExtraLayout | None) -> ExtraLayout:
    """A profile's layout of an item, with its parent's for the lengths that it does not lay out itself."""
    left = [] if inherited is None else _cases(inherited, own.allowed)
    return _joined(own, [*_cases(own), *left]) if left else own


def item_layouts(file: ProfileFile, rows: list[dict[str, Any]]) -> dict[int, ExtraLayout]:
    """Layouts by item id."""
    layouts: dict[int, ExtraLayout] = {}
    for row in rows:
        layout = _layout(file, row)
        known = layouts.get(layout.item_id)
        layouts[layout.item_id] = layout if known is None else _both(file, known, layout)
    return layouts
