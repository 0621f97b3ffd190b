"""Long messages cut into packets, and the packets kept for a while to serve requests for missing ones."""

from __future__ import annotations

from collections.abc import Callable

from domain.errors import RefusedError
from protocols.jt808.codec import build_frame, examine
from protocols.jt808.header import MAX_BODY, Address
from protocols.jt808.limits import Limits
from protocols.jt808.reassembly import MEDIA_DATA


def packets(
    message_id: int, body: bytes, terminal_id: str, version: str, next_serial: Callable[[], int]
) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
    """(serials, frames) of a body: one frame, or packets with consecutive serials.

    Args:
        message_id: id of the message.
        body: its whole body.
        terminal_id: digits.
        version: edition of the header.
        next_serial: gives the serials.
    """
    if len(body) <= MAX_BODY:
        serial = next_serial()
        return (serial,), (build_frame(message_id, body, Address(terminal_id, serial, version)),)
    parts = [body[at : at + MAX_BODY] for at in range(0, len(body), MAX_BODY)]
    if len(parts) > 0xFFFF:
        raise RefusedError(f"{len(body)} bytes need {len(parts)} packets", field="body")
    serials = tuple(next_serial() for _ in parts)
    frames = tuple(
        build_frame(message_id, part, Address(terminal_id, serial, version, (len(parts), index)))
        for index, (part, serial) in enumerate(zip(parts, serials, strict=True), 1)
    )
    return serials, frames


class SentPackets:
    """Packets of long messages that were sent, by the serial of the first."""

    __slots__ = ("_kept", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: dict[int, tuple[int, tuple[bytes, ...]]] = {}

    def remember(self, first_serial: int, frames: tuple[bytes, ...], now_ms: int) -> None:
        """Keep the packets of a message; the oldest go when there are too many bytes."""
        self._expire(now_ms)
        self._kept.pop(first_serial, None)
        self._kept[first_serial] = (now_ms + self._limits.keep_ms, frames)
        while self._kept and sum(len(frame) for _, kept in self._kept.values() for frame in kept) > self._limits.keep_bytes:
            del self._kept[next(iter(self._kept))]

    def again(self, first_serial: int, indices: tuple[int, ...], now_ms: int) -> list[bytes]:
        """Packets with these indices; an index that is not there gives nothing."""
        self._expire(now_ms)
        _, frames = self._kept.get(first_serial, (0, ()))
        return [frames[index - 1] for index in indices if 1 <= index <= len(frames)]

    def media(self, media_id: int) -> int:
        """Serial of the first packet of multimedia data; -1 when none of that id is kept. The latest counts."""
        for first_serial, (_, frames) in reversed(self._kept.items()):
            examined = examine(frames[0])
            if (
                examined.header is not None
                and examined.header.message_id == MEDIA_DATA
                and examined.body[:4] == media_id.to_bytes(4, "big")
            ):
                return first_serial
        return -1

    def _expire(self, now_ms: int) -> None:
        for serial in [serial for serial, (until_ms, _) in self._kept.items() if until_ms <= now_ms]:
            del self._kept[serial]
