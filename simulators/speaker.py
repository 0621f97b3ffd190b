"""How a terminal speaks: serials, frames, keys; and what its equipment has to say of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from protocols.jt808.codec import encode_body
from protocols.jt808.header import Address
from protocols.jt808.outbox import IN_CLEAR
from protocols.jt808.reassembly import Reassembly
from protocols.jt808.splitting import packets
from simulators.camera import Photo
from simulators.equipment import Equipment
from simulators.frames import FrameMaker
from simulators.identity import Identity
from simulators.link_state import State
from simulators.media_upload import MediaUploads
from simulators.secrecy import TerminalSecrecy


class Speaker:
    """The saying half of a session.

    Args:
        identity: who it is.
        equipment: what is behind it; a parked vehicle's when None.
        secrecy: its RSA keys; None: everything in clear.
        start_serial: first serial.

    Attributes:
        state: of the present link.
        writable: False while the socket takes no more.
        wall_offset_ms: what to add to `now_ms` to get epoch ms; the door sets it.
        counts: what happened, by word.
        assemblies: long messages of the platform as their packets come; None before the first.
    """

    def __init__(self, identity: Identity, equipment: Equipment | None, secrecy: TerminalSecrecy | None, start_serial: int) -> None:
        self.identity = identity
        self.equipment = equipment or Equipment(identity)
        self.secrecy = secrecy
        self.state = State.CLOSED
        self.writable = True
        self.wall_offset_ms = 0
        self.assemblies: Reassembly | None = None
        self.counts: Counter[str] = Counter()
        self.frames = FrameMaker(identity.terminal_id, identity.version)
        self.media = MediaUploads(self._cut)
        self._shift = -1
        self._serial = start_serial & 0xFFFF
        self._queue: list[bytes] = []

    def next_serial(self) -> int:
        """The next serial, modulo 65,536."""
        serial = self._serial
        self._serial = (serial + 1) & 0xFFFF
        return serial

    def data_to_send(self) -> list[bytes]:
        """Frames queued since the last call."""
        out, self._queue = self._queue, []
        return out

    def say(self, message: object) -> int:
        """Queue a message; returns its serial, or that of its first packet."""
        serials, frames = self.frames_of(*encode_body(message, self.identity.version))
        self._queue += frames
        return serials[0]

    def repeat(self, frames: list[bytes]) -> None:
        """Queue frames that were sent before, unchanged."""
        self._queue += frames

    @property
    def sealing(self) -> TerminalSecrecy | None:
        """What seals messages now; None while they go in clear."""
        return self.secrecy if self.secrecy is not None and self.secrecy.seals else None

    def frames_of(self, message_id: int, body: bytes) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
        """(serials, frames) of a body, in packets where it is long, sealed where keys are known."""
        sealing = None if message_id in IN_CLEAR else self.sealing
        return packets(message_id, body, Address(self.identity.terminal_id, 0, self.identity.version), self.next_serial, sealing)

    def _cut(self, photo: Photo) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
        return self.frames_of(*encode_body(photo.upload, self.identity.version))

    def upload(self, photos: Iterable[Photo], *, announced: bool = False, delete: bool = False) -> None:
        """Send pictures, announced by 0x0800 where they are new."""
        for photo in photos:
            if announced:
                self.say(photo.announcement)
            self.media.add(photo, delete=delete)

    def pump(self, now_ms: int) -> None:
        """Queue what pictures have to send."""
        if self.state is State.ONLINE and self.writable:
            self._queue += self.media.due(now_ms)

    def wall_ms(self, now_ms: int) -> int:
        """Epoch ms."""
        return self.wall_offset_ms + now_ms

    def tell_driver(self, now_ms: int) -> None:
        """0x0702 when another driver has taken the wheel."""
        now = self.wall_ms(now_ms)
        shift = self.equipment.crew.shift(now // 1000)
        if shift != self._shift and self._shift >= 0:
            self.say(self.equipment.crew.identity(now))
            self.counts["driver_changes"] += 1
        self._shift = shift
