"""Frames between platforms (JT/T 809), explained."""

from __future__ import annotations

from typing import Any

from domain.errors import WireError
from domain.units import instant
from protocols.anomaly import Code
from protocols.describe import said
from protocols.explained import ExplainedFrame, Row, row, with_anomalies
from protocols.fields import Words
from protocols.jt809.codec import Examined, examine
from protocols.jt809.framing import HEAD, SIZE_CRC, TAIL, places, runs_of
from protocols.jt809.header import Header
from protocols.jt809.peer import VERSIONS, Peer
from protocols.jt809.registry import find_definition
from protocols.kinds import UNREADABLE, Part, walk
from protocols.wire import Context, Reader

PLATFORM_HEAD = bytes((HEAD,))
_LATEST_S = 253_402_300_799
_FLAG: Words = ("flag", "标识")
_JUNK: Words = ("not a frame", "非完整帧")
_BODY: Words = ("body", "数据体")
_BEHIND: Words = ("bytes behind the body", "数据体之后的字节")
_CRC: Words = ("CRC-16", "CRC校验码")
_HEADER: dict[str, Words] = {
    "length": ("length of the frame", "数据长度"), "serial": ("serial", "报文序列号"), "message_id": ("message id", "业务数据类型"),
    "access_code": ("access code", "下级平台接入码"), "version_flag": ("protocol version", "协议版本号标识"),
    "encryption": ("encryption", "报文加密标识位"), "key": ("key", "数据加密的密匙"), "time": ("time (UTC)", "发送消息时的系统UTC时间"),
}  # fmt: skip


def explain_platform(data: bytes, language: str, peer: Peer) -> tuple[ExplainedFrame, ...]:
    """Every byte of the frames and of what stands between them."""
    found: list[ExplainedFrame] = []
    pieces = data.split(bytes((TAIL,)))
    for number, piece in enumerate(pieces):
        tail = number < len(pieces) - 1
        if not piece and not tail:
            continue
        for framed, run in runs_of(piece) if piece else ((False, b""),):
            if framed:
                found.append(_frame(run, tail, language, peer))
            else:
                last = bytes((TAIL,)) if tail and HEAD not in piece else b""
                found.append(_junk(run + last, language, peer))
    return tuple(found)


def _junk(raw: bytes, language: str, peer: Peer) -> ExplainedFrame:
    examined = examine(raw, peer)
    only = Row(0, raw, "run", said(_JUNK, language), raw.hex(" "), tuple(str(odd.code) for odd in examined.anomalies))
    return ExplainedFrame((only,), said(_JUNK, language), examined, (), ())


def _frame(run: bytes, tail: bool, language: str, peer: Peer) -> ExplainedFrame:
    examined = examine(run, peer)
    at = places(run)
    parts = _parts(examined, len(at) - 1, peer)
    rows = [row(part, run[at[part.start] : at[part.end]], language) for part in parts]
    rows = with_anomalies(rows, parts, examined.anomalies) if rows else rows
    head = Row(-1, PLATFORM_HEAD, "flag", said(_FLAG, language), "0x5B")
    end = [Row(-1, bytes((TAIL,)), "flag", said(_FLAG, language), "0x5D")] if tail else []
    clean = {version: examine(run, Peer(version=version, keys=peer.keys, profile=peer.profile)) for version in VERSIONS}
    versions = tuple(version for version, other in clean.items() if other.message is not None and not other.anomalies)
    return ExplainedFrame((head, *rows, *end), _title(examined, language), examined, versions, ())


def _title(examined: Examined, language: str) -> str:
    header = examined.header
    if header is None:
        return said(_JUNK, language)
    definition = find_definition(header.message_id, examined.sub_id)
    words = ("unknown message", "未知消息") if definition is None else (definition.en, definition.zh)
    sub = f" 0x{examined.sub_id:04X}" if examined.sub_id else ""
    return f"JT/T 809 0x{header.message_id:04X}{sub} {said(words, language)}"


def _parts(examined: Examined, size: int, peer: Peer) -> list[Part]:
    """The meaning of every unescaped byte, gapless."""
    header, frame, envelope = examined.header, examined.frame, examined.envelope
    if header is None:
        return [Part(0, size, "run", frame, None, _JUNK)] if size else []
    parts, end = _header_parts(header), size - SIZE_CRC
    if envelope is not None:
        parts += envelope.parts
        definition = find_definition(header.message_id, envelope.sub_id)
        name = _BODY
        if definition is not None:
            name = _BEHIND
            reader = Reader(frame, envelope.start, envelope.end, Context(peer.profile, examined.version))
            try:
                walk(definition.layout(examined.version), reader, parts)
            except WireError:
                name = UNREADABLE
        _fill(parts, frame, envelope.end, name)
        parts += envelope.behind
        _fill(parts, frame, end, _BEHIND)
    else:
        _fill(parts, frame, end, _BODY)
    detail = next((f" ({odd.detail})" for odd in examined.anomalies if odd.code is Code.BAD_CRC), "")
    return [*parts, Part(end, size, "crc", f"0x{frame[end:].hex().upper()}{detail}", None, _CRC)]


def _fill(parts: list[Part], frame: bytes, end: int, name: Words) -> None:
    """One part for the bytes up to `end` that have none yet."""
    last = parts[-1].end
    if last < end:
        parts.append(Part(last, end, "rest", frame[last:end], None, name))


def _header_parts(header: Header) -> list[Part]:
    fields: list[tuple[str, int, Any]] = [
        ("length", 4, header.length), ("serial", 4, header.serial), ("message_id", 2, f"0x{header.message_id:04X}"),
        ("access_code", 4, header.access_code), ("version_flag", 3, ".".join(map(str, header.version_flag))),
        ("encryption", 1, header.encryption), ("key", 4, header.key),
    ]  # fmt: skip
    if header.time_s is not None:
        readable = header.time_s <= _LATEST_S
        fields.append(("time", 8, f"{instant(1000 * header.time_s):%Y-%m-%d %H:%M:%SZ}" if readable else header.time_s))
    parts: list[Part] = []
    at = 0
    for name, size, value in fields:
        parts.append(Part(at, at + size, name, value, None, _HEADER[name]))
        at += size
    return parts
