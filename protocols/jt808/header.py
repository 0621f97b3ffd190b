"""The message header: 12 bytes to 2013, 17 in 2019, 4 more for a packet of a longer message."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from domain.errors import RefusedError
from protocols.anomaly import Anomaly, Code, anomaly
from protocols.fields import V2013, V2019

LENGTH_MASK = 0x3FF
SUBPACKET_BIT = 0x2000
VERSION_BIT = 0x4000
RESERVED_BIT = 0x8000
ENCRYPTION_MASK = 0x1C00
RSA = 0x0400
"""Attribute bits 10 to 12: the body is encrypted; bit 10 alone: by RSA."""
MAX_BODY = 1023
"""Longest body of one frame, bytes."""
SIZE_2013, SIZE_2019, SIZE_PACKET_ITEM = 12, 17, 4
SIZE_SHORT = 11
SIZE_E7 = 13
SHORT_SERIALS = frozenset({0x4401, 0x5501, 0x5502})
"""Makers' messages whose header has a serial of one byte, no packets and no version: 11 bytes."""
_SHORTEST = SIZE_2013 + 1
_V2013 = Struct(">HH6sH")
_V2019 = Struct(">HHB10sH")
_PACKET = Struct(">HH")
_SHORT = Struct(">HH6sB")
_E7 = Struct(">HH7sH")


@dataclass(frozen=True, slots=True)
class Header:
    """Header of one frame.

    `version` is "2013" (the same header in 2011) or "2019"; `terminal_id` has the 12 or 20 digits of the wire, leading zeros
    and, where a nibble is above 9, lower-case hexadecimal letters kept; `body_length` is the declared one; `version_byte` is None
    before 2019; `package_total` and `package_index` are None in a message of one packet.
    """

    message_id: int
    attributes: int
    version: str
    terminal_id: str
    serial: int
    encrypted: bool
    package_total: int | None
    package_index: int | None
    body_start: int
    body_length: int
    version_byte: int | None = None

    @property
    def serial_size(self) -> int:
        """Bytes of the serial: 2, or 1 in the short header of some makers' messages."""
        return 1 if self.body_start == SIZE_SHORT else 2


def terminal_key(terminal_id: str) -> str:
    """The form by which terminals are found: without leading zeros, "0" for all zeros."""
    return terminal_id.lstrip("0") or "0"


def _size(attributes: int, length: int, version: str) -> tuple[int, bool, bool]:
    """(header size, is 2019, declared length fits): arithmetic decides, then bit 14 or the profile's version."""
    item = SIZE_PACKET_ITEM if attributes & SUBPACKET_BIT else 0
    body = attributes & LENGTH_MASK
    left = length - item - 1 - body
    if version == "auto":
        if left == SIZE_2013:
            return SIZE_2013 + item, False, True
        if left == SIZE_2019:
            return SIZE_2019 + item, True, True
        is_2019 = bool(attributes & VERSION_BIT)
    else:
        is_2019 = version == V2019
    size = SIZE_2019 if is_2019 else SIZE_2013
    return size + item, is_2019, left == size


def read_header(frame: bytes, anomalies: list[Anomaly], version: str = "auto") -> Header | None:
    """Header of an unescaped frame, its checksum still at the end; None, with `short_frame`, when the frame is too short.

    Args:
        frame: unescaped bytes between the delimiters.
        anomalies: what is odd is appended here.
        version: "auto", or the version that the profile pins.
    """
    if len(frame) < _SHORTEST:
        anomalies.append(anomaly(Code.SHORT_FRAME, 0, detail=f"{len(frame)} bytes, the least is {_SHORTEST}"))
        return None
    attributes = int.from_bytes(frame[2:4], "big")
    if int.from_bytes(frame[:2], "big") in SHORT_SERIALS and not _size(attributes, len(frame), "auto")[2]:
        return _read_short(frame, anomalies)
    size, is_2019, fits = _size(attributes, len(frame), version)
    if len(frame) < size + 1:
        anomalies.append(anomaly(Code.SHORT_FRAME, 0, detail=f"{len(frame)} bytes, header and checksum need {size + 1}"))
        return None
    version_byte: int | None = None
    if is_2019:
        message_id, attributes, version_byte, raw_id, serial = _V2019.unpack_from(frame)
    else:
        message_id, attributes, raw_id, serial = _V2013.unpack_from(frame)
    terminal_id = raw_id.hex()
    _note(anomalies, attributes, is_2019, terminal_id, fits, len(frame) - size - 1)
    total = index = None
    if attributes & SUBPACKET_BIT:
        total, index = _PACKET.unpack_from(frame, size - SIZE_PACKET_ITEM)
    return Header(
        message_id, attributes, V2019 if is_2019 else V2013, terminal_id, serial, bool(attributes & ENCRYPTION_MASK),
        total, index, size, attributes & LENGTH_MASK, version_byte,
    )  # fmt: skip


