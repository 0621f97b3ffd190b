"""Stream packets of JT/T 1078 and data packets of alarm attachments, explained. Both begin with 30 31 63 64."""

from __future__ import annotations

from domain.errors import WireError
from protocols.anomaly import Anomaly, Code, anomaly
from protocols.attachment_wire import MARK, Short, read_data_packet
from protocols.describe import said
from protocols.explained import ExplainedFrame, row, with_anomalies
from protocols.fields import V2019, Words, u32
from protocols.jt808.codec import Examined
from protocols.jt808.framing import DELIMITER
from protocols.jt808.profile import PROFILES, Profile
from protocols.jt1078.packet import DATA_TYPES, WIDTHS, StreamPacket, read_packet
from protocols.jt1078.stream import packet_at
from protocols.kinds import LENGTH, UNREADABLE, Part
from protocols.wire import Context, Reader

_STREAM: Words = ("stream packet", "音视频流数据包")
_DATA: Words = ("attachment data", "文件数据包")
_OFFSET, _LENGTH = u32(zh="数据偏移量", unit="B"), u32(zh="数据长度", unit="B")
_VERSION_BITS, _RTP_2 = 0xC0, 0x80
_SHORTEST_NAME, _LETTERS = 0x20, 0x30


def segments(data: bytes) -> list[tuple[bool, bytes]]:
    """(is media, bytes): packets from a mark at the start, behind a delimiter or behind a packet; what lies between are frames."""
    found: list[tuple[bool, bytes]] = []
    at = 0
    while at < len(data):
        if data.startswith(MARK, at):
            size = _size(data[at:])
            found.append((True, data[at : at + size]))
        else:
            end = data.find(bytes((DELIMITER,)) + MARK, at)
            size = (len(data) if end < 0 else end + 1) - at
            found.append((False, data[at : at + size]))
        at += size
    return found


def _size(data: bytes) -> int:
    """Bytes of the packet that the data begins with; all of them where it is not whole."""
    try:
        if _is_stream(data):
            return packet_at(data, _width(data)).size
        packet = read_data_packet(data, named_by_length=_by_length(data))
    except (WireError, Short):
        return len(data)
    return len(data) if packet is None else packet.data_start + len(packet.data)


def _width(data: bytes) -> int:
    """Bytes of the terminal's number: the width whose packet ends at a mark or with the data; 6 where neither does."""
    for width in WIDTHS:
        try:
            end = packet_at(data, width).size
        except WireError:
            continue
        if end == len(data) or data.startswith(MARK, end):
            return width
    return WIDTHS[0]


def _context(profile: Profile | None, anomalies: list[Anomaly] | None = None) -> Context:
    return Context(profile or PROFILES["standard"], V2019, anomalies)


def _is_stream(data: bytes) -> bool:
    """True where RTP version 2 stands behind the mark; a name does not begin so."""
    return len(data) <= len(MARK) or data[len(MARK)] & _VERSION_BITS == _RTP_2


def _by_length(data: bytes) -> bool:
    """True where a length stands behind the mark, as in Heilongjiang: a name of 50 bytes has NUL between it and its end."""
    at = len(MARK) + 1
    length = data[len(MARK)]
    name = data[at : at + length]
    return length < _SHORTEST_NAME or (length < _LETTERS and name.isascii() and name.decode("ascii").isprintable())


def explain_media(data: bytes, profile: Profile, language: str) -> ExplainedFrame:
    """Every byte of one packet."""
    parts: list[Part] = []
    odd: list[Anomaly] = []
    if _is_stream(data):
        title, message, profiles = _stream(data, profile, parts, odd)
    else:
        title, message, profiles = _attachment(data, parts, odd)
    last = parts[-1].end if parts else 0
    if last < len(data):
        parts.append(Part(last, len(data), "rest", data[last:], None, UNREADABLE))
    rows = with_anomalies([row(part, data[part.start : part.end], language) for part in parts], parts, tuple(odd))
    return ExplainedFrame(tuple(rows), said(title, language), Examined(None, message, data, data, tuple(odd), ""), (), profiles)


def _stream(data: bytes, profile: Profile, parts: list[Part], odd: list[Anomaly]) -> tuple[Words, object, tuple[str, ...]]:
    width = profile.stream_sim_bytes if profile.stream_sim_bytes != WIDTHS[0] else _width(data)
    packet: StreamPacket | None = None
    try:
        packet = read_packet(Reader(data, 0, len(data), _context(profile, odd)), width, parts)
    except WireError as error:
        odd.append(anomaly(Code(error.code), error.offset, field=error.field, detail=str(error)))
    kind = DATA_TYPES.get(packet.data_type, ("", "")) if packet is not None else ("", "")
    title = (f"JT/T 1078 {_STREAM[0]} {kind[0]}".rstrip(), f"JT/T 1078 {_STREAM[1]} {kind[1]}".rstrip())
    fitting = tuple(name for name, other in PROFILES.items() if packet is not None and other.stream_sim_bytes in (WIDTHS[0], width))
    return title, packet, fitting


def _attachment(data: bytes, parts: list[Part], odd: list[Anomaly]) -> tuple[Words, object, tuple[str, ...]]:
    by_length = _by_length(data)
    fitting = tuple(name for name, other in PROFILES.items() if (other.alarm_id == "hei") == by_length)
    parts.append(Part(0, len(MARK), "mark", MARK, None, ("mark", "帧头标识")))
    try:
        packet = read_data_packet(data, named_by_length=by_length)
    except Short:
        packet = None
    if packet is None:
        odd.append(anomaly(Code.SHORT_BODY, len(MARK), field="data", detail=f"{len(data)} bytes are no whole data packet"))
        return _DATA, None, ()
    start, behind = len(MARK), packet.data_start - 8
    if by_length:
        parts.append(Part(start, start + 1, "name.length", data[start], None, LENGTH))
        start += 1
    if behind > start:
        parts.append(Part(start, behind, "name", packet.name, None, ("file name", "文件名称")))
    parts.append(Part(behind, behind + 4, "offset", packet.offset, _OFFSET))
    parts.append(Part(behind + 4, behind + 8, "length", len(packet.data), _LENGTH))
    if packet.data:
        parts.append(Part(behind + 8, behind + 8 + len(packet.data), "data", packet.data, None, ("data", "数据体")))
    return _DATA, packet, fitting
