"""The registry of additional items, and the walk over the items of one position.

An item is id u8, length u8, value. The bytes are kept as they came; the value is decoded when asked for. Layouts are guarded
by length: an item whose length is not of its layout stays raw, with `item_length`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast, dataclass_transform

from domain.errors import RefusedError, WireError
from domain.plugins import Registry
from protocols import fields
from protocols.anomaly import Code
from protocols.definition import build, definition_of
from protocols.fields import V2019, VERSIONS, FieldSpec
from protocols.jt808.extras.layouts import ExtraLayout, ItemTable
from protocols.kinds import LENGTH, Kind, Nested, Part, Spec, leaf, refuse
from protocols.kinds.items import is_fixed_tail
from protocols.wire import Context, Reader, WireSettings, Writer

T = TypeVar("T")


class ExtraSettings(WireSettings, Protocol):
    """Settings that name their additional items."""

    @property
    def extras(self) -> ItemTable:
        """Layouts by item id."""

    @property
    def fixed_tail(self) -> bool:
        """True where 18 bytes that are no items are an old fixed tail."""


@dataclass(frozen=True, slots=True)
class Extra:
    """One additional item: id and the bytes of its value. `layout` is None for an id that the profile does not know."""

    id: int
    raw: bytes
    layout: ExtraLayout | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Name of the item; "" for an unknown id."""
        return self.layout.named(len(self.raw)) if self.layout is not None else ""

    def value(self, settings: WireSettings | None = None) -> Any:
        """Value of the item: an integer, bytes or a structure in wire units; None when id or length is not of a layout."""
        if self.layout is None or not self.layout.fits(len(self.raw)):
            return None
        context = Context(settings or _standard(), V2019)
        try:
            return self.layout.spec.kind.read(Reader(self.raw, 0, len(self.raw), context), self.layout.name)
        except WireError:
            return None


_new = object.__new__
_set_id, _set_raw, _set_layout = (Extra.__dict__[name].__set__ for name in ("id", "raw", "layout"))


extra_layouts: Registry[tuple[int, str], ExtraLayout] = Registry("additional item", "protocols.jt808.extras")
"""Layouts of items by (id, profile)."""


def extra_value(item_id: int, name: str, spec: Any, lengths: tuple[int, ...], *, step: int = 1, profile: str = "standard") -> None:
    """File an item that is a single value; `spec` is a field specifier."""
    extra_layouts.add((item_id, profile), ExtraLayout(item_id, name, spec, lengths, step))


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(  # mypy takes a literal tuple only
        fields.of_kind, fields.u8, fields.u16, fields.u32, fields.u64, fields.i16, fields.coordinate, fields.sign_magnitude,
        fields.text, fields.code, fields.raw, fields.digits, fields.bcd_time, fields.nested, fields.repeat, fields.since, fields.until,
        fields.when,
    ),
)  # fmt: skip
def extra_class(
    item_id: int, name: str, *, en: str, zh: str, lengths: tuple[int, ...], profile: str = "standard"
) -> Callable[[type[T]], type[T]]:
    """Make a frozen dataclass of a structured item and file it."""

    def file(cls: type[T]) -> type[T]:
        made = build(cls, en=en, zh=zh, versions=VERSIONS)
        extra_layouts.add((item_id, profile), ExtraLayout(item_id, name, FieldSpec(Nested(made), en=en, zh=zh), lengths))
        return made

    return file


def _standard() -> ExtraSettings:
    from protocols.jt808.profile import STANDARD  # the profile's module needs this one

    return STANDARD


def extra(item_id: int, value: Any, settings: ExtraSettings | None = None) -> Extra:
    """An item made from its value, under the standard profile by default.

    RefusedError when the profile does not know the id or the value does not fit.
    """
    settings = settings or _standard()
    layout = settings.extras.get(item_id)
    if layout is None:
        raise RefusedError(f"no additional item 0x{item_id:02X} in this profile", field="extras", kind="missing")
    writer = Writer(Context(settings or _standard(), V2019))
    layout.spec.kind.write(writer, value, layout.name)
    raw = bytes(writer.out)
    if not layout.fits(len(raw)):
        refuse(layout.name, f"{len(raw)} bytes do not fit item 0x{item_id:02X}")
    return Extra(item_id, raw, layout)


