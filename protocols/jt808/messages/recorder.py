"""The driving recorder behind the terminal: its frames (GB/T 19056-2012) inside JT/T 808."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from protocols.anomaly import Code
from protocols.definition import DOWN, UP
from protocols.fields import of_kind, u8, u16
from protocols.gbt19056.frame import HEADS, ExaminedFrame, encode, examine_all, parts
from protocols.gbt19056.layouts import NAMES
from protocols.jt808.registry import message
from protocols.kinds import Part, Raw, Spec, leaf
from protocols.wire import Context, Reader

_HEADS = tuple(HEADS.values())


@dataclass(frozen=True)
class RecorderBytes(Raw):
    """Frames of the recorder up to the end, kept as bytes. What is wrong in them is noted, but drops no message of the terminal."""

    def load(self, raw: bytes, at: int, field: str, context: Context) -> bytes:
        """The bytes."""
        if raw and raw[:2] not in _HEADS:
            context.note(Code.LAYOUT_GUESS, at, field=field, detail="no frame of the recorder: kept as it is")
            return raw
        for examined in examine_all(raw):
            moved = [replace(odd, offset=odd.offset + at, field=odd.field or field, drop=False) for odd in examined.anomalies]
            context.anomalies += moved
            at += len(examined.raw)
        return raw

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> bytes:
        """As `read`, with every field of the recorder's frames."""
        at = reader.at
        value: bytes = self.read(reader, leaf(path))
        if value[:2] not in _HEADS:
            out += [Part(at, reader.at, path, value, spec)] if value else []
            return value
        for examined in examine_all(value):
            parts(examined.raw, at, out)
            at += len(examined.raw)
        return value


class _Framed:
    """What the three messages share."""

    __slots__ = ()
    block: bytes

    @property
    def frames(self) -> tuple[ExaminedFrame, ...]:
        """The recorder's frames, examined; empty where the bytes are none."""
        return examine_all(self.block) if self.block[:2] in _HEADS else ()


@message(0x0700, en="driving recorder data", zh="行驶记录数据上传", way=UP, clause="JT/T 808-2013 8.44")
class RecorderData(_Framed):
    """What the recorder answered, its whole frames with head and XOR; `frames` reads them."""

    reply_serial: int = u16(zh="应答流水号")
    word: int = u8(zh="命令字", names=NAMES)
    block: bytes = of_kind(RecorderBytes(), zh="数据块", default=b"")


@message(0x8700, en="collect recorder data", zh="行驶记录数据采集命令", way=DOWN, clause="JT/T 808-2013 8.43", answer=0x0700)
class CollectRecorder(_Framed):
    """Ask the recorder; the 2011 edition knows no block, and a word alone is read in every edition."""

    word: int = u8(zh="命令字", names=NAMES)
    block: bytes = of_kind(RecorderBytes(), zh="数据块", default=b"")

    @classmethod
    def of(cls, word: int, content: Any = None) -> CollectRecorder:
        """The order with its whole frame; RefusedError when the content is not the word's."""
        return cls(word, encode(DOWN, word, content))


@message(0x8701, en="set recorder parameters", zh="行驶记录参数下传命令", way=DOWN, clause="JT/T 808-2013 8.45")
class SetRecorder(_Framed):
    """Tell the recorder."""

    word: int = u8(zh="命令字", names=NAMES)
    block: bytes = of_kind(RecorderBytes(), zh="数据块", default=b"")

    @classmethod
    def of(cls, word: int, content: Any) -> SetRecorder:
        """The order with its whole frame; RefusedError when the content is not the word's."""
        return cls(word, encode(DOWN, word, content))
