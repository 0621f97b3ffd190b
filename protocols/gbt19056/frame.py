"""Frames of the driving recorder: head, word, length, reserved byte, data block, XOR.

Down `AA 75`, up `55 7A`; either head is accepted for either content. The error answers FA and FB have no length and no data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from domain.errors import RefusedError, WireError
from protocols.anomaly import Anomaly, Code, anomaly
from protocols.fields import V2019
from protocols.gbt19056.layouts import DOWN, ERRORS, NAMES, UP, Block, blocks
from protocols.jt808.framing import checksum
from protocols.jt808.profile import STANDARD
from protocols.kinds import LENGTH, UNREADABLE, Part, refuse, walk
from protocols.wire import Context, Reader, Writer

HEADS = {DOWN: b"\xaa\x75", UP: b"\x55\x7a"}
_WAYS = {head: way for way, head in HEADS.items()}
_HEADER, _ERROR_FRAME, _LONGEST = 6, 5, 0xFFFF
_RUN, _HEAD, _WORD = ("not a recorder frame", "非完整记录仪帧"), ("head", "起始字头"), ("unknown word", "未知命令字")
_RESERVED, _CHECKSUM = ("reserved", "保留字"), ("checksum", "校验字")


@dataclass(frozen=True, slots=True)
class RecorderFrame:
    """One frame.

    Attributes:
        way: UP or DOWN, by the head.
        word: command word.
        content: what the data block says: a structure, a tuple of records, or None where it is empty or unknown.
        data: the data block.
        reserved: the reserved byte.
    """

    way: Any
    word: int
    content: Any = None
    data: bytes = b""
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class ExaminedFrame:
    """What bytes hold; offsets of anomalies count in them. `frame` is None where there is no whole frame."""

    frame: RecorderFrame | None
    raw: bytes
    anomalies: tuple[Anomaly, ...]

    @property
    def dropped(self) -> Anomaly | None:
        """The first anomaly that drops the frame; None when there is none."""
        return next((found for found in self.anomalies if found.drop), None)


def frame_size(data: bytes) -> int:
    """Bytes of the frame at the start of `data`, as it says itself; 0 where there is none."""
    if data[:2] not in _WAYS or len(data) < _ERROR_FRAME:
        return 0
    if data[2] in ERRORS:
        return _ERROR_FRAME
    return _HEADER + int.from_bytes(data[3:5], "big") + 1


def examine(data: bytes) -> ExaminedFrame:
    """Everything that can be read of one frame. Never raises."""
    data = bytes(data)
    odd: list[Anomaly] = []
    size = frame_size(data)
    if not size:
        found = Code.JUNK if data[:2] not in _WAYS else Code.SHORT_FRAME
        return ExaminedFrame(None, data, (anomaly(found, 0, detail=f"{len(data)} bytes, {data[:2].hex()} first"),))
    if size != len(data):
        odd.append(anomaly(Code.LENGTH_MISMATCH, 3, field="length", detail=f"says {size} bytes in all, {len(data)} came"))
    frame = data[:size]
    if checksum(frame):
        odd.append(anomaly(Code.BAD_CHECKSUM, len(frame) - 1, detail=f"is {frame[-1]:02x}, XOR gives {checksum(frame[:-1]):02x}"))
    return ExaminedFrame(_frame(frame, size, odd), data, tuple(odd))


def _frame(frame: bytes, size: int, odd: list[Anomaly]) -> RecorderFrame | None:
    way, word = _WAYS[frame[:2]], frame[2]
    if word in ERRORS:
        return RecorderFrame(way, word, reserved=frame[3])
    if len(frame) < size:
        return None
    context = Context(STANDARD, V2019, odd)
    if word not in NAMES:
        context.note(Code.UNKNOWN_MESSAGE, 2, field="word", detail=f"{word:02X}")
        content = None
    else:
        content = _content(word, way, Reader(frame, _HEADER, size - 1, context), lambda layout, part, _: layout.read(part))
    return RecorderFrame(way, word, content, frame[_HEADER : size - 1], frame[5])


def _chosen(word: int, way: Any, size: int) -> Block | None:
    """Layout of a data block: of the direction that the head says, or of the other one where only that fits."""
    found = [blocks.get((word, each)) for each in (way, DOWN if way is UP else UP)]
    fitting = [layout for layout in found if layout is not None and size % _width(layout) == 0 and (layout.unit or size == _width(layout))]
    return fitting[0] if fitting else found[0]


@cache
def _width(layout: Block) -> int:
    """Bytes of a structure, or of one record."""
    reader = Reader(bytes(_LONGEST), 0, _LONGEST, Context(STANDARD, V2019))
    layout.definition.layout(V2019).read(reader)
    return reader.at


def _content(word: int, way: Any, reader: Reader, read: Callable[[Any, Reader, str], Any]) -> Any:
    """Content of a data block. What does not fit its layout is noted; whole records before it stand."""
    layout, context = _chosen(word, way, reader.left), reader.context
    made: list[Any] = []
    if layout is not None and reader.left:
        compiled = layout.definition.layout(V2019)
        try:
            if not layout.unit:
                made.append(read(compiled, reader, "data."))
            while layout.unit and reader.left >= layout.unit:
                made.append(read(compiled, reader, f"records[{len(made)}]."))
        except WireError as error:
            context.note(Code.SHORT_BODY, error.offset, field=error.field, detail=str(error))
            return None
    if reader.left:
        context.note(Code.TRAILING_BODY_BYTES, reader.at, field="data", detail=reader.frame[reader.at : reader.end].hex())
    if layout is None or not made:
        return None
    return tuple(made) if layout.unit else made[0]


def examine_all(data: bytes) -> tuple[ExaminedFrame, ...]:
    """Frames that stand one behind the other; what is left when one has no length goes with it."""
    found = []
    while data:
        size = frame_size(data) or len(data)
        found.append(examine(data[:size]))
        data = data[size:]
    return tuple(found)


def decode(data: bytes) -> RecorderFrame:
    """The frame; WireError for the first thing that drops it."""
    examined = examine(data)
    fault = examined.dropped
    if fault is not None or examined.frame is None:
        code, at = (Code.SHORT_FRAME, 0) if fault is None else (fault.code, fault.offset)
        raise WireError(f"{code}: {fault.detail if fault else len(data)}", code=code, offset=at)
    return examined.frame


def encode(way: Any, word: int, content: Any = None, *, reserved: int = 0) -> bytes:
    """A whole frame.

    Args:
        way: UP or DOWN.
        word: one of `NAMES` or `ERRORS`.
        content: a structure, a tuple of records, or None for an empty data block.
        reserved: the reserved byte.
    Raises:
        RefusedError: an unknown word, content that is not the word's, or a value that does not fit.
    """
    if word not in NAMES and word not in ERRORS:
        raise RefusedError(f"no word {word:02X}", field="word", kind="missing")
    data = b"" if content is None else _data(way, word, content)
    length = b"" if word in ERRORS else len(data).to_bytes(2, "big")
    frame = HEADS[way] + bytes((word,)) + length + bytes((reserved,)) + data
    return frame + bytes((checksum(frame),))


def _data(way: Any, word: int, content: Any) -> bytes:
    layout = blocks.get((word, way))
    if layout is None:
        refuse("content", f"word {word:02X} has no data block {way}")
    writer = Writer(Context(STANDARD, V2019))
    for item in content if layout.unit else (content,):
        if not isinstance(item, layout.definition.cls):
            refuse("content", f"needs {layout.definition.cls.__name__}, not {item!r}")
        layout.definition.layout(V2019).write(writer, item)
    if len(writer.out) > _LONGEST:
        refuse("content", f"{len(writer.out)} bytes do not fit a length of 16 bits")
    return bytes(writer.out)


def parts(data: bytes, start: int, out: list[Part]) -> None:
    """Append the meaning of every byte of one frame that lies at `start` of a longer run."""
    examined = examine(data)
    if examined.frame is None:
        out.append(Part(start, start + len(data), "recorder", data, None, _RUN))
        return
    word = data[2]
    found: list[Part] = [
        Part(0, 2, "recorder.head", data[:2].hex(" "), None, _HEAD),
        Part(2, 3, "recorder.word", f"0x{word:02X}", None, (NAMES | ERRORS).get(word, _WORD)),
    ]
    at = 3
    if word not in ERRORS:
        found.append(Part(3, 5, "recorder.length", len(examined.frame.data), None, LENGTH))
        at = 5
    found.append(Part(at, at + 1, "recorder.reserved", data[at], None, _RESERVED))
    end = min(frame_size(data), len(data)) - 1
    reader = Reader(data, at + 1, end, Context(STANDARD, V2019))
    if word in NAMES:
        _content(word, examined.frame.way, reader, lambda layout, part, name: walk(layout, part, found, f"recorder.{name}"))
    last = found[-1].end
    if last < end:
        found.append(Part(last, end, "recorder.data", data[last:end], None, UNREADABLE))
    found.append(Part(end, end + 1, "recorder.checksum", f"0x{data[end]:02X}", None, _CHECKSUM))
    if end + 1 < len(data):
        found.append(Part(end + 1, len(data), "recorder.rest", data[end + 1 :], None, UNREADABLE))
    out += [replace(part, start=part.start + start, end=part.end + start) for part in found]
