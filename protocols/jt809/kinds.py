"""Kinds whose size the rest of the body tells: editions and supplements of JT/T 809 that share one sub-id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.anomaly import Code
from protocols.kinds import Part, Spec, Text, UtcTime, leaf
from protocols.wire import Reader, Writer


@dataclass(frozen=True)
class ModelText(Text):
    """Terminal model of 8 bytes, or 20 as the supplement of 2013 has it: what `behind` bytes leave free decides."""

    extent: int = 8
    wide: int = 20
    behind: int = 19

    @property
    def code(self) -> str:
        """No fixed size."""
        return ""

    def _as(self, size: int) -> Text:
        return Text(size)

    def read(self, reader: Reader, field: str) -> Any:
        """The model at the reader's place."""
        return self._as(self.wide if reader.left == self.wide + self.behind else self.extent).read(reader, field)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`."""
        return self._as(self.wide if reader.left == self.wide + self.behind else self.extent).parts(reader, path, spec, out)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the model, in 8 bytes where it fits them."""
        short = len(self.spell(value, field, writer.context)) <= self.extent
        self._as(self.extent if short else self.wide).write(writer, value, field)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "string", "maxLength": self.wide}

    def label(self) -> str:
        """Type as documents print it."""
        return "STRING[8 or 20]"


@dataclass(frozen=True)
class AlarmTime(UtcTime):
    """Time of an alarm, before its start and end; some platforms leave it out: the length of the text at the end tells.

    None where it is left out. `behind` bytes stand between the three times and the length.
    """

    code: ClassVar[str] = ""
    behind: int = 37

    def _ends(self, reader: Reader, times: int) -> bool:
        at = reader.at + 8 * times + self.behind
        return at + 4 <= reader.end and int.from_bytes(reader.frame[at : at + 4], "big") == reader.end - at - 4

    def read(self, reader: Reader, field: str) -> int | None:
        """Epoch ms; None where the body has two times only."""
        if not self._ends(reader, 3) and self._ends(reader, 2):
            reader.context.note(Code.LAYOUT_GUESS, reader.at, field=field, detail="two times only: start and end")
            return None
        at = reader.need(self.size, field)
        return self.load(reader.frame[at : reader.at], at, field, reader.context)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> int | None:
        """As `read`."""
        start = reader.at
        value = self.read(reader, leaf(path))
        if reader.at > start:
            out.append(Part(start, reader.at, path, value, spec))
        return value

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value; None leaves it out."""
        if value is not None:
            super().write(writer, value, field)