def _read_short(frame: bytes, anomalies: list[Anomaly]) -> Header:
    """Header with a serial of one byte. Only the length of its attributes is known: bit 15 asks for an answer."""
    message_id, attributes, raw_id, serial = _SHORT.unpack_from(frame)
    length, terminal_id = attributes & LENGTH_MASK, raw_id.hex()
    fits = len(frame) == SIZE_SHORT + length + 1
    _note(anomalies, length, False, terminal_id, fits, len(frame) - SIZE_SHORT - 1)
    return Header(message_id, attributes, V2013, terminal_id, serial, False, None, None, SIZE_SHORT, length)


def read_header_e7(frame: bytes, anomalies: list[Anomaly]) -> Header | None:
    """Header of a frame between 0xE7: 13 bytes, the terminal's id has 7; as `read_header` otherwise."""
    item = SIZE_PACKET_ITEM if len(frame) > 2 and frame[2] & SUBPACKET_BIT >> 8 else 0
    size = SIZE_E7 + item
    if len(frame) < size + 1:
        anomalies.append(anomaly(Code.SHORT_FRAME, 0, detail=f"{len(frame)} bytes, header and checksum need {size + 1}"))
        return None
    message_id, attributes, raw_id, serial = _E7.unpack_from(frame)
    length = attributes & LENGTH_MASK
    _note(anomalies, attributes, False, raw_id.hex(), len(frame) == size + length + 1, len(frame) - size - 1)
    total, index = _PACKET.unpack_from(frame, SIZE_E7) if item else (None, None)
    encrypted = bool(attributes & ENCRYPTION_MASK)
    return Header(message_id, attributes, V2013, raw_id.hex(), serial, encrypted, total, index, size, length)


def _note(anomalies: list[Anomaly], attributes: int, is_2019: bool, terminal_id: str, fits: bool, actual: int) -> None:
    if bool(attributes & VERSION_BIT) != is_2019:
        detail = f"bit 14 is {attributes >> 14 & 1}, the length fits the layout of {'2019' if is_2019 else '2013'}"
        anomalies.append(anomaly(Code.VERSION_BIT, 2, field="attributes", detail=detail))
    if attributes & RESERVED_BIT:
        anomalies.append(anomaly(Code.RESERVED_BITS, 2, field="attributes", detail="bit 15 is set"))
    if not terminal_id.isdigit():
        anomalies.append(anomaly(Code.NON_BCD_ID, 5 if is_2019 else 4, field="terminal_id", detail=terminal_id))
    if not fits:
        detail = f"declared {attributes & LENGTH_MASK}, actual {actual}"
        anomalies.append(anomaly(Code.LENGTH_MISMATCH, 2, field="attributes", detail=detail))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a frame goes or comes from: id in digits, serial, version, (total, index from 1) of a packet; encrypted: by RSA."""

    terminal_id: str
    serial: int
    version: str
    package: tuple[int, int] | None = None
    version_byte: int = 1
    encrypted: bool = False


def write_header(message_id: int, body_length: int, address: Address) -> bytes:
    """Header bytes; RefusedError when a value does not fit. Serials of one byte count modulo 256."""
    if body_length > MAX_BODY:
        raise RefusedError(f"body of {body_length} bytes: one frame holds {MAX_BODY}, send it in packets", field="body")
    if not 0 <= address.serial <= 0xFFFF:
        raise RefusedError(f"serial {address.serial} is outside 0 to 65535", field="serial")
    if message_id in SHORT_SERIALS:
        return _SHORT.pack(message_id, body_length, _packed(address.terminal_id, 6), address.serial & 0xFF)
    is_2019 = address.version == V2019
    attributes = body_length | (VERSION_BIT if is_2019 else 0) | (SUBPACKET_BIT if address.package else 0)
    attributes |= RSA if address.encrypted else 0
    raw_id = _packed(address.terminal_id, 10 if is_2019 else 6)
    if is_2019:
        head = _V2019.pack(message_id, attributes, address.version_byte, raw_id, address.serial)
    else:
        head = _V2013.pack(message_id, attributes, raw_id, address.serial)
    return head + _PACKET.pack(*address.package) if address.package else head


def _packed(terminal_id: str, size: int) -> bytes:
    key = terminal_key(terminal_id)
    if len(key) > 2 * size:
        raise RefusedError(f"terminal id {terminal_id} has over {2 * size} digits", field="terminal_id")
    try:
        return bytes.fromhex(key.rjust(2 * size, "0"))
    except ValueError as error:
        raise RefusedError(f"terminal id {terminal_id!r} is not a row of digits", field="terminal_id") from error
