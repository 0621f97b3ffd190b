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
_SHORT_E7 = Struct(">HH7sB")
_BEFORE_ID = 4
_IMEI_BYTES, _IMEI_DIGITS, _E7_ID = 6, 15, 7


@dataclass(frozen=True, slots=True)
class Header:
    """Header of one frame.

    `version` is "2013" (the same header in 2011) or "2019"; `terminal_id` has the 12 or 20 digits of the wire, leading zeros
    and, where a nibble is above 9, lower-case hexadecimal letters kept; `body_length` is the declared one; `version_byte` is None
    before 2019; `id_size` is how many bytes the id has; `package_total` and `package_index` are None in a message of one packet.
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
    id_size: int = 6

    @property
    def serial_size(self) -> int:
        """Bytes of the serial: 2, or 1 in the short header of some makers' messages."""
        item = 0 if self.package_total is None else SIZE_PACKET_ITEM
        return self.body_start - item - (self.version_byte is not None) - self.id_size - _BEFORE_ID


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
        total, index, size, attributes & LENGTH_MASK, version_byte, 10 if is_2019 else 6,
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
    short = int.from_bytes(frame[:2], "big") in SHORT_SERIALS
    size = _SHORT_E7.size if short else SIZE_E7 + item
    if len(frame) < size + 1:
        anomalies.append(anomaly(Code.SHORT_FRAME, 0, detail=f"{len(frame)} bytes, header and checksum need {size + 1}"))
        return None
    message_id, attributes, raw_id, serial = (_SHORT_E7 if short else _E7).unpack_from(frame)
    length = attributes & LENGTH_MASK
    _note(anomalies, length if short else attributes, False, raw_id.hex(), len(frame) == size + length + 1, len(frame) - size - 1)
    total, index = _PACKET.unpack_from(frame, SIZE_E7) if item and not short else (None, None)
    encrypted = bool(attributes & ENCRYPTION_MASK) and not short
    return Header(message_id, attributes, V2013, raw_id.hex(), serial, encrypted, total, index, size, length, None, _E7_ID)


def imei_of(terminal_id: str) -> str:
    """The IMEI of an id of 6 bytes that holds it as a number without its Luhn digit; the id itself when it is longer than one."""
    body = f"{int(terminal_id, 16):014d}"
    return body + _luhn(body) if len(body) < _IMEI_DIGITS else terminal_id


def _luhn(digits: str) -> str:
    """The check digit of a row of digits (ISO/IEC 7812-1 annex B)."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[::-2]]
    return str(-(sum(doubled) + sum(map(int, digits[-2::-2]))) % 10)


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
    """Where a frame goes or comes from: id in digits, serial, version, and (total, index from 1) of a packet.

    encrypted: by RSA; `delimiter` and `id_form` are the profile's.
    """

    terminal_id: str
    serial: int
    version: str
    package: tuple[int, int] | None = None
    version_byte: int = 1
    encrypted: bool = False
    delimiter: str = "7e"
    id_form: str = "bcd"


def write_header(message_id: int, body_length: int, address: Address) -> bytes:
    """Header bytes; RefusedError when a value does not fit. Serials of one byte count modulo 256."""
    if body_length > MAX_BODY:
        raise RefusedError(f"body of {body_length} bytes: one frame holds {MAX_BODY}, send it in packets", field="body")
    if not 0 <= address.serial <= 0xFFFF:
        raise RefusedError(f"serial {address.serial} is outside 0 to 65535", field="serial")
    e7 = address.delimiter == "e7"
    if message_id in SHORT_SERIALS:
        layout, size = (_SHORT_E7, _E7_ID) if e7 else (_SHORT, 6)
        return layout.pack(message_id, body_length, _raw_id(address, size), address.serial & 0xFF)
    is_2019 = address.version == V2019 and not e7
    attributes = body_length | (VERSION_BIT if is_2019 else 0) | (SUBPACKET_BIT if address.package else 0)
    attributes |= RSA if address.encrypted else 0
    raw_id = _raw_id(address, _E7_ID if e7 else 10 if is_2019 else 6)
    if e7:
        head = _E7.pack(message_id, attributes, raw_id, address.serial)
    elif is_2019:
        head = _V2019.pack(message_id, attributes, address.version_byte, raw_id, address.serial)
    else:
        head = _V2013.pack(message_id, attributes, raw_id, address.serial)
    return head + _PACKET.pack(*address.package) if address.package else head


def _raw_id(address: Address, size: int) -> bytes:
    digits = address.terminal_id
    if address.id_form == "imei48" and size == _IMEI_BYTES and len(digits) == _IMEI_DIGITS and digits.isdigit():
        return int(digits[:-1]).to_bytes(_IMEI_BYTES, "big")
    return _packed(digits, size)


def _packed(terminal_id: str, size: int) -> bytes:
    key = terminal_key(terminal_id)
    if len(key) > 2 * size:
        raise RefusedError(f"terminal id {terminal_id} has over {2 * size} digits", field="terminal_id")
    try:
        return bytes.fromhex(key.rjust(2 * size, "0"))
    except ValueError as error:
        raise RefusedError(f"terminal id {terminal_id!r} is not a row of digits", field="terminal_id") from error
