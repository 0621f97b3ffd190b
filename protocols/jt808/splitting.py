"""Long messages cut into packets, and the packets kept for a while to serve requests for missing ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from domain.errors import RefusedError
from protocols.jt808.body_cipher import MESSAGE, SEALED_PACKET, BodyCipher
from protocols.jt808.codec import address_of, build_frame, examine
from protocols.jt808.header import MAX_BODY, Address, Header
from protocols.jt808.limits import Limits
from protocols.jt808.profile import Profile
from protocols.jt808.reassembly import MEDIA_DATA


def packets(
    message_id: int, body: bytes, address: Address, next_serial: Callable[[], int], cipher: BodyCipher | None = None
) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
    """(serials, frames) of a body: one frame, or packets with consecutive serials.

    Args:
        message_id: id of the message.
        body: its whole body.
        address: of the terminal; its serial does not count.
        next_serial: gives the serials.
        cipher: seals the body; None, and an empty body: in clear.
    """
    sealed = cipher is not None and bool(body)
    parts = _parts(body, cipher) if sealed and cipher is not None else _cut(body, MAX_BODY)
    if len(parts) == 1:
        serial = next_serial()
        return (serial,), (build_frame(message_id, parts[0], replace(address, serial=serial, encrypted=sealed)),)
    if len(parts) > 0xFFFF:
        raise RefusedError(f"{len(body)} bytes need {len(parts)} packets", field="body")
    serials = tuple(next_serial() for _ in parts)
    frames = tuple(
        build_frame(message_id, part, replace(address, serial=serial, package=(len(parts), index), encrypted=sealed))
        for index, (part, serial) in enumerate(zip(parts, serials, strict=True), 1)
    )
    return serials, frames


def _cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)] or [b""]


def _parts(body: bytes, cipher: BodyCipher) -> list[bytes]:
    """A body sealed: packet by packet, or whole and then cut."""
    if cipher.scope == MESSAGE:
        return _cut(cipher.encrypt(body), MAX_BODY)
    return [cipher.encrypt(part) for part in _cut(body, SEALED_PACKET)]


def runs_in_clear(header: Header, first_serial: int, body: bytes, profile: Profile) -> bytes:
    """A whole message, cut anew into frames in clear: escaped runs with delimiters between them.

    Args:
        header: of one of its packets; first_serial: of the first.
        body: the opened body.
        profile: how the terminal speaks.
    """
    serials = count(first_serial)
    address = address_of(header.terminal_id, header.version, profile)
    _, frames = packets(header.message_id, body, address, lambda: next(serials) & 0xFFFF)
    return b"".join(frames)[1:-1]


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
