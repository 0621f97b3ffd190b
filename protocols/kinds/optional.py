"""Values that a peer may leave out: clocks, and a list that is only there when it has items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from protocols.anomaly import Code
from protocols.kinds.base import Part, Spec
from protocols.kinds.groups import Repeat
from protocols.kinds.numbers import BcdTime
from protocols.wire import Context, Reader, Writer

_NO_TIME = bytes(6)


def keep_message(context: Context, before: int) -> None:
    """Let the anomalies from place `before` on drop no message."""
    context.anomalies[before:] = [replace(odd, drop=False) for odd in context.anomalies[before:]]


@dataclass(frozen=True)
class SoftTime(BcdTime):
    """A clock that a message can do without: digits that are no time are noted, but do not drop the message."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> int | None:
        """Epoch ms UTC; None when the digits are no time."""
        before = len(context.anomalies)
        value = super().load(raw, at, field, context)
        keep_message(context, before)
        return value


@dataclass(frozen=True)
class OpenTime(BcdTime):
    """A bound of a span of time: all zeros mean no bound and are None, without an anomaly."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> int | None:
        """Epoch ms UTC; None for no bound, and for digits that are no time (noted)."""
        return None if raw == _NO_TIME else super().load(raw, at, field, context)

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The six bytes; zeros for None."""
        return _NO_TIME if value is None else super().store(value, field, context)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": ["integer", "null"], "description": "epoch ms UTC; null for no bound"}


@dataclass(frozen=True)
class TailList(Repeat):
    """A counted list at the end of a body that is left out, its count too, when it is empty."""

    def resolve(self, version: str) -> TailList:
        """The list as it is in one version."""
        return TailList(self.count.resolve(version), self.of.resolve(version))

    def read(self, reader: Reader, field: str) -> tuple[Any, ...]:
        """The values; a count of none, which should not stand there, is noted."""
        if not reader.left:
            return ()
        at = reader.at
        values = super().read(reader, field)
        self._judge(values, at, field, reader.context)
        return values

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Any, ...]:
        """As `read`, value by value."""
        if not reader.left:
            return ()
        at = reader.at
        values = super().parts(reader, path, spec, out)
        self._judge(values, at, path, reader.context)
        return values

    def _judge(self, values: tuple[Any, ...], at: int, field: str, context: Context) -> None:
        if not values:
            context.note(Code.LAYOUT_GUESS, at, field=field, detail="a count of none where nothing belongs")

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append count and values; nothing for an empty list."""
        if value:
            super().write(writer, value, field)

    def label(self) -> str:
        """Type as documents print it."""
        return f"{super().label()}, or nothing"
