"""Any hex explained: every byte in exactly one row, with its name, value and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from domain.errors import RefusedError, WireError
from protocols.describe import LANGUAGES, said
from protocols.explain_media import explain_media, segments
from protocols.explain_platform import PLATFORM_HEAD, explain_platform
from protocols.explain_recorder import RECORDER_HEADS, explain_recorder
from protocols.explained import Explained, ExplainedFrame, Row, row, with_anomalies
from protocols.fields import VERSIONS, Words
from protocols.fitting import fitting_profiles
from protocols.jt808.codec import Examined, examine, find_definition
from protocols.jt808.delimiters import DELIMITINGS, LINK_HEADS, sentence, spoken
from protocols.jt808.framing import DELIMITER, checksum
from protocols.jt808.header import SIZE_PACKET_ITEM, Header
from protocols.jt808.profile import STANDARD, Profile
from protocols.jt809.peer import Peer
from protocols.kinds import UNREADABLE, Part, walk
from protocols.wire import Context, Reader

_DELIMITER: Words = ("delimiter", "标识位")
_HEADER: dict[str, Words] = {
    "message_id": ("message id", "消息ID"), "attributes": ("attributes of the body", "消息体属性"),
    "version_byte": ("protocol version", "协议版本号"), "terminal_id": ("terminal id", "终端手机号"), "serial": ("serial", "消息流水号"),
    "package_total": ("packets", "消息总包数"), "package_index": ("packet", "包序号"),
}  # fmt: skip
_CHECKSUM: Words = ("checksum", "校验码")
_SENTENCE: Words = ("ASCII sentence", "ASCII 语句")
_RUN: Words = ("not a frame", "非完整帧")
_BODY: Words = ("body", "消息体")
_PACKET: Words = ("part of a longer body", "分包消息体")
_BODY_SIZE: Words = ("body {} bytes", "消息体 {} 字节")
_ENCRYPTED: Words = ("encrypted", "加密")
_VERSION_MARK: Words = ("version 2019", "2019 版")
_GIVES: Words = ("XOR gives 0x{:02X}", "异或得 0x{:02X}")
_TRAILING: Words = ("bytes behind the body", "消息体之后的字节")


__all__ = ["Explained", "ExplainedFrame", "Row", "explain", "parse_hex"]


def parse_hex(text: str) -> bytes:
    """Bytes of hexadecimal text with or without blanks, commas, colons and 0x; RefusedError for anything else."""
    digits = re.sub(r"0[xX]|[\s,;:_-]", "", text)
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise RefusedError("not hexadecimal: pairs of 0-9 a-f, with blanks or 0x as you like", field="hex") from error


def explain(hexadecimal: str, profile: Profile | None = None, language: str = "en", *, peer: Peer | None = None) -> Explained:
    """Explain frames of JT/T 808 and 809, packets of JT/T 1078 streams and of alarm attachments, or bytes of a recorder (AA 75, 55 7A).

    Args:
        hexadecimal: one or several frames, with or without blanks and 0x.
        profile: how the terminal speaks; the standard by default.
        language: "en" or "zh".
        peer: edition and keys of the platform, for JT/T 809; told from the bytes, and without keys, by default.
    Raises:
        RefusedError: the text is not hexadecimal, or empty.
    """
    if language not in LANGUAGES:
        raise RefusedError(f"language {language!r} is none of {', '.join(LANGUAGES)}", field="language")
    data = parse_hex(hexadecimal)
    if data[:2] in RECORDER_HEADS:
        return Explained(explain_recorder(data, language))
    if data[:1] == PLATFORM_HEAD:
        return Explained(explain_platform(data, language, peer or Peer(profile=profile or STANDARD)))
    if not data.strip(bytes((DELIMITER,))):
        raise RefusedError("no bytes between delimiters", field="hex")
    frames: list[ExplainedFrame] = []
    if data[:1] in LINK_HEADS:
        spoken_so = spoken(profile or STANDARD, data)
        return Explained(tuple(_explain_run(*found, spoken_so, language) for found in _candidates(data, spoken_so)))
    for is_media, part in segments(data):
        if is_media:
            frames.append(explain_media(part, profile or STANDARD, language))
        else:
            frames += [_explain_run(*found, profile or STANDARD, language) for found in _candidates(part, profile or STANDARD)]
    return Explained(tuple(frames))


def _candidates(data: bytes, profile: Profile) -> list[tuple[int, bytes, int]]:
    """(delimiters before, run, delimiters behind); a shared delimiter ends the run before it."""
    found: list[tuple[int, bytes, int]] = []
    before = 0
    pieces = data.split(DELIMITINGS[profile.delimiter].mark)
    for number, run in enumerate(pieces):
        last = number == len(pieces) - 1
        if run:
            found.append((before, run, 0 if last else 1))
            before = 0
        elif not last:
            before += 1
    if before:
        head, run, behind = found[-1]
        found[-1] = (head, run, behind + before)
    return found


def _explain_run(before: int, run: bytes, behind: int, profile: Profile, language: str) -> ExplainedFrame:
    examined = examine(run, profile)
    delimiter = DELIMITINGS[profile.delimiter].mark
    mark = Row(-1, delimiter, "delimiter", said(_DELIMITER, language), f"0x{delimiter.hex().upper()}")
    text = sentence(run)
    if text is not None:
        heading = said(_SENTENCE, language)
        whole = (*[mark] * before, Row(0, run, "sentence", heading, text), *[mark] * behind)
        return ExplainedFrame(whole, heading, replace(examined, anomalies=()), (), ())
    places = _wire_places(run, profile)
    parts = _parts(examined, len(places) - 1, run, (profile, language))
    rows = [row(part, run[places[part.start] : places[part.end]], language) for part in parts]
    rows = with_anomalies(rows, parts, examined.anomalies)
    header = examined.header
    title, versions = said(_RUN, language), tuple[str, ...]()
    if header is not None:
        definition = find_definition(header.message_id, profile)
        words = ("unknown message", "未知消息") if definition is None else (definition.en, definition.zh)
        title = f"0x{header.message_id:04X} {said(words, language)}"
        versions = _versions(examined, profile)
    frame_rows = (*[mark] * before, *rows, *[mark] * behind)
    return ExplainedFrame(frame_rows, title, examined, versions, fitting_profiles(run, profile.delimiter))


def _wire_places(run: bytes, profile: Profile) -> list[int]:
    """Place in the run of every unescaped byte, and of the end."""
    places = []
    at, escapes = 0, (0xE6, 0x3E) if profile.delimiter == "e7" else (0x7D,)
    while at < len(run):
        places.append(at)
        at += 2 if run[at] in escapes and run[at + 1 : at + 2] in (b"\x01", b"\x02") else 1
    return [*places, len(run)]


def _parts(examined: Examined, size: int, run: bytes, spoken: tuple[Profile, str]) -> list[Part]:
    """The meaning of every unescaped byte, gapless, by a profile and in a language."""
    profile, language = spoken
    header = examined.header
    if header is None:
        return [Part(0, size, "run", run, None, _RUN)]
    parts = _header_parts(header, language)
    frame = b"\x00" * header.body_start + examined.body
    definition = find_definition(header.message_id, profile)
    start = header.body_start
    if examined.body and (definition is None or header.encrypted or (header.package_total or 1) > 1):
        parts.append(Part(start, len(frame), "body", examined.body, None, _PACKET if (header.package_total or 1) > 1 else _BODY))
    elif definition is not None and not header.encrypted and (header.package_total or 1) <= 1:
        reader = Reader(frame, start, len(frame), Context(profile, examined.version))
        name = _TRAILING
        try:
            walk(definition.layout(examined.version), reader, parts)
        except WireError:
            name = UNREADABLE
        last = parts[-1].end
        if last < len(frame):
            parts.append(Part(last, len(frame), "rest", frame[last:], None, name))
    unescaped = DELIMITINGS[profile.delimiter].unescape(run)[0]
    wrong = checksum(unescaped)
    gives = said(_GIVES, language).format(unescaped[-1] ^ wrong)
    verdict = f"0x{unescaped[-1]:02X}" + (f" ({gives})" if wrong else "")
    parts.append(Part(size - 1, size, "checksum", verdict, None, _CHECKSUM))
    return parts


def _header_parts(header: Header, language: str) -> list[Part]:
    body, bits = header.attributes & 0x3FF, []
    bits += [_ENCRYPTED] if header.encrypted else []
    bits += [_PACKET] if header.package_total is not None else []
    bits += [_VERSION_MARK] if header.attributes & 0x4000 else []
    told = ", ".join([said(_BODY_SIZE, language).format(body), *(said(bit, language) for bit in bits)])
    attributes = f"0x{header.attributes:04X} ({told})"
    fields: list[tuple[str, int, Any]] = [("message_id", 2, f"0x{header.message_id:04X}"), ("attributes", 2, attributes)]
    wide = header.version_byte is not None
    fields += [("version_byte", 1, header.version_byte)] if wide else []
    fields += [("terminal_id", header.id_size, header.terminal_id), ("serial", header.serial_size, header.serial)]
    half = SIZE_PACKET_ITEM // 2
    if header.package_total is not None:
        fields += [("package_total", half, header.package_total), ("package_index", half, header.package_index)]
    parts: list[Part] = []
    at = 0
    for name, size, value in fields:
        parts.append(Part(at, at + size, name, value, None, _HEADER[name]))
        at += size
    return parts


def _versions(examined: Examined, profile: Profile) -> tuple[str, ...]:
    """Editions whose layout reads the body to its end with nothing odd in it."""
    header = examined.header
    definition = find_definition(header.message_id, profile) if header is not None else None
    if header is None or definition is None or header.encrypted or (header.package_total or 1) > 1:
        return ()
    fitting = []
    for version in VERSIONS:
        context = Context(profile, version)
        reader = Reader(examined.body, 0, len(examined.body), context)
        try:
            definition.layout(version).read(reader)
        except WireError:
            continue
        if reader.at == reader.end and not context.anomalies and version in definition.versions:
            fitting.append(version)
    return tuple(fitting)
