"""The alarm attachment session (报警附件上传), sans-IO: the server that 0x9208 points to, T/JSATL 12-2017 4.6.

One link carries frames of JT/T 808 (0x1210, 0x1211, 0x1212) and data packets `30 31 63 64`; the next bytes tell which. Bytes and
`now_ms` go in, frozen events and bytes to send come out; no byte of a peer raises. An answer that promises storage is given by
the caller, with `reply`, after what it promises is durable.
"""

from __future__ import annotations

from typing import Any

from domain.errors import RefusedError
from protocols.anomaly import Anomaly, Code, anomaly
from protocols.attachment_events import DEFAULT_LIMITS, AttachmentLimits, DataIn, Ended, EndIn, Event, FileIn, ListIn, Odd, OtherIn
from protocols.attachment_files import File, FileLimits, Files
from protocols.attachment_wire import DataPacket, Pieces
from protocols.jt808.codec import Examined, encode, examine
from protocols.jt808.header import Header, terminal_key
from protocols.jt808.messages.active_safety import AttachmentList, FileEnd, FileStart, FileVerdict, MissingRange
from protocols.jt808.messages.session import PlatformReply
from protocols.jt808.profile import STANDARD, Profile
from protocols.jt808.verdicts import framing_fault, message_fault

__all__ = ["AttachmentLimits", "AttachmentSession", "DataIn", "EndIn", "Ended", "Event", "FileIn", "ListIn", "Odd", "OtherIn"]

BAD_MESSAGE = 2
LIST = 0x1210
MISSING_MOST = 90
"""Ranges in one 0x9212: more would not fit one frame with a name of 255 bytes."""


