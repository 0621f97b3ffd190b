"""Header of one audio or video packet, JT/T 1078-2016 5.5.3 table 19. The payload stays closed.

A packet is `30 31 63 64`, flags of RTP, marker and payload type, sequence u16, terminal number in BCD (6 bytes, 10 on some
terminals of 2019), channel, data type and fragment, time u64 (not for passthrough), two intervals u16 (video only), length u16
and so many bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.fields import FieldSpec, digits, u8, u16, u64
from protocols.jt808.video_tables import CODECS
from protocols.kinds import Part
from protocols.wire import Reader

MARK = b"\x30\x31\x63\x64"
MOST_PAYLOAD = 4096
"""Longest payload that is taken, bytes; the standard allows 950, and a longer length is no header."""
MOST_HEADER = 34
VIDEO_TYPES = frozenset({0, 1, 2})
PASSTHROUGH = 4
WIDTHS = (6, 10)
"""Sizes of the terminal's number."""

DATA_TYPES = {
    0: ("I frame", "视频I帧"),
    1: ("P frame", "视频P帧"),
    2: ("B frame", "视频B帧"),
    3: ("audio", "音频帧"),
    4: ("passthrough", "透传数据"),
}
FRAGMENTS = {0: ("whole", "原子包"), 1: ("first", "分包处理第一个包"), 2: ("last", "分包处理最后一个包"), 3: ("middle", "分包处理中间包")}
_KINDS = {
    16 * kind + part: (f"{en}, {piece[0]}", f"{zh}, {piece[1]}")
    for kind, (en, zh) in DATA_TYPES.items()
    for part, piece in FRAGMENTS.items()
}
_TYPES = {**CODECS, **{128 + kind: (f"{en}, marker", f"{zh}, 标志位") for kind, (en, zh) in CODECS.items()}}
_SPECS: dict[str, FieldSpec] = {
    "flags": u8(en="version, padding, extension, sources", zh="V P X CC"),
    "payload_type": u8(en="marker and payload type", zh="M PT", names=_TYPES), "sequence": u16(zh="包序号"),
    "terminal_id": digits(6, en="terminal number", zh="SIM卡号"), "channel": u8(zh="逻辑通道号"),
    "data_type": u8(en="kind of data, fragment", zh="数据类型和分包处理标记", names=_KINDS),
    "time_ms": u64(en="time", zh="时间戳", unit="ms"), "since_key_frame_ms": u16(en="since the last key frame", zh="Last I Frame Interval", unit="ms"),
    "since_frame_ms": u16(en="since the last frame", zh="Last Frame Interval", unit="ms"), "length": u16(zh="数据体长度", unit="B"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreamPacket:
    """Header of one packet; its payload is `payload_length` bytes from `payload_start`.

    `time_ms` is the terminal's counter, None for passthrough; the intervals are None outside video; `flags` are V, P, X and CC.
    """

    flags: int
    marker: bool
    payload_type: int
    sequence: int
    terminal_id: str
    channel: int
    data_type: int
    fragment: int
    time_ms: int | None
    since_key_frame_ms: int | None
    since_frame_ms: int | None
    payload_start: int
    payload_length: int

    @property
    def size(self) -> int:
        """Bytes of the packet."""
        return self.payload_start + self.payload_length


class _Fields:
    """Reads field after field and writes down what each byte means."""

    def __init__(self, reader: Reader, parts: list[Part] | None) -> None:
        self._reader = reader
        self._parts = parts

    def __call__(self, name: str, kind: Any = None) -> Any:
        spec, at = _SPECS[name], self._reader.at
        value = (kind or spec.kind).read(self._reader, name)
        if self._parts is not None:
            self._parts.append(Part(at, self._reader.at, name, value, spec))
        return value

    def raw(self, name: str, size: int, words: tuple[str, str]) -> int:
        """Offset of bytes without a value of their own."""
        at = self._reader.need(size, name)
        if self._parts is not None and size:
            self._parts.append(Part(at, at + size, name, self._reader.frame[at : at + size], None, words))
        return at


def read_packet(reader: Reader, width: int = 6, parts: list[Part] | None = None) -> StreamPacket:
    """The header at the reader's place, which ends up behind the payload.

    Args:
        reader: over whole packets; `payload_start` counts from its place.
        width: bytes of the terminal's number, 6 or 10.
        parts: the meaning of every byte is appended here.
    Raises:
        WireError: `bad_value` without the mark or with a length that is none; `short_body` when it is not whole.
    """
    start, read = reader.at, _Fields(reader, parts)
    if reader.frame[start : min(start + len(MARK), reader.end)] != MARK:
        raise WireError("no mark 30316364", code=Code.BAD_VALUE, field="mark", offset=start)
    read.raw("mark", len(MARK), ("mark", "帧头标识"))
    flags, kind, sequence = read("flags"), read("payload_type"), read("sequence")
    terminal_id = read("terminal_id", digits(width).kind)
    channel, data = read("channel"), read("data_type")
    data_type = data >> 4
    time_ms = read("time_ms") if data_type != PASSTHROUGH else None
    video = data_type in VIDEO_TYPES
    key_ms, frame_ms = (read("since_key_frame_ms"), read("since_frame_ms")) if video else (None, None)
    length = read("length")
    if length > MOST_PAYLOAD:
        raise WireError(f"payload of {length} bytes", code=Code.BAD_VALUE, field="length", offset=reader.at - 2)
    at = read.raw("payload", length, ("payload", "数据体"))
    return StreamPacket(
        flags, bool(kind & 0x80), kind & 0x7F, sequence, terminal_id, channel, data_type, data & 0x0F, time_ms, key_ms, frame_ms,
        at - start, length,
    )  # fmt: skip
