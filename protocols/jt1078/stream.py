"""Stream packets of one link as bytes come: headers only, payloads are passed over. No transcoding, no player."""

from __future__ import annotations

from collections.abc import Iterator

from domain.errors import WireError
from protocols.anomaly import Anomaly, Code, anomaly
from protocols.fields import V2019
from protocols.jt808.profile import STANDARD, Profile
from protocols.jt1078.packet import MARK, WIDTHS, StreamPacket, read_packet
from protocols.wire import Context, Reader

_HALF, _SEQUENCES = 1 << 15, 1 << 16
_RESTART = 3000
"""A jump of the sequence that is no loss but a new stream."""


def packet_at(data: bytes, width: int, anomalies: list[Anomaly] | None = None) -> StreamPacket:
    """Header of the packet that `data` begins with; WireError as `read_packet`."""
    return read_packet(Reader(data, 0, len(data), Context(STANDARD, V2019, anomalies)), width)


def number_width(data: bytes) -> int | None:
    """Bytes of the terminal's number in the packet that `data` begins with: the width whose packet ends at the next mark.

    6 where neither does; None while the bytes do not tell.
    """
    for width in WIDTHS:
        try:
            end = packet_at(data, width).size
        except WireError as error:
            if error.code == Code.SHORT_BODY:
                return None
            continue
        behind = data[end : end + len(MARK)]
        if behind == MARK:
            return width
        if MARK.startswith(behind):
            return None
    return WIDTHS[0]


class StreamReader:
    """Headers of the packets of one link. No byte raises; what is held is at most one packet and the next mark.

    A terminal's number of 6 bytes, as the standard says, is doubted once: the place of the second mark decides.

    Attributes:
        dropped: bytes that belong to no packet.
    """

    __slots__ = ("_left", "_lost", "_width", "dropped")

    def __init__(self, profile: Profile = STANDARD) -> None:
        self._left = b""
        self._width: int | None = profile.stream_sim_bytes if profile.stream_sim_bytes != WIDTHS[0] else None
        self._lost = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[StreamPacket | Anomaly]:
        """Headers of the packets that the bytes complete; one `junk` where bytes between packets begin."""
        self._left += data
        return list(self._found())

    def end(self) -> list[StreamPacket | Anomaly]:
        """The link ended: the packets that waited for a next one."""
        self._width = self._width or WIDTHS[0]
        return list(self._found())

    def _found(self) -> Iterator[StreamPacket | Anomaly]:
        while True:
            yield from self._skip()
            if not self._left.startswith(MARK):
                return
            if self._width is None:
                self._width = number_width(self._left)
                if self._width is None:
                    return
            odd: list[Anomaly] = []
            try:
                packet = packet_at(self._left, self._width, odd)
            except WireError as error:
                if error.code == Code.SHORT_BODY:
                    return
                yield from self._junk(1)
                continue
            self._left = self._left[packet.size :]
            self._lost = False
            yield from odd
            yield packet

    def _skip(self) -> Iterator[Anomaly]:
        """Drop what stands before the next mark, or before what may become one."""
        at = self._left.find(MARK)
        if at < 0:
            at = next(n for n in range(max(len(self._left) - len(MARK) + 1, 0), len(self._left) + 1) if MARK.startswith(self._left[n:]))
        yield from self._junk(at)

    def _junk(self, size: int) -> Iterator[Anomaly]:
        self._left = self._left[size:]
        self.dropped += size
        if size and not self._lost:
            self._lost = True
            yield anomaly(Code.JUNK, -1, detail="bytes between packets")


class LossMeter:
    """Loss of one channel by the sequence of its packets, for 0x9105. Late packets count as come."""

    __slots__ = ("_came", "_lost", "_next")

    def __init__(self) -> None:
        self._next: int | None = None
        self._came = 0
        self._lost = 0

    def take(self, sequence: int) -> None:
        """Count a packet."""
        gap = 0 if self._next is None else (sequence - self._next) % _SEQUENCES
        self._came += 1
        if gap >= _HALF and _SEQUENCES - gap <= _RESTART:
            self._lost = max(self._lost - 1, 0)
            return
        if gap <= _RESTART:
            self._lost += gap
        self._next = (sequence + 1) % _SEQUENCES

    def percent(self) -> int:
        """Whole percent lost since the last call, 0 without packets."""
        total = self._came + self._lost
        lost = self._lost
        self._came = self._lost = 0
        return 100 * lost // total if total else 0
