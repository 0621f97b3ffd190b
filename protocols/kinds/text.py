"""Text in GBK, identifiers, and bytes, of a fixed size, with a length before them, or up to the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from domain.plate import PROVINCES
from protocols.anomaly import Code as AnomalyCode
from protocols.kinds.base import LENGTH, Kind, Part, Spec, leaf, refuse
from protocols.wire import Context, Reader, Writer


@dataclass(frozen=True)
class Rest:
    """Size of a field that goes to the end of the body."""


@dataclass(frozen=True)
class Sized:
    """Size of a field that has its length before it, in `width` bytes."""

    width: int = 1


Size: TypeAlias = int | Rest | Sized
REST = Rest()


@dataclass(frozen=True)
class ByVersion:
    """A size that differs by version."""

    v2011: Size
    v2013: Size
    v2019: Size

    def of(self, version: str) -> Size:
        """The size in one version."""
        return {"2011": self.v2011, "2013": self.v2013}.get(version, self.v2019)


_PADDING = b"\x00 "


def decode_text(raw: bytes, charset: str) -> tuple[str, bool]:
    """(text, clean). GBK is read with its superset GB 18030; "auto" takes UTF-8 only for a plate that GBK does not give."""
    if charset == "auto":
        try:
            if raw.decode("utf-8")[:1] in PROVINCES and raw.decode("gb18030", "replace")[:1] not in PROVINCES:
                charset = "utf-8"
        except UnicodeDecodeError:
            charset = "gbk"
    codec = "utf-8" if charset == "utf-8" else "gb18030"
    try:
        return raw.decode(codec), True
    except UnicodeDecodeError:
        return raw.decode(codec, "replace"), False


@dataclass(frozen=True)
class Raw(Kind):
    """Bytes as they are."""

    extent: Size | ByVersion = REST

    def resolve(self, version: str) -> Kind:
        """This kind with its size in one version."""
        return type(self)(self.extent.of(version)) if isinstance(self.extent, ByVersion) else self

    @property
    def size(self) -> int:
        """Bytes of a fixed size, else the least number of bytes."""
        return self.extent if isinstance(self.extent, int) else self.extent.width if isinstance(self.extent, Sized) else 0

    @property
    def code(self) -> str:
        """Struct format of a fixed size."""
        return f"{self.extent}s" if isinstance(self.extent, int) else ""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> Any:
        """The value of the bytes."""
        return raw

    def reading(self, variable: str) -> tuple[str, ...]:
        """Bytes up to the end."""
        if type(self) is not Raw or not isinstance(self.extent, Rest):
            return ()
        return (f"{variable} = frame[reader.at : reader.end]", "reader.at = reader.end")

    def store(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes, padded with NUL to a fixed size; RefusedError when they do not fit."""
        raw = self.spell(value, field, context)
        if isinstance(self.extent, int):
            if len(raw) > self.extent:
                refuse(field, f"{len(raw)} bytes where at most {self.extent} fit")
            return raw.ljust(self.extent, b"\x00")
        if isinstance(self.extent, Sized) and len(raw) >= 1 << 8 * self.extent.width:
            refuse(field, f"{len(raw)} bytes do not fit a length of {self.extent.width} bytes")
        return raw

    def spell(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes of the value before padding."""
        if not isinstance(value, (bytes, bytearray)):
            refuse(field, f"needs bytes, not {value!r}")
        if isinstance(self.extent, int) and len(value) != self.extent:
            refuse(field, f"{len(value)} bytes where {self.extent} belong")
        return bytes(value)

    def read(self, reader: Reader, field: str) -> Any:
        """Value at the reader's place."""
        if isinstance(self.extent, int):
            size = self.extent
        elif isinstance(self.extent, Sized):
            size = reader.unsigned(self.extent.width, field)
        else:
            size = reader.left
        at = reader.need(size, field)
        return self.load(reader.frame[at : at + size], at, field, reader.context)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`; a length before the value has a part of its own."""
        start = reader.at
        value = self.read(reader, leaf(path))
        head = self.extent.width if isinstance(self.extent, Sized) else 0
        if head:
            out.append(Part(start, start + head, f"{path}.length", reader.at - start - head, None, LENGTH))
        if reader.at > start + head:
            out.append(Part(start + head, reader.at, path, value, spec))
        return value

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the value, with its length before it where the kind says so."""
        raw = self.store(value, field, writer.context)
        if isinstance(self.extent, Sized):
            writer.unsigned(len(raw), self.extent.width)
        writer.raw(raw)

    def given(self, value: Any, field: str) -> Any:
        """Bytes of their hexadecimal digits."""
        try:
            return bytes.fromhex(value)
        except (TypeError, ValueError):
            refuse(field, f"needs hexadecimal digits, not {value!r}")

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "string", "contentEncoding": "base16"}

    def label(self) -> str:
        """Type as documents print it."""
        if isinstance(self.extent, int):
            return f"BYTE[{self.extent}]"
        return f"BYTE[u{8 * self.extent.width}]" if isinstance(self.extent, Sized) else "BYTE[n]"


@dataclass(frozen=True)
class Text(Raw):
    """Text: written in GBK, read in GB 18030. Padding of NUL and blanks is taken off a fixed size, NUL off the end of others."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> str:
        """The text; bad bytes replaced and noted as `bad_text`."""
        trimmed = raw.strip(_PADDING) if isinstance(self.extent, int) else raw.rstrip(b"\x00")
        text, clean = decode_text(trimmed, context.settings.charset)
        if not clean:
            context.note(AnomalyCode.BAD_TEXT, at, field=field, detail=raw.hex())
        return text

    def spell(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes of the text; RefusedError for a character outside the charset."""
        if not isinstance(value, str):
            refuse(field, f"needs text, not {value!r}")
        if "\x00" in value:
            refuse(field, "a NUL would end the text early")
        try:
            return value.encode("utf-8" if context.settings.charset == "utf-8" else "gbk")
        except UnicodeEncodeError as error:
            refuse(field, f"{value[error.start]!r} is not in {error.encoding}")

    def given(self, value: Any, field: str) -> Any:
        """The text as it is."""
        return value

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"type": "string", "maxLength": self.extent} if isinstance(self.extent, int) else {"type": "string"}

    def label(self) -> str:
        """Type as documents print it."""
        return super().label().replace("BYTE", "STRING")


_HEX = "hex:"


@dataclass(frozen=True)
class Code(Text):
    """An identifier of a fixed size. Bytes that are not printable are kept as `hex:...` over the whole field."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> str:
        """The identifier."""
        text, clean = decode_text(raw.strip(_PADDING), context.settings.charset)
        return text if clean and text.isprintable() else _HEX + raw.hex()

    def spell(self, value: Any, field: str, context: Context) -> bytes:
        """The bytes of the identifier."""
        if isinstance(value, str) and value.startswith(_HEX):
            try:
                return bytes.fromhex(value[len(_HEX) :])
            except ValueError:
                refuse(field, f"{value!r} is not hexadecimal behind hex:")
        return super().spell(value, field, context)
