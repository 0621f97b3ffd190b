"""Frames between platforms: flags, escapes, CRC, and splitting with resynchronisation.

A frame is 5b ... 5d; inside it 5b, 5a, 5d and 5e are written as 5a 01, 5a 02, 5e 01 and 5e 02. The CRC-16 (0x1021, start ffff)
runs over the unescaped header and the body as it is sent, encrypted or not, and may itself be escaped (JT/T 809-2011 4.3).
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterator

HEAD, TAIL = 0x5B, 0x5D
_HEAD, _TAIL = b"\x5b", b"\x5d"
SIZE_CRC = 2
MAX_FRAME = 1 << 20
"""Longest run that is kept, escaped: photos (0x1502) come whole."""


def crc16(part: bytes) -> int:
    """CRC-16 CCITT of header and body."""
    return crc_hqx(part, 0xFFFF)


def escape(part: bytes) -> bytes:
    """The bytes with 5a, 5b, 5d and 5e escaped."""
    part = part.replace(b"\x5a", b"\x5a\x02").replace(_HEAD, b"\x5a\x01")
    return part.replace(b"\x5e", b"\x5e\x02").replace(_TAIL, b"\x5e\x01")


_ESCAPE = re.compile(rb"[\x5a\x5e]")
_PAIRS = {b"\x5a\x01": _HEAD, b"\x5a\x02": b"\x5a", b"\x5e\x01": _TAIL, b"\x5e\x02": b"\x5e"}


def unescape(run: bytes) -> tuple[bytes, tuple[int, ...], bool]:
    """(bytes, lone, noncanonical) of a run.

    5a and 5e before anything but 01 and 02 stay: `lone` has the offsets of these in the unescaped bytes. `noncanonical` is True
    when escaping the result does not give the run back.
    """
    if _ESCAPE.search(run) is None:
        return run, (), _HEAD in run or _TAIL in run
    out = bytearray()
    lone: list[int] = []
    at = 0
    for found in _ESCAPE.finditer(run):
        stop = found.start()
        out += run[at:stop]
        plain = _PAIRS.get(run[stop : stop + 2])
        if plain is None:
            lone.append(len(out))
            out.append(run[stop])
        else:
            out += plain
        at = stop + (1 if plain is None else 2)
    out += run[at:]
    return bytes(out), tuple(lone), bool(lone) or _HEAD in run or _TAIL in run


def places(run: bytes) -> list[int]:
    """Place in the run of every unescaped byte, and of the end."""
    found = []
    at = 0
    while at < len(run):
        found.append(at)
        at += 2 if run[at : at + 2] in _PAIRS else 1
    return [*found, len(run)]


def wrap(frame: bytes) -> bytes:
    """Header and body with their CRC, escaped and between flags."""
    return _HEAD + escape(frame + crc16(frame).to_bytes(SIZE_CRC, "big")) + _TAIL


def strip_flags(frame: bytes) -> bytes:
    """The run of a frame: one flag taken off each end, where there is one."""
    start = 1 if frame[:1] == _HEAD else 0
    end = len(frame) - 1 if len(frame) > start and frame[-1:] == _TAIL else len(frame)
    return frame[start:end]


def intact(run: bytes) -> bool:
    """True when the run's CRC is right."""
    whole = unescape(run)[0]
    return len(whole) > SIZE_CRC and crc16(whole[:-SIZE_CRC]) == int.from_bytes(whole[-SIZE_CRC:], "big")


def runs_of(piece: bytes) -> Iterator[tuple[bool, bytes]]:
    """(framed, run) of the bytes up to a tail flag, which is taken off: what stands before the head flag is junk.

    A second head flag begins the frame anew, unless the CRC says that the byte belongs to the frame (some peers leave it
    unescaped).
    """
    junk, head, run = piece.partition(_HEAD)
    if not head:
        yield False, piece
        return
    if _HEAD in run and not intact(run):
        lost, _, run = run.rpartition(_HEAD)
        junk += _HEAD + lost
    if junk:
        yield False, junk
    yield True, run


class Splitter:
    """Runs of one stream. What is left over is at most `max_frame` bytes.

    A run longer than `max_frame` comes as its first `max_frame + 1` bytes, once; the rest up to the next tail flag is dropped.

    Attributes:
        dropped: bytes thrown away behind over-long runs since the stream began.
    """

    __slots__ = ("_left", "_skipping", "dropped", "max_frame")

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self.max_frame = max_frame
        self.dropped = 0
        self._left = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        """(framed, run) of everything that the bytes complete; junk is not framed. Empty junk is silent."""
        start = 0
        while start < len(data):
            end = data.find(_TAIL, start)
            stop = len(data) if end < 0 else end
            yield from self._grow(data[start:stop])
            if end < 0:
                return
            if not self._skipping and self._left:
                piece, self._left = bytes(self._left), bytearray()
                yield from runs_of(piece)
            self._skipping = False
            start = end + 1

    def _grow(self, piece: bytes) -> Iterator[tuple[bool, bytes]]:
        if self._skipping:
            self.dropped += len(piece)
            return
        self._left += piece
        if len(self._left) > self.max_frame:
            run = bytes(self._left[: self.max_frame + 1])
            self.dropped += len(self._left) - len(run)
            self._left = bytearray()
            self._skipping = True
            yield True, run
