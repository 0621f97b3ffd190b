"""The terminal's side of an attachment link (T/JSATL 12-2017 4.6), sans-IO; it may leave bytes out, which must then be asked for."""

from __future__ import annotations

from random import Random
from typing import Any

from protocols.attachment_wire import MARK, NAME_BYTES
from protocols.jt808.codec import encode, examine
from protocols.jt808.framing import Splitter
from protocols.jt808.messages.active_safety import Attachment, AttachmentList, AttachmentOrder, FileEnd, FileStart, FileVerdict
from protocols.jt808.messages.session import PlatformReply
from protocols.jt808.profile import Profile
from simulators.identity import Identity
from simulators.safety import AlarmFile

PACKET_BYTES = 4_096


class AttachmentUpload:
    """Brings the files of one order.

    Args:
        identity: the terminal.
        order: what 0x9208 says.
        files: in order.
        profile: form of the province.
        gaps: share of packets that are left out at first; random: which.

    Attributes:
        done: True once every file is confirmed.
        failed: why it cannot go on; "" while it can.
    """

    def __init__(
        self, identity: Identity, order: AttachmentOrder, files: list[AlarmFile], profile: Profile, gaps: float, random: Random
    ) -> None:
        self.done = False
        self.failed = ""
        self.left_out = 0
        self._identity = identity
        self._order = order
        self._files = files
        self._profile = profile
        self._gaps = gaps
        self._random = random
        self._place = -1
        self._serial = random.randrange(60_000)
        self._splitter = Splitter()
        self._queue: list[bytes] = []
        code = order.identifier.terminal_code if profile.alarm_id != "hei" else ""
        listed = tuple(Attachment(file.name, len(file.data)) for file in files)
        self._say(AttachmentList(code, order.identifier, order.alarm_number, 0, listed))

    def data_to_send(self) -> list[bytes]:
        """Frames and data packets queued since the last call."""
        out, self._queue = self._queue, []
        return out

    def receive_data(self, data: bytes) -> None:
        """Take what the server says."""
        for run in self._splitter.feed(data):
            match examine(run, self._profile).message:
                case PlatformReply(_, message_id, result) if result:
                    self.failed = f"0x{message_id:04X} was answered {result}"
                case PlatformReply(_, 0x1210, _):
                    self._next()
                case PlatformReply(_, 0x1211, _):
                    self._content()
                case FileVerdict(name, _, result, missing) if name == self._files[self._place].name:
                    self._judged(result, missing)
                case _:
                    self.failed = "the server said something else"

    def _judged(self, result: int, missing: Any) -> None:
        if not result:
            self._next()
            return
        for gap in missing:
            self._packets(gap.offset, gap.offset + gap.length, 0.0)
        self._end()

    def _next(self) -> None:
        self._place += 1
        if self._place == len(self._files):
            self.done = True
            return
        file = self._files[self._place]
        self._say(FileStart(file.name, file.kind, len(file.data)))

    def _content(self) -> None:
        self._packets(0, len(self._files[self._place].data), self._gaps)
        self._end()

    def _end(self) -> None:
        file = self._files[self._place]
        self._say(FileEnd(file.name, file.kind, len(file.data)))

    def _packets(self, start: int, end: int, gaps: float) -> None:
        file = self._files[self._place]
        name = file.name.encode("gbk")
        head = MARK + (bytes((len(name),)) + name if self._profile.alarm_id == "hei" else name.ljust(NAME_BYTES, b"\x00"))
        for at in range(start, end, PACKET_BYTES):
            data = file.data[at : min(at + PACKET_BYTES, end)]
            if gaps and self._random.random() < gaps:
                self.left_out += len(data)
                continue
            self._queue.append(head + at.to_bytes(4, "big") + len(data).to_bytes(4, "big") + data)

    def _say(self, message: Any) -> None:
        self._serial = (self._serial + 1) & 0xFFFF
        who = self._identity
        self._queue.append(encode(message, terminal_id=who.terminal_id, serial=self._serial, version=who.version, profile=self._profile))
