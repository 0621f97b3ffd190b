"""What can be replayed: spools, segments, hex lines, packet dumps as text, files of test vectors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.errors import RefusedError
from ingest.log.record import DOOR_PEER, DROPPED, FRAME, MQTT, RECORD, REPLAYED, scan
from ingest.log.segments import SEGMENT_HEADER, SUFFIX, SegmentHeader, segments_of, worker_folders
from protocols.jt808.framing import MAX_FRAME, Splitter, strip_delimiters

_ROWS = 4_096
_MARK = b"\x7e"
_HEX_LINE = re.compile(r"^[0-9A-Fa-f\s]+$")
_DUMP_LINE = re.compile(r"^\s*(?:0x)?([0-9A-Fa-f]{4,8}):?\s+((?:[0-9A-Fa-f]{2,4}\s?)+)")
_ETHERNET, _TCP, _UDP = 14, 6, 17


@dataclass(frozen=True, slots=True)
class Recorded:
    """One frame to replay, raw and between its delimiters, or the record of a JSON device.

    Attributes:
        received_us: None: nobody noted when it came.
        kind: `FRAME`, or `MQTT` for JSON.
        profile: number of the terminal's profile.
    """

    payload: bytes
    received_us: int | None = None
    kind: int = FRAME
    profile: int = 0


def recorded(path: Path, without: Path | None = None) -> Iterator[Recorded]:
    """Frames of a file or folder, in their order.

    Args:
        path: a spool or a worker's folder of one, a segment, a JSON file of vectors, a packet dump as text, or lines of hex digits.
        without: worker's folder of a spool that is left out (the one that is being written).
    Raises:
        RefusedError: nothing there can be replayed.
    """
    if path.is_dir():
        folders = [folder for folder in worker_folders(path) if folder != without] or [path]
        segments = [segment.path for folder in folders for segment in segments_of(folder)]
        if not segments:
            raise RefusedError(f"{path} holds no log: give a spool, a worker's folder or a file", field="file", kind="missing")
        for segment in segments:
            yield from _segment(segment)
    elif not path.is_file():
        raise RefusedError(f"{path} does not exist", field="file", kind="missing")
    elif path.suffix == SUFFIX:
        yield from _segment(path)
    else:
        yield from _text(path)


def is_log(path: Path) -> bool:
    """Whether the frames of this source carry the time when they were received."""
    return path.is_dir() or path.suffix == SUFFIX


def _segment(path: Path) -> Iterator[Recorded]:
    """Frames and JSON of one segment up to its end or the first damaged record; what other platforms said is left out."""
    with path.open("rb") as file:
        header = SegmentHeader.parse(file.read(SEGMENT_HEADER))
    if header is None:
        raise RefusedError(f"{path} is no segment of a log", field="file")
    data = np.fromfile(path, np.uint8, offset=SEGMENT_HEADER)
    rows, at, count = np.empty(_ROWS, RECORD), 0, _ROWS
    while count == _ROWS:
        count, at, _ = scan(data, at, len(data), rows)
        for row in rows[:count]:
            if row["kind"] in (FRAME, DROPPED, REPLAYED, MQTT) and row["door"] != DOOR_PEER:
                kind = MQTT if row["kind"] == MQTT else FRAME
                yield Recorded(data[int(row["start"]) : int(row["end"])].tobytes(), int(row["received_us"]), kind, int(row["profile"]))


def _text(path: Path) -> Iterator[Recorded]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path} is neither a log nor text: a capture is replayed from its text dump", field="file") from error
    found = False
    lines = [line.strip() for line in text.splitlines()]
    if text.lstrip().startswith(("[", "{")):
        frames = _vectors(path, text)
    elif all(_HEX_LINE.match(line) for line in lines if line and not line.startswith("#")):
        frames = (frame for line in lines if line and not line.startswith("#") for frame in _frames_of(_unhex(line, path)))
    else:
        frames = _dump(lines)
    for frame in frames:
        found = True
        yield Recorded(frame)
    if not found:
        raise RefusedError(f"{path} holds no frame: expected hex lines, a packet dump as text or JSON with `hex`", field="file")


def _unhex(line: str, path: Path) -> bytes:
    try:
        return bytes.fromhex(line)
    except ValueError as error:
        raise RefusedError(f"{path}: a line of hex digits has an odd number of them: {line[:40]}", field="file") from error


def _vectors(path: Path, text: str) -> Iterator[bytes]:
    """Frames of a JSON list of objects with `hex`; of another `protocol` than jt808, none."""
    try:
        vectors = json.loads(text)
        vectors = [vectors] if isinstance(vectors, dict) else vectors
        for vector in vectors:
            if vector.get("protocol", "jt808") == "jt808":
                yield from _frames_of(bytes.fromhex(vector["hex"]))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise RefusedError(f"{path} is no list of objects with `hex`: {error}", field="file") from error


def _frames_of(stream: bytes) -> Iterator[bytes]:
    """Frames of a piece of a stream; bytes without any delimiter are one frame."""
    if _MARK not in stream:
        yield _MARK + stream + _MARK
        return
    yield from _runs(Splitter(MAX_FRAME), stream)
    tail = stream[stream.rindex(_MARK) + 1 :]
    if tail:
        yield _MARK + tail + _MARK


def _runs(splitter: Splitter, stream: bytes) -> Iterator[bytes]:
    for run in splitter.feed(stream):
        if strip_delimiters(run):
            yield _MARK + run + _MARK


def _dump(lines: list[str]) -> Iterator[bytes]:
    """Frames of `tcpdump -x`, `tcpdump -X`, `tshark -x` or a plain hex dump: offset, bytes, and maybe characters, one packet a block."""
    flows: dict[bytes, Splitter] = {}
    sequence: dict[bytes, int] = {}
    packet = bytearray()
    for line in [*lines, "end"]:
        match = _DUMP_LINE.match(line)
        if match is not None and int(match[1], 16) == len(packet) and packet:
            packet += _dump_bytes(match[2])
            continue
        if packet:
            flow, payload = _unpacked(bytes(packet), sequence)
            yield from _runs(flows.setdefault(flow, Splitter(MAX_FRAME)), payload)
        packet = bytearray(_dump_bytes(match[2])) if match is not None and int(match[1], 16) == 0 else bytearray()


def _dump_bytes(columns: str) -> bytes:
    """At most 16 bytes of a dump line; the columns of characters behind two spaces are not bytes."""
    digits = re.split(r"\s{2,}(?=\S*[^0-9A-Fa-f\s]|\S{5,})", columns.rstrip())[0]
    digits = re.sub(r"\s", "", digits)[:32]
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _unpacked(packet: bytes, sequence: dict[bytes, int]) -> tuple[bytes, bytes]:
    """(flow, payload that is new) of a packet: IPv4 with TCP or UDP, with or without an Ethernet header; else the bytes themselves."""
    if packet[12:14] == b"\x08\x00" and packet[_ETHERNET : _ETHERNET + 1] and packet[_ETHERNET] >> 4 == 4:
        packet = packet[_ETHERNET:]
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] not in (_TCP, _UDP):
        return b"", packet
    head = (packet[0] & 15) * 4
    total = int.from_bytes(packet[2:4], "big") or len(packet)
    flow = packet[12:20] + packet[head : head + 4]
    if packet[9] == _UDP:
        return flow, packet[head + 8 : total]
    payload = packet[head + (packet[head + 12] >> 4) * 4 : total]
    start = int.from_bytes(packet[head + 4 : head + 8], "big")
    seen = (sequence.get(flow, start) - start) & 0xFFFFFFFF
    fresh = payload[seen:] if seen < 1 << 31 else payload
    if fresh:
        sequence[flow] = (start + len(payload)) & 0xFFFFFFFF
    return flow, fresh
