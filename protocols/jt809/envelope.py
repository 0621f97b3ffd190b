"""What stands between header and fields: vehicle, sub-id and length of the sub-message."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import RefusedError
from protocols.anomaly import Anomaly, Code, anomaly
from protocols.fields import V2011, V2019, Words
from protocols.jt808.tables import PLATE_COLOURS
from protocols.jt809.registry import find_definition
from protocols.kinds import LENGTH, Part, Text
from protocols.kinds.base import refuse
from protocols.wire import Context

SIZE_PLATE = 21
SIZE_VEHICLE = SIZE_PLATE + 1
_SIZE_SUB = 6
PLATE_ONLY_2011 = frozenset({0x1400, 0x9400})
"""Groups whose vehicle stands in the envelope in 2011, and inside the sub-messages in 2019."""
WITHOUT_VEHICLE = frozenset({0x1300, 0x9300})
BOXED = frozenset({0x1102, 0x1103, 0x9103})
"""Messages whose own id and length stand once more before their fields (2019)."""
LENGTH_LAST = frozenset({0x1205, 0x1206})
"""Replies whose length, 0, stands behind the source they name (2019 6.5.2)."""
SIZE_SOURCE = 6
VEHICLE: tuple[Words, Words] = (("plate", "车牌号"), ("plate colour", "车牌颜色"))
SUB_ID: Words = ("sub-message id", "子业务类型标识")
_PLATE_TEXT = Text(SIZE_PLATE)


@dataclass(frozen=True, slots=True)
class Subject:
    """The vehicle that a message is about: plate as sent, colour by JT/T 697.7."""

    plate: str
    plate_colour: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outer part as read: `frame[start:end]` are the fields; `parts` says what its own bytes mean."""

    sub_id: int
    subject: Subject | None
    start: int
    end: int
    parts: tuple[Part, ...] = ()
    behind: tuple[Part, ...] = ()


def grouped(message_id: int) -> bool:
    """True for an id that holds sub-messages."""
    return message_id & 0xFF == 0 and message_id >> 8 & 0x7F in range(0x12, 0x1C)


def has_vehicle(message_id: int, version: str) -> bool:
    """True where plate and colour stand before the sub-id."""
    return message_id not in WITHOUT_VEHICLE and (version == V2011 or message_id not in PLATE_ONLY_2011)


def _known(frame: bytes, at: int, end: int, message_id: int) -> bool:
    return end - at >= _SIZE_SUB and find_definition(message_id, int.from_bytes(frame[at : at + 2], "big")) is not None


def read_envelope(frame: bytes, start: int, end: int, message_id: int, context: Context) -> Envelope | None:
    """Envelope of a body; None, with `short_body`, when the bytes do not hold one.

    Peers disagree about the vehicle in 0x1400 and 0x9400: whichever form leads to a known sub-id is read, `layout_guess` when it
    is not that of the edition.
    """
    if not grouped(message_id):
        return _boxed(frame, start, end, message_id, context)
    vehicle = has_vehicle(message_id, context.version)
    if not _known(frame, start + SIZE_VEHICLE * vehicle, end, message_id):
        other = start + SIZE_VEHICLE * (not vehicle)
        if _known(frame, other, end, message_id):
            vehicle = not vehicle
            detail = f"read {'with' if vehicle else 'without'} a vehicle before the sub-id"
            context.note(Code.LAYOUT_GUESS, start, field="plate" if vehicle else "sub_id", detail=detail)
    at = start + SIZE_VEHICLE * vehicle
    if end - at < _SIZE_SUB:
        context.note(Code.SHORT_BODY, start, field="sub_id", detail=f"{end - start} bytes hold no sub-message")
        return None
    subject, parts = None, list[Part]()
    if vehicle:
        colour = frame[start + SIZE_PLATE]
        plate = _PLATE_TEXT.load(frame[start : start + SIZE_PLATE], start, "plate", context)
        subject = Subject(plate, colour)
        named = f"{colour} ({PLATE_COLOURS[colour][0]} {PLATE_COLOURS[colour][1]})" if colour in PLATE_COLOURS else colour
        parts = [Part(start, at - 1, "plate", plate, None, VEHICLE[0]), Part(at - 1, at, "plate_colour", named, None, VEHICLE[1])]
    return _sub(frame, at, end, subject, parts, context)