class AttachmentSession:
    """Protocol state of one link.

    Args:
        profile: `alarm_id` is the form of the province; Heilongjiang has names with their length in data packets.
        limits: parameters; files are counted by alarm: a list of another alarm begins anew.
        candidates: profiles that the first list chooses from, by what reads it without anything odd; () keeps `profile`.
        now_ms: when the link began; `now_ms` never decreases.
    """

    __slots__ = (
        "_alarm",
        "_candidates",
        "_closed",
        "_frames",
        "_heard_ms",
        "_pieces",
        "_serial",
        "files",
        "limits",
        "profile",
        "terminal_id",
    )

    def __init__(
        self,
        profile: Profile = STANDARD,
        limits: AttachmentLimits = DEFAULT_LIMITS,
        *,
        now_ms: int = 0,
        candidates: tuple[Profile, ...] = (),
    ) -> None:
        self.profile = profile
        self.limits = limits
        self.terminal_id: str | None = None
        self.files = Files(FileLimits(limits.files, limits.file_bytes))
        self._candidates = candidates
        self._alarm = ""
        self._pieces = Pieces(named_by_length=profile.alarm_id == "hei")
        self._frames: list[bytes] = []
        self._serial = 0
        self._heard_ms = now_ms
        self._closed = False

    def receive_data(self, data: bytes, now_ms: int) -> list[Event]:
        """Events of the next bytes."""
        events: list[Event] = []
        for piece in self._pieces.feed(data) if not self._closed else ():
            if isinstance(piece, Anomaly):
                events.append(Odd((piece,)))
            elif isinstance(piece, DataPacket):
                self._heard_ms = now_ms
                events.append(self._data(piece))
            else:
                self._heard_ms = now_ms
                events.append(self._frame(self._examined(piece)))
            if self._pieces.junk > self.limits.junk_bytes:
                return [*events, *self.close("junk")]
        return [*events, *self.close("junk")] if self._pieces.junk > self.limits.junk_bytes else events

    def _examined(self, run: bytes) -> Examined:
        """A frame; where it is the first list, by the first candidate that fits it."""
        found = examine(run, self.profile)
        if not self._candidates or found.header is None or found.header.message_id != LIST or framing_fault(found) is not None:
            return found
        for profile in self._candidates:
            read = examine(run, profile)
            if not read.anomalies:
                self.profile, self._candidates = profile, ()
                self._pieces.named_by_length = profile.alarm_id == "hei"
                return read
        return found

    def _data(self, packet: DataPacket) -> Event:
        file = self.files.get(packet.name)
        if file is None:
            return Odd((anomaly(Code.BAD_VALUE, 4, field="name", detail=f"{packet.name!r} was not announced"),))
        if packet.offset + len(packet.data) > file.size:
            detail = f"{packet.offset} + {len(packet.data)} in a file of {file.size} bytes"
            return Odd((anomaly(Code.OUT_OF_RANGE, 4, field="offset", detail=detail),))
        if not file.take(packet.offset, len(packet.data)):
            return Odd((anomaly(Code.ASSEMBLY_OVERFLOW, 4, field="offset", detail="too many pieces apart"),))
        return DataIn(file.stored_name, packet.offset, packet.data)

    def _frame(self, examined: Examined) -> Event:
        header, message = examined.header, examined.message
        if header is None or framing_fault(examined) is not None:
            return Odd(examined.anomalies)
        key = terminal_key(header.terminal_id)
        if self.terminal_id not in (None, key):
            return Odd((anomaly(Code.FOREIGN_ID, 4, field="terminal_id", detail=header.terminal_id),), header)
        self.terminal_id = key
        if message is None or message_fault(examined) is not None:
            return Odd(examined.anomalies, header)
        if isinstance(message, AttachmentList):
            if message.alarm_number != self._alarm:
                self._alarm, self.files = message.alarm_number, Files(FileLimits(self.limits.files, self.limits.file_bytes))
            refused = next(filter(None, (self._announce(header, row.name, row.size) for row in message.attachments)), None)
            return refused or ListIn(header, message)
        if isinstance(message, FileStart):
            return self._announce(header, message.name, message.size) or FileIn(header, message, self._stored(message.name))
        if isinstance(message, FileEnd):
            return self._end(header, message)
        return OtherIn(header, message)

    def _announce(self, header: Header, name: str, size: int) -> Odd | None:
        why = self.files.open(name, size)
        return Odd((anomaly(Code.BAD_VALUE, 0, field="name", detail=f"{name!r}: {why}"),), header) if why else None

    def _stored(self, name: str) -> str:
        file = self.files.get(name)
        return "" if file is None else file.stored_name

    def _end(self, header: Header, message: FileEnd) -> Event:
        file: File | None = self.files.get(message.name)
        if file is None:
            return Odd((anomaly(Code.BAD_VALUE, 0, field="name", detail=f"{message.name!r} was not announced"),), header)
        return EndIn(header, message, file.stored_name, file.missing())

    def reply(self, event: ListIn | FileIn | EndIn | OtherIn | Odd, result: int = 0) -> None:
        """Queue the answer to an event: 0x9212 for the end of a file with result 0, else 0x8001 with the result."""
        header = event.header
        if header is None or self._closed:
            return
        answer: Any = PlatformReply(header.serial, header.message_id, result)
        if isinstance(event, EndIn) and result == 0:
            rows = tuple(MissingRange(*row) for row in event.missing[:MISSING_MOST])
            answer = FileVerdict(event.message.name, event.message.kind, int(bool(rows)), rows)
        try:
            self._say(answer, header)
        except RefusedError:  # a name that cannot be said back
            self._say(PlatformReply(header.serial, header.message_id, BAD_MESSAGE), header)

    def _say(self, answer: Any, header: Header) -> None:
        version = header.version if self.profile.version == "auto" else self.profile.version
        self._frames.append(encode(answer, terminal_id=header.terminal_id, serial=self._serial, version=version, profile=self.profile))
        self._serial = (self._serial + 1) & 0xFFFF

    def data_to_send(self) -> list[bytes]:
        """Queued frames, which are the caller's now."""
        frames, self._frames = self._frames, []
        return frames

    def next_timer(self) -> int | None:
        """When `tick` has something next; None once the link is closed."""
        return None if self._closed else self._heard_ms + self.limits.idle_ms

    def tick(self, now_ms: int) -> list[Event]:
        """Close a link that was silent too long."""
        due = self.next_timer()
        return self.close("idle") if due is not None and now_ms >= due else []

    def close(self, reason: str) -> list[Event]:
        """End the session: what was held is let go."""
        if self._closed:
            return []
        self._closed = True
        return [Ended(reason)]
