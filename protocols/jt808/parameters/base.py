"""The registry of terminal parameters, and the list of them in 0x0104 and 0x8103.

A parameter is id u32, length u8, value. The bytes are kept as they came, so an unknown one survives a round trip; the value
is decoded when asked for. A known one whose bytes are not of its layout stays raw, with `item_length`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domain.errors import RefusedError, WireError
from domain.plugins import Registry
from protocols.anomaly import Code
from protocols.definition import definition_of
from protocols.fields import V2019, FieldSpec
from protocols.kinds import COUNT, LENGTH, Kind, Nested, Part, Raw, Spec, leaf, refuse
from protocols.wire import Context, Reader, WireSettings, Writer

T = TypeVar("T")
_ID = ("parameter", "参数ID")
_MOST_BYTES, _MOST = 255, 255


@dataclass(frozen=True, slots=True)
class ParameterLayout:
    """What is known of one parameter: its name, and the words and kind of its value."""

    parameter_id: int
    name: str
    spec: FieldSpec

    @property
    def words(self) -> tuple[str, str]:
        """(English, 中文)."""
        return self.spec.en or self.name.replace("_", " "), self.spec.zh

    def read(self, raw: bytes, context: Context) -> Any:
        """Value of the bytes; WireError when they are not of the layout."""
        reader = Reader(raw, 0, len(raw), context)
        value = self.spec.kind.read(reader, self.name)
        if reader.left:
            raise WireError(f"{reader.left} bytes too many", code=Code.ITEM_LENGTH, field=self.name, offset=reader.at)
        return value

    def fits(self, raw: bytes, context: Context) -> bool:
        """True when the bytes are of the layout."""
        if self.spec.kind.code:
            return len(raw) == self.spec.kind.size
        try:
            self.read(raw, Context(context.settings, context.version))
        except WireError:
            return False
        return True


parameter_layouts: Registry[int, ParameterLayout] = Registry("terminal parameter", "protocols.jt808.parameters")
"""Layouts of parameters by id."""


def parameter_value(parameter_id: int, name: str, spec: Any) -> None:
    """File a parameter that is a single value; `spec` is a field specifier."""
    parameter_layouts.add(parameter_id, ParameterLayout(parameter_id, name, spec))


def parameter_class(parameter_id: int, name: str) -> Callable[[type[T]], type[T]]:
    """File a parameter whose value is a class made by `structure`."""

    def file(cls: type[T]) -> type[T]:
        definition = definition_of(cls)
        spec = FieldSpec(Nested(cls), en=definition.en, zh=definition.zh)
        parameter_layouts.add(parameter_id, ParameterLayout(parameter_id, name, spec))
        return cls

    return file


@dataclass(frozen=True, slots=True)
class Parameter:
    """One terminal parameter: id and the bytes of its value. `layout` is None for an id that nobody knows."""

    id: int
    raw: bytes
    layout: ParameterLayout | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Name of the parameter; "" for an unknown id."""
        return self.layout.name if self.layout is not None else ""

    def value(self, settings: WireSettings | None = None) -> Any:
        """Value in wire units: an integer, text, bytes or a structure; None when id or bytes are not of a layout."""
        if self.layout is None:
            return None
        try:
            return self.layout.read(self.raw, Context(settings or _standard(), V2019))
        except WireError:
            return None


def _standard() -> WireSettings:
    from protocols.jt808.profile import STANDARD  # imported late: profiles load the additional items, which this needs not

    return STANDARD


def parameter(parameter_id: int, value: Any, settings: WireSettings | None = None) -> Parameter:
    """A parameter made from its value; RefusedError for an unknown id, or a value that does not fit."""
    layout = parameter_layouts.get(parameter_id)
    if layout is None:
        raise RefusedError(f"no terminal parameter 0x{parameter_id:04X}", field="parameters", kind="missing")
    writer = Writer(Context(settings or _standard(), V2019))
    layout.spec.kind.write(writer, value, layout.name)
    if len(writer.out) > _MOST_BYTES:
        refuse(layout.name, f"{len(writer.out)} bytes where at most {_MOST_BYTES} fit")
    return Parameter(parameter_id, bytes(writer.out), layout)


