"""Frames and data packets told apart in the bytes of an attachment link, T/JSATL 12-2017 4.6.3 table 4-26."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.anomaly import Anomaly, Code, anomaly
from protocols.jt808.framing import DELIMITER, MAX_FRAME, checksum, unescape

MARK = b"\x30\x31\x63\x64"
NAME_BYTES = 50
MOST_DATA = 64 << 10
"""Longest data of one packet, bytes."""
_EDGE = bytes((DELIMITER,))


@dataclass(frozen=True, slots=True)
class DataPacket:
    """Bytes of a file; `data_start` is where they lie in the packet."""

    name: str
    offset: int
    data: bytes
    data_start: int


class Short(Exception):
    """More bytes are needed."""


def _whole(data: bytes, end: int) -> None:
    if len(data) < end:
        raise Short


def read_data_packet(data: bytes, *, named_by_length: bool) -> DataPacket | None:
    """The packet that `data` begins with; None when it is none.

    Args:
        data: from the mark on.
        named_by_length: True where the name has its length u8 before it (Heilongjiang), else it has 50 bytes.
    Raises:
        Short: not all of it is there.
    """
    start, at = len(MARK), len(MARK) + NAME_BYTES
    if named_by_length:
        _whole(data, start + 1)
        start, at = start + 1, start + 1 + data[start]
    _whole(data, at + 8)
    offset, length = int.from_bytes(data[at : at + 4], "big"), int.from_bytes(data[at + 4 : at + 8], "big")
    if length > MOST_DATA:
        return None
    _whole(data, at + 8 + length)
    name = data[start:at].split(b"\x00", 1)[0].decode("gb18030", "replace")
    return DataPacket(name, offset, data[at + 8 : at + 8 + length], at + 8)


class Pieces:
    """Splits the bytes of a link. Held is at most one packet; the result does not depend on how the bytes are cut.

    A run between delimiters is a frame when its checksum holds; otherwise its first delimiter alone is dropped, so that a data
    packet behind a lost delimiter is found. The delimiter that ends a frame may begin the next one.

    Attributes:
        junk: bytes that belong to nothing.
        named_by_length: see `read_data_packet`; change it only between packets.
    """

    __slots__ = ("_left", "_lost", "_shared", "junk", "named_by_length")

    def __init__(self, *, named_by_length: bool = False) -> None:
        self._left = b""
        self._lost = self._shared = False
        self.named_by_length = named_by_length
        self.junk = 0

    def feed(self, data: bytes) -> Iterator[bytes | DataPacket | Anomaly]:
        """Frames (escaped, without delimiters), data packets, and an anomaly where junk begins."""
        self._left += data
        while self._left:
            try:
                yield from self._next()
            except Short:
                return

    def _next(self) -> Iterator[bytes | DataPacket | Anomaly]:
        if self._left.startswith(_EDGE):
            yield from self._run()
        elif self._left.startswith(MARK):
            packet = read_data_packet(self._left, named_by_length=self.named_by_length)
            if packet is None:
                yield from self._drop(1, Code.BAD_VALUE)
                return
            self._left = self._left[packet.data_start + len(packet.data) :]
            self._lost = self._shared = False
            yield packet
        elif MARK.startswith(self._left):
            raise Short
        elif self._shared:
            self._shared, self._left = False, _EDGE + self._left
        else:
            yield from self._drop(self._ahead(), Code.JUNK)

    def _run(self) -> Iterator[bytes | Anomaly]:
        end = self._left.find(_EDGE, 1, MAX_FRAME + 2)
        if end < 0:
            if len(self._left) < MAX_FRAME + 2:
                raise Short
            yield from self._drop(1, Code.OVERSIZE_FRAME)
            return
        run = self._left[1:end]
        self._shared = False
        if not run:
            self._left = self._left[1:]
            return
        if checksum(unescape(run)[0]):
            yield from self._drop(1, Code.BAD_CHECKSUM)
            return
        self._left = self._left[end + 1 :]
        self._lost, self._shared = False, True
        yield run

    def _ahead(self) -> int:
        """Bytes up to the next delimiter or mark, or to what may become one."""
        places = [place for place in (self._left.find(_EDGE), self._left.find(MARK)) if place >= 0]
        if places:
            return min(places)
        tail = range(max(len(self._left) - len(MARK) + 1, 0), len(self._left) + 1)
        return next(n for n in tail if MARK.startswith(self._left[n:]))

    def _drop(self, size: int, code: Code) -> Iterator[Anomaly]:
        self._left = self._left[size:]
        self.junk += size
        if not self._lost:
            self._lost = True
            yield anomaly(code, -1, detail="bytes that are neither a frame nor a data packet")
