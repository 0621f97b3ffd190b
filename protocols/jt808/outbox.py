"""What a link has to say: serials, queued frames, open commands and their repeats, packets kept for repetition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.errors import RefusedError
from protocols.definition import NO_ANSWER, definition_of
from protocols.jt808.body_cipher import BodyCipher
from protocols.jt808.codec import address_of, encode_body
from protocols.jt808.events import Event, ReplyIn, TimedOut
from protocols.jt808.limits import Limits
from protocols.jt808.messages.multimedia import MediaReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply, TerminalPacketRequest, TerminalReply
from protocols.jt808.pending import EXPIRED, OPEN, Commands, Pending, expected_reply
from protocols.jt808.profile import Profile
from protocols.jt808.splitting import SentPackets, packets

IN_CLEAR = frozenset({0x8A00, 0x0A00, 0x8100, 0x0100, 0x0102})
"""Messages that are never encrypted: keys, and what comes before them."""


class Outbox:
    """Frames to send and answers to wait for.

    Args:
        limits: parameters.
        one_of_a_kind: True where only one command of an id may be open.
        serials, slot: array of unsigned 16 bit with the serial counter, and the place in it; None for a counter of its own.

    Attributes:
        cipher: seals what is said; None: in clear.
    """

    __slots__ = ("_commands", "_frames", "_limits", "_one_of_a_kind", "_sent", "_serials", "_slot", "cipher")

    def __init__(self, limits: Limits, *, one_of_a_kind: bool, serials: Any = None, slot: int = 0) -> None:
        self._limits = limits
        self._one_of_a_kind = one_of_a_kind
        self._serials = [0] if serials is None else serials
        self._slot = slot
        self._frames: list[bytes] | None = None
        self._commands: Commands | None = None
        self._sent: SentPackets | None = None
        self.cipher: BodyCipher | None = None

    def next_serial(self) -> int:
        """Serial of the next frame; it wraps at 65535."""
        serial = int(self._serials[self._slot])
        self._serials[self._slot] = (serial + 1) & 0xFFFF
        return serial

    def queue(self, frames: tuple[bytes, ...] | list[bytes]) -> None:
        """Frames to send."""
        if frames:
            self._frames = [*(self._frames or ()), *frames]

    def say_sentence(self, reply: bytes | None) -> None:
        """Queue a sentence as it stands; nothing for None."""
        if reply is not None:
            self.queue([reply])

    def take(self) -> list[bytes]:
        """Queued frames, which are the caller's now."""
        frames, self._frames = self._frames, None
        return frames or []

    def say(self, message: Any, terminal_id: str, version: str, profile: Profile, now_ms: int) -> Pending:
        """Queue a message, cut into packets where it is long; RefusedError when a value does not fit."""
        message_id, body = encode_body(message, version, profile)
        sealing = self.cipher is not None and self.cipher.seals and message_id not in IN_CLEAR
        serials, frames = packets(
            message_id, body, address_of(terminal_id, version, profile), self.next_serial, self.cipher if sealing else None
        )
        self.queue(frames)
        if len(frames) > 1:
            if self._sent is None:
                self._sent = SentPackets(self._limits)
            self._sent.remember(serials[0], frames, now_ms)
        return Pending(message, message_id, expected_reply(definition_of(message)), serials, frames)

    def command(self, message: Any, terminal_id: str, version: str, profile: Profile, now_ms: int) -> Pending:
        """As `say`, and wait for the answer where one is due; RefusedError when too many commands are open."""
        if self._commands is None:
            self._commands = Commands(self._limits, one_of_a_kind=self._one_of_a_kind)
        definition = definition_of(message)
        if definition.message_id is not None and expected_reply(definition) != NO_ANSWER:
            self._commands.check(definition.message_id)
        pending = self.say(message, terminal_id, version, profile, now_ms)
        if pending.state == OPEN:
            self._commands.add(pending, now_ms)
        return pending

    def asked(self, message: Any, now_ms: int) -> None:
        """Queue the packets that a message of the other side asks for; nothing for any other message."""
        if self._sent is None:
            return
        if isinstance(message, PacketRequest | TerminalPacketRequest):
            self.queue(self._sent.again(message.first_serial, message.indices, now_ms))
        elif isinstance(message, MediaReply) and message.missing:
            self.queue(self._sent.again(self._sent.media(message.media_id), message.missing, now_ms))

    def answered(self, message_id: int, message: Any, now_ms: int) -> tuple[bool, Pending | None]:
        """(known, ended): whether a message answers an open command, and the command if that ended it."""
        if self._commands is None:
            return False, None
        if isinstance(message, MediaReply) and message.missing:
            return False, None
        if isinstance(message, TerminalReply | PlatformReply):
            known = self._commands.knows(message) is not None
            return known, self._commands.general(message, now_ms)
        ended = self._commands.specific(message_id, message)
        return ended is not None, ended

    def tick(self, now_ms: int) -> Iterator[Event]:
        """Repeat commands whose wait is over; events of those that ended."""
        for pending in () if self._commands is None else self._commands.due(now_ms):
            if pending.state == OPEN:
                self.queue(pending.frames)
            elif pending.state == EXPIRED:
                yield TimedOut(pending)
            else:
                yield ReplyIn(pending, pending.grace)

    def next_timer(self) -> int | None:
        """When `tick` has something next."""
        return min((pending.deadline_ms for pending in self._commands), default=None) if self._commands else None

    def open_commands(self) -> list[Pending]:
        """Open commands; they wait here no longer."""
        return self._commands.take() if self._commands is not None else []

    def adopt(self, pendings: list[Pending], terminal_id: str, version: str, profile: Profile, now_ms: int) -> Iterator[Event]:
        """Send the open commands of an older link once more; events of those that were moved before or do not fit."""
        for pending in pendings:
            try:
                if pending.moved:
                    raise RefusedError("moved before", field="message", kind="conflict")
                new = self.command(pending.message, terminal_id, version, profile, now_ms)
            except RefusedError:
                pending.state = EXPIRED
                yield TimedOut(pending)
                continue
            assert self._commands is not None
            self._commands.replace(new, pending)
