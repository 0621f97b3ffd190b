"""Frames in a stream: delimiters, escaping, checksum, and splitting with resynchronisation.

Every run of bytes between two delimiters 0x7e is a candidate, so doubled, shared and missing delimiters need no state. Escapes
are 7d 01 -> 7d and 7d 02 -> 7e; the checksum lies inside the escaped part (JT/T 808-2019 4.4.2).
"""

from __future__ import annotations

from collections.abc import Iterator

DELIMITER = 0x7E
_MARK = b"\x7e"
MAX_FRAME = 2304
"""Longest run that is kept, escaped. The largest legal frame has (21 + 1023 + 1) * 2 + 2 = 2,092 bytes."""


def checksum(part: bytes) -> int:
    """XOR of all bytes; 0 for none."""
    width = 1 << max(len(part) - 1, 0).bit_length()
    value = int.from_bytes(part, "big")
    while width > 1:
        width >>= 1
        value = value >> 8 * width ^ value & (1 << 8 * width) - 1
    return value


def escape(part: bytes) -> bytes:
    """The bytes with 7d and 7e escaped."""
    return part.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def unescape(run: bytes) -> tuple[bytes, tuple[int, ...], bool]:
    """(bytes, lone, noncanonical) of a run.

    `7d` before anything but 01 and 02 stays `7d`: `lone` has the offsets of these in the unescaped bytes. `noncanonical` is True
    when escaping the result does not give the run back.
    """
    if b"\x7d" not in run:
        return run, (), _MARK in run
    first, *others = run.split(b"\x7d")
    out = bytearray(first)
    lone: list[int] = []
    for part in others:
        if part[:1] == b"\x01":
            out += b"\x7d" + part[1:]
        elif part[:1] == b"\x02":
            out += b"\x7e" + part[1:]
        else:
            lone.append(len(out))
            out += b"\x7d" + part
    return bytes(out), tuple(lone), bool(lone) or _MARK in run


def wrap(frame: bytes) -> bytes:
    """The frame, its checksum included, escaped and between delimiters."""
    return _MARK + escape(frame) + _MARK


def strip_delimiters(frame: bytes) -> bytes:
    """The run of a frame: one delimiter taken off each end, where there is one."""
    start = 1 if frame[:1] == _MARK else 0
    end = len(frame) - 1 if len(frame) > start and frame[-1:] == _MARK else len(frame)
    return frame[start:end]


class Splitter:
    """Candidate runs of one stream, between delimiters of one byte. What is left over is at most `max_frame` bytes.

    A run longer than `max_frame` comes as its first `max_frame + 1` bytes, so it is seen and counted; the rest up to the next
    delimiter is dropped.

    Attributes:
        opened: True when a delimiter stood before the last run.
        dropped: bytes thrown away behind over-long runs since the stream began.
    """

    __slots__ = ("_delimited", "_left", "_mark", "_skipping", "dropped", "max_frame", "opened")

    def __init__(self, max_frame: int = MAX_FRAME, mark: bytes = _MARK) -> None:
        self._mark = mark
        self.max_frame = max_frame
        self.opened = False
        self.dropped = 0
        self._delimited = False
        self._skipping = False
        self._left = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Runs that the bytes complete, still escaped, without delimiters; empty runs are silent."""
        return list(self.runs(data))

    def runs(self, data: bytes) -> Iterator[bytes]:
        """As `feed`, one at a time, with the attributes as they are at that run."""
        start = 0
        while start < len(data):
            end = data.find(self._mark, start)
            piece = data[start:] if end < 0 else data[start:end]
            run, behind = self._grow(piece)
            if run:
                self.opened = self._delimited
                yield run
            self.dropped += behind
            if end < 0:
                return
            if self._left:
                run, self._left = self._left, b""
                self.opened = self._delimited
                yield run
            self._delimited = True
            self._skipping = False
            start = end + 1

    def _grow(self, piece: bytes) -> tuple[bytes, int]:
        """Add bytes to the run: (the cut run when it grows over its size, once; bytes thrown away)."""
        if self._skipping:
            return b"", len(piece)
        grown = self._left + piece
        if len(grown) <= self.max_frame:
            self._left = grown
            return b"", 0
        self._left = b""
        self._skipping = True
        return grown[: self.max_frame + 1], len(grown) - self.max_frame - 1