def _note_stop(reader: Reader, field: str) -> None:
    """Say why the walk over the items stopped before the end."""
    at, end, frame = reader.at, reader.end, reader.frame
    if frame[at] == 0:
        reader.context.note(Code.TAIL_AFTER_ZERO_ID, at, field=field, detail=f"{end - at} bytes from id 0x00")
    elif end - at < 2:
        reader.context.note(Code.TRAILING_BYTES, at, field=field, detail=frame[at:end].hex())
    else:
        detail = f"item 0x{frame[at]:02X} says {frame[at + 1]} bytes, {end - at - 2} are left"
        reader.context.note(Code.TRUNCATED_ITEM, at, field=field, detail=detail)


@dataclass(frozen=True)
class Extras(Kind):
    """The items of a position. Reading stops at id 0x00, at an item longer than the rest, and at a single left-over byte."""

    def read(self, reader: Reader, field: str) -> tuple[Extra, ...]:
        """Items up to the stop; what is left stays in the reader."""
        at, end, frame = reader.at, reader.end, reader.frame
        if at == end:
            return ()
        settings = cast(ExtraSettings, reader.context.settings)
        heads = settings.extras.heads
        if settings.fixed_tail and is_fixed_tail(frame, at, end):
            return ()
        items = []
        while (start := at + 2) <= end:
            item_id, length, layout, fits = heads[frame[at:start]]
            stop = start + length
            if stop > end:
                break
            if not fits:
                reader.context.note(Code.ITEM_LENGTH, at + 1, field=layout.name, detail=f"item 0x{item_id:02X} of {length} bytes")
            item = _new(Extra)
            _set_id(item, item_id)
            _set_raw(item, frame[start:stop])
            _set_layout(item, layout)
            items.append(item)
            at = stop
        reader.at = at
        if at < end:
            _note_stop(reader, field)
        return tuple(items)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Extra, ...]:
        """As `read`, with id, length and value of every item."""
        start, context = reader.at, reader.context
        items = self.read(reader, leaf(path))
        at = start
        for number, item in enumerate(items):
            layout, name, end = item.layout, f"{path}[{number}]", at + 2 + len(item.raw)
            en, zh = words_of(layout) if layout is not None else ("unknown", "未知")
            out.append(Part(at, at + 1, f"{name}.id", f"0x{item.id:02X}", None, (f"item: {en}", f"附加信息: {zh}")))
            out.append(Part(at + 1, at + 2, f"{name}.length", len(item.raw), None, LENGTH))
            if layout is not None and layout.fits(len(item.raw)):
                inner = Reader(reader.frame, at + 2, end, Context(context.settings, context.version))
                with suppress(WireError):  # the bytes that do not fit the structure follow as they are
                    layout.spec.kind.parts(inner, f"{name}.{item.name}", layout.spec, out)
            last = out[-1].end
            if last < end:
                out.append(Part(last, end, f"{name}.raw", reader.frame[last:end], None, (en, zh)))
            at = end
        return items

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the items."""
        for item in value:
            if not isinstance(item, Extra):
                refuse(field, f"needs Extra, not {item!r}")
            if not 0 < item.id < 256 or len(item.raw) > 255:
                refuse(field, f"item {item.id} of {len(item.raw)} bytes does not fit")
            writer.raw(bytes((item.id, len(item.raw))) + item.raw)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the items."""
        return {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}, "raw": {"type": "string"}}}}

    def label(self) -> str:
        """Type as documents print it."""
        return "items"


def words_of(layout: ExtraLayout) -> tuple[str, str]:
    """(English, 中文) of an item."""
    if isinstance(layout.spec.kind, Nested):
        definition = definition_of(layout.spec.kind.of)
        return definition.en, definition.zh
    return layout.spec.en or layout.name.replace("_", " "), layout.spec.zh
