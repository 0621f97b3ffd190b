"""The alarm identifier (报警标识号) of active safety, whose form differs by province."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.errors import WireError
from protocols.anomaly import Code as AnomalyCode
from protocols.kinds.base import Kind, Part, Spec, refuse
from protocols.kinds.numbers import BcdTime, Number
from protocols.kinds.text import Code, Raw
from protocols.wire import Context, Reader, Writer


class Form(NamedTuple):
    """Bytes of the terminal code in it and of the reserved end, and of the separate terminal code in 0x1210."""

    code: int
    reserved: int
    separate: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.code + 8 + self.reserved


FORMS: dict[str, Form] = {
    "su": Form(7, 1, 7), "hei": Form(30, 0, 0), "yue": Form(30, 2, 30), "xiang": Form(7, 1, 7), "chuan": Form(30, 1, 30),
}  # fmt: skip
"""By province: Jiangsu T/JSATL 12-2017 table 4-16, Heilongjiang, Guangdong DB44/T 2203, Hunan, Sichuan."""


@dataclass(frozen=True, slots=True)
class AlarmIdentifier:
    """Which alarm of which terminal: `time_ms` is None when the clock's digits are no time."""

    terminal_code: str
    time_ms: int | None
    sequence: int
    attachments: int
    reserved: bytes = b"\x00"


@dataclass(frozen=True)
class _Words:
    """Words of a part; what `Spec` asks for."""

    en: str
    zh: str
    kind: Kind
    unit: str = ""
    scale: float = 1.0
    names: None = None
    bits: None = None


def _fields(form: Form) -> Iterator[tuple[str, _Words]]:
    yield "terminal_code", _Words("terminal code", "终端ID", Code(form.code))
    yield "time_ms", _Words("time", "时间", BcdTime())
    yield "sequence", _Words("sequence", "序号", Number("B"))
    yield "attachments", _Words("number of attachments", "附件数量", Number("B"))
    if form.reserved:
        yield "reserved", _Words("reserved", "预留", Raw(form.reserved))


@dataclass(frozen=True)
class AlarmId(Kind):
    """An alarm identifier in the form of the profile's `alarm_id`.

    Inside additional items, which are guarded by length, the bytes tell: `behind` is how many follow it, and `step` the size of
    one of a list after those; -1 where the profile decides.
    """

    behind: int = -1
    step: int = 0

    def _form(self, reader: Reader, field: str) -> Form:
        if self.behind < 0:
            return FORMS[reader.context.settings.alarm_id]
        for form in FORMS.values():
            left = reader.left - self.behind - form.size
            if left == 0 or (self.step and left > 0 and left % self.step == 0):
                return form
        raise WireError(f"{field}: {reader.left} bytes are of no form", code=AnomalyCode.SHORT_BODY, field=field, offset=reader.at)

    def read(self, reader: Reader, field: str) -> AlarmIdentifier:
        """The identifier at the reader's place."""
        form = self._form(reader, field)
        values = {name: words.kind.read(reader, f"{field}.{name}") for name, words in _fields(form)}
        return AlarmIdentifier(**{"reserved": b"", **values})

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> AlarmIdentifier:
        """As `read`, part by part."""
        form = self._form(reader, path.rpartition(".")[2])
        values: dict[str, Any] = {"reserved": b""}
        for name, words in _fields(form):
            start = reader.at
            values[name] = words.kind.read(reader, f"{path.rpartition('.')[2]}.{name}")
            out.append(Part(start, reader.at, f"{path}.{name}", values[name], words))
        return AlarmIdentifier(**values)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the identifier."""
        if not isinstance(value, AlarmIdentifier):
            refuse(field, f"needs an AlarmIdentifier, not {value!r}")
        form = FORMS[writer.context.settings.alarm_id]
        if len(value.reserved) != form.reserved:
            refuse(f"{field}.reserved", f"{len(value.reserved)} bytes where {form.reserved} belong")
        for name, words in _fields(form):
            words.kind.write(writer, getattr(value, name), f"{field}.{name}")

    def given(self, value: Any, field: str) -> Any:
        """The identifier of an object of its parts; `reserved` may be left out."""
        if not isinstance(value, dict):
            refuse(field, f"needs an object, not {value!r}")
        kinds = {name: words.kind for name, words in _fields(FORMS["su"])} | {"reserved": Raw()}
        for name in (*value, *(name for name in kinds if name != "reserved")):
            if name not in kinds or name not in value:
                refuse(f"{field}.{name}", "unknown" if name in value else "missing")
        return AlarmIdentifier(**{name: kinds[name].given(part, f"{field}.{name}") for name, part in value.items()})

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        words = {name: {**part.kind.schema(), "title": part.en, "x-title-zh": part.zh} for name, part in _fields(FORMS["su"])}
        return {"type": "object", "properties": words, "required": list(words), "additionalProperties": False}

    def label(self) -> str:
        """Type as documents print it."""
        return "alarm identifier: " + ", ".join(f"{name} {form.size} bytes" for name, form in FORMS.items())


@dataclass(frozen=True)
class AlarmTerminalCode(Kind):
    """The terminal code before an alarm identifier, of the size of the profile's `alarm_id`; "" where the form has none."""

    def _kind(self, context: Context) -> Code:
        return Code(FORMS[context.settings.alarm_id].separate)

    def read(self, reader: Reader, field: str) -> str:
        """The code at the reader's place."""
        found: str = self._kind(reader.context).read(reader, field)
        return found

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the code."""
        self._kind(writer.context).write(writer, value, field)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "string"}

    def label(self) -> str:
        """Type as documents print it."""
        return "BYTE[0, 7 or 30] by province"
