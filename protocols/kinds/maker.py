"""The maker id that has 5 or 11 bytes in 2019, as 0x0107 and 0x8108 are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from protocols.kinds.base import Kind
from protocols.kinds.text import Code
from protocols.wire import Context, Reader, Writer

SHORT, LONG = 5, 11


@dataclass(frozen=True)
class MakerId(Kind):
    """Maker id (制造商ID): 5 bytes to 2013; in 2019 the size with which the body ends exactly at its end, 11 when both do.

    Args:
        ends: True when a body whose next field lies at `at` ends exactly at `end`: (frame, at, end) -> bool.
        setting: name of the profile's setting that holds the size to write.
        wide: True in 2019.
    """

    ends: Callable[[bytes, int, int], bool] | None = None
    setting: str = ""
    wide: bool = False

    @property
    def size(self) -> int:
        """The least number of bytes."""
        return SHORT

    def resolve(self, version: str) -> Kind:
        """This kind in one version."""
        return MakerId(self.ends, self.setting, version >= "2019")

    def _written(self, context: Context) -> int:
        return int(getattr(context.settings, self.setting, SHORT)) if self.wide else SHORT

    def read(self, reader: Reader, field: str) -> str:
        """The identifier."""
        sizes = [size for size in (LONG, SHORT) if self._fits(reader, size)] if self.wide else [SHORT]
        size = sizes[0] if sizes else self._written(reader.context)
        at = reader.need(size, field)
        return Code(size).load(reader.frame[at : at + size], at, field, reader.context)

    def _fits(self, reader: Reader, size: int) -> bool:
        return self.ends is not None and reader.left >= size and self.ends(reader.frame, reader.at + size, reader.end)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the identifier in the size of the profile."""
        Code(self._written(writer.context)).write(writer, value, field)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "string", "maxLength": LONG if self.wide else SHORT}

    def label(self) -> str:
        """Type as documents print it."""
        return "STRING[5 or 11]" if self.wide else "STRING[5]"