def _sub(frame: bytes, at: int, end: int, subject: Subject | None, parts: list[Part], context: Context) -> Envelope:
    sub_id, length = int.from_bytes(frame[at : at + 2], "big"), int.from_bytes(frame[at + 2 : at + 6], "big")
    parts.append(Part(at, at + 2, "sub_id", f"0x{sub_id:04X}", None, SUB_ID))
    left = end - at - _SIZE_SUB
    if sub_id in LENGTH_LAST and left == SIZE_SOURCE and frame[end - 4 : end] == bytes(4) and not _length_first(frame, at, length, sub_id):
        behind = (Part(end - 4, end, "data_length", 0, None, LENGTH),)
        return Envelope(sub_id, subject, at + 2, end - 4, tuple(parts), behind)
    parts.append(Part(at + 2, at + _SIZE_SUB, "data_length", length, None, LENGTH))
    start = at + _SIZE_SUB
    if length > left:
        context.anomalies.append(_mismatch(at + 2, length, left))
    return Envelope(sub_id, subject, start, start + min(length, left), tuple(parts))


def _length_first(frame: bytes, at: int, length: int, sub_id: int) -> bool:
    """True where a reply has its length before its source, as other sub-messages have: then the source is the request it answers."""
    return length == SIZE_SOURCE and int.from_bytes(frame[at + _SIZE_SUB : at + _SIZE_SUB + 2], "big") == sub_id | 0x8000


def _mismatch(at: int, length: int, left: int) -> Anomaly:
    return anomaly(Code.LENGTH_MISMATCH, at, field="data_length", detail=f"declared {length}, {left} bytes are left", drop=False)


def _boxed(frame: bytes, start: int, end: int, message_id: int, context: Context) -> Envelope:
    """A message without sub-messages: its own id and length may stand before its fields all the same."""
    boxed = end - start >= _SIZE_SUB and frame[start : start + 2] == message_id.to_bytes(2, "big")
    boxed = boxed and int.from_bytes(frame[start + 2 : start + _SIZE_SUB], "big") == end - start - _SIZE_SUB
    if boxed != (message_id in BOXED) and end > start and message_id & 0xFF00 in (0x1100, 0x9100):
        context.note(Code.LAYOUT_GUESS, start, field="sub_id", detail="id and length before the fields" if boxed else "no id, no length")
    if not boxed:
        return Envelope(0, None, start, end)
    parts = (
        Part(start, start + 2, "sub_id", f"0x{message_id:04X}", None, SUB_ID),
        Part(start + 2, start + _SIZE_SUB, "data_length", end - start - _SIZE_SUB, None, LENGTH),
    )
    return Envelope(0, None, start + _SIZE_SUB, end, parts)


def write_envelope(message_id: int, sub_id: int, body: bytes, version: str, subject: Subject | None, context: Context) -> bytes:
    """Body with its envelope; RefusedError when a vehicle is needed and missing, or given and out of place."""
    if not grouped(message_id):
        if subject is not None:
            raise RefusedError(f"0x{message_id:04X} is about no vehicle", field="subject")
        box = message_id.to_bytes(2, "big") + len(body).to_bytes(4, "big") if message_id in BOXED else b""
        return box + body
    head = b""
    if has_vehicle(message_id, version):
        if subject is None:
            raise RefusedError(f"0x{sub_id:04X} needs plate and colour", field="subject")
        if not isinstance(subject.plate_colour, int) or not 0 <= subject.plate_colour <= 255:
            refuse("plate_colour", f"{subject.plate_colour!r} is no byte")
        head = _PLATE_TEXT.store(subject.plate, "plate", context) + bytes((subject.plate_colour,))
    elif subject is not None:
        raise RefusedError(f"0x{sub_id:04X} names no vehicle outside its fields", field="subject")
    head += sub_id.to_bytes(2, "big")
    if sub_id in LENGTH_LAST and version == V2019:
        return head + body + b"\x00\x00\x00\x00"
    return head + len(body).to_bytes(4, "big") + body
