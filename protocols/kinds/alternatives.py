"""Kinds for items whose maker put different things under one id: the first layout that reads all of the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import RefusedError, WireError
from protocols.anomaly import Code
from protocols.kinds.base import Kind, Part, Spec, leaf, refuse
from protocols.kinds.text import Text
from protocols.wire import Context, Reader, Writer


@dataclass(frozen=True)
class Printable(Text):
    """Text of printable ASCII up to the end; WireError for other bytes."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> str:
        """The text, NUL and line ends at its end taken off."""
        text = raw.rstrip(b"\x00\r\n").decode("latin-1")
        if not text or not text.isascii() or not text.isprintable():
            raise WireError(f"{field}: no text", code=Code.BAD_VALUE, field=field, offset=at)
        return text


@dataclass(frozen=True)
class Either(Kind):
    """The first of several kinds that reads the bytes to their end; WireError when none does."""

    kinds: tuple[Any, ...] = ()

    def _choose(self, reader: Reader, field: str) -> Any:
        for kind in self.kinds:
            trial = Reader(reader.frame, reader.at, reader.end, Context(reader.context.settings, reader.context.version))
            try:
                kind.read(trial, field)
            except WireError:
                continue
            if not trial.left:
                return kind
        raise WireError(f"{field}: no layout reads it", code=Code.BAD_VALUE, field=field, offset=reader.at)

    def read(self, reader: Reader, field: str) -> Any:
        """The value in the first layout that fits."""
        return self._choose(reader, field).read(reader, field)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, part by part."""
        return self._choose(reader, leaf(path)).parts(reader, path, spec, out)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value in the first layout that takes it."""
        for kind in self.kinds:
            part = Writer(writer.context)
            try:
                kind.write(part, value, field)
            except (RefusedError, AttributeError, TypeError):
                continue
            writer.raw(part.out)
            return
        refuse(field, f"{value!r} fits no layout")

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"anyOf": [kind.schema() for kind in self.kinds]}

    def label(self) -> str:
        """Type as documents print it."""
        return " or ".join(kind.label() for kind in self.kinds)