def _given(item: Any, field: str) -> Parameter:
    """A parameter of {"id", "value"} or {"id", "raw"}; RefusedError names the field at fault."""
    if not isinstance(item, dict) or set(item) not in ({"id", "value"}, {"id", "raw"}) or not isinstance(item["id"], int):
        refuse(field, f"needs an id and a value or raw bytes, not {item!r}")
    layout = parameter_layouts.get(item["id"])
    if "value" in item:
        return parameter(item["id"], item["value"] if layout is None else layout.spec.kind.given(item["value"], f"{field}.value"))
    return Parameter(item["id"], Raw().given(item["raw"], f"{field}.raw"), layout)


@dataclass(frozen=True)
class Parameters(Kind):
    """Parameters with their count u8 before them."""

    def read(self, reader: Reader, field: str) -> tuple[Parameter, ...]:
        """The parameters in wire order; one id may stand several times."""
        return self._items(reader, field, [])

    def _items(self, reader: Reader, field: str, places: list[int]) -> tuple[Parameter, ...]:
        """As `read`; the place of each parameter is appended to `places`."""
        items: list[Parameter] = []
        for number in range(reader.unsigned(1, field)):
            places.append(reader.at)
            name = f"{field}[{number}]"
            parameter_id = reader.unsigned(4, name)
            raw = reader.take(reader.unsigned(1, name), name)
            layout = parameter_layouts.get(parameter_id)
            if layout is not None and not layout.fits(raw, reader.context):
                detail = f"parameter 0x{parameter_id:04X} of {len(raw)} bytes"
                reader.context.note(Code.ITEM_LENGTH, reader.at - len(raw), field=layout.name, detail=detail)
            items.append(Parameter(parameter_id, raw, layout))
        return tuple(items)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Parameter, ...]:
        """As `read`, with id, length and value of every parameter; what cannot be read is left to the caller."""
        start, places = reader.at, list[int]()
        try:
            items = self._items(reader, leaf(path), places)
        except WireError:
            if places:
                out.append(Part(start, start + 1, f"{path}.count", reader.frame[start], None, COUNT))
            raise
        out.append(Part(start, start + 1, f"{path}.count", len(items), None, COUNT))
        for number, (item, at) in enumerate(zip(items, places, strict=True)):
            self._part(item, at, f"{path}[{number}]", reader, out)
        return items

    def _part(self, item: Parameter, at: int, name: str, reader: Reader, out: list[Part]) -> None:
        layout, end = item.layout, at + 5 + len(item.raw)
        en, zh = layout.words if layout is not None else ("unknown", "未知")
        out.append(Part(at, at + 4, f"{name}.id", f"0x{item.id:04X}", None, (f"{_ID[0]}: {en}", f"{_ID[1]}: {zh}")))
        out.append(Part(at + 4, at + 5, f"{name}.length", len(item.raw), None, LENGTH))
        context = Context(reader.context.settings, reader.context.version)
        if layout is not None and layout.fits(item.raw, context):
            layout.spec.kind.parts(Reader(reader.frame, at + 5, end, context), f"{name}.{layout.name}", layout.spec, out)
        elif item.raw:
            out.append(Part(at + 5, end, f"{name}.raw", item.raw, None, (en, zh)))

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append count and parameters."""
        if not isinstance(value, (tuple, list)) or len(value) > _MOST:
            refuse(field, f"needs at most {_MOST} parameters, not {value!r}")
        writer.unsigned(len(value), 1)
        for number, item in enumerate(value):
            if not isinstance(item, Parameter):
                refuse(f"{field}[{number}]", f"needs a Parameter, not {item!r}")
            if not 0 <= item.id <= 0xFFFFFFFF or len(item.raw) > _MOST_BYTES:
                refuse(f"{field}[{number}]", f"parameter 0x{item.id:04X} of {len(item.raw)} bytes does not fit")
            writer.raw(item.id.to_bytes(4, "big") + bytes((len(item.raw),)) + item.raw)

    def given(self, value: Any, field: str) -> Any:
        """The parameters of an array of objects: id, and either the value or its bytes as hexadecimal digits in `raw`."""
        if not isinstance(value, list):
            refuse(field, f"needs an array, not {value!r}")
        return tuple(_given(item, f"{field}[{number}]") for number, item in enumerate(value))

    def schema(self) -> dict[str, Any]:
        """JSON schema of the parameters."""
        raw = {"type": "string", "contentEncoding": "base16"}
        properties = {"id": {"type": "integer", "minimum": 0, "maximum": 0xFFFFFFFF}, "value": {}, "raw": raw}
        item = {"type": "object", "properties": properties, "required": ["id"], "additionalProperties": False}
        return {"type": "array", "maxItems": _MOST, "items": item}

    def label(self) -> str:
        """Type as documents print it."""
        return "BYTE × parameter"
