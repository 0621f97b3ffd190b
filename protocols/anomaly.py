"""What can be wrong with wire bytes: a closed list of codes, and one record of it at its byte."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Anomaly codes; doors count by them."""

    JUNK = "junk"
    SHORT_FRAME = "short_frame"
    OVERSIZE_FRAME = "oversize_frame"
    BAD_CHECKSUM = "bad_checksum"
    BAD_CRC = "bad_crc"
    LONE_ESCAPE = "lone_escape"
    NONCANONICAL_ESCAPE = "noncanonical_escape"
    LENGTH_MISMATCH = "length_mismatch"
    ENCRYPTED_NO_KEY = "encrypted_no_key"
    VERSION_BIT = "version_bit"
    NON_BCD_ID = "non_bcd_id"
    RESERVED_BITS = "reserved_bits"
    BAD_INDEX = "bad_index"
    INDEX_CONFLICT = "index_conflict"
    ASSEMBLY_OVERFLOW = "assembly_overflow"
    DUPLICATE_PACKET = "duplicate_packet"
    RESENT_SERIAL = "resent_serial"
    ASSEMBLY_TIMEOUT = "assembly_timeout"
    SHORT_BODY = "short_body"
    BAD_VALUE = "bad_value"
    UNKNOWN_MESSAGE = "unknown_message"
    TRAILING_BODY_BYTES = "trailing_body_bytes"
    BAD_TEXT = "bad_text"
    BAD_BCD = "bad_bcd"
    LAYOUT_GUESS = "layout_guess"
    BAD_TIME = "bad_time"
    OUT_OF_RANGE = "out_of_range"
    TAIL_AFTER_ZERO_ID = "tail_after_zero_id"
    TRUNCATED_ITEM = "truncated_item"
    ITEM_LENGTH = "item_length"
    ITEM_COUNT = "item_count"
    TRAILING_BYTES = "trailing_bytes"
    NOT_AUTHENTICATED = "not_authenticated"
    AUTH_REFUSED = "auth_refused"
    FOREIGN_ID = "foreign_id"
    TIME_JUMP = "time_jump"


class Layer(StrEnum):
    """Where in the stack an anomaly was seen."""

    FRAME = "frame"
    HEADER = "header"
    PACKET = "packet"
    BODY = "body"
    POSITION = "position"
    SESSION = "session"


_LAYERS = (
    (Layer.FRAME, "junk short_frame oversize_frame bad_checksum bad_crc", "lone_escape noncanonical_escape"),
    (Layer.HEADER, "length_mismatch encrypted_no_key", "version_bit non_bcd_id reserved_bits"),
    (Layer.PACKET, "bad_index index_conflict assembly_overflow", "duplicate_packet resent_serial assembly_timeout"),
    (Layer.BODY, "short_body bad_value", "unknown_message trailing_body_bytes bad_text bad_bcd layout_guess"),
    (Layer.POSITION, "bad_time out_of_range", "tail_after_zero_id truncated_item item_length item_count trailing_bytes"),
    (Layer.SESSION, "not_authenticated auth_refused foreign_id", "time_jump"),
)

LAYER: dict[Code, Layer] = {Code(word): layer for layer, drop, keep in _LAYERS for word in (drop + " " + keep).split()}
"""Layer of every code."""

DROPS: frozenset[Code] = frozenset(Code(word) for _, drop, _ in _LAYERS for word in drop.split())
"""Codes that drop the frame, or the fix."""

RESULT: dict[Code, int] = {
    Code.LENGTH_MISMATCH: 2, Code.ENCRYPTED_NO_KEY: 2, Code.BAD_INDEX: 2, Code.INDEX_CONFLICT: 2, Code.ASSEMBLY_OVERFLOW: 1,
    Code.SHORT_BODY: 2, Code.BAD_VALUE: 2, Code.UNKNOWN_MESSAGE: 3, Code.BAD_TIME: 2, Code.OUT_OF_RANGE: 0,
    Code.NOT_AUTHENTICATED: 1, Code.AUTH_REFUSED: 1, Code.FOREIGN_ID: 1,
}  # fmt: skip
"""Result that 0x8001 gives for a code; codes of the frame layer earn no answer: their serial cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One thing wrong.

    `offset` counts in the unescaped frame without delimiters, -1 when it has no place; `field` is the field's name, "" when
    none; `detail` says what was seen; `drop` is the verdict on the frame, or for the position layer on the fix.
    """

    code: Code
    layer: Layer
    offset: int
    field: str
    detail: str
    drop: bool


def anomaly(code: Code, offset: int = -1, *, field: str = "", detail: str = "", drop: bool | None = None) -> Anomaly:
    """An anomaly with the layer and the verdict of its code; `drop` overrules the verdict."""
    return Anomaly(code, LAYER[code], offset, field, detail, code in DROPS if drop is None else drop)
