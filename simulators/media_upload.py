"""Pictures on their way: in packets, a few at a time, over any number of links, until 0x8800 says that all is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.camera import Photo

Cut = Callable[[Photo], tuple[tuple[int, ...], tuple[bytes, ...]]]
"""(serials, frames) of a picture."""
_WINDOW = 8
_WAIT_MS = 5_000
_TRIES = 6


@dataclass(slots=True)
class _Sending:
    """One picture: its packets by serial; those to send, and those without an answer."""

    photo: Photo
    serials: tuple[int, ...]
    frames: tuple[bytes, ...]
    delete: bool
    waiting: deque[int] = field(default_factory=deque)
    flying: dict[int, int] = field(default_factory=dict)
    tries: int = 0
    deadline_ms: int = 0


class MediaUploads:
    """One picture at a time.

    Args:
        cut: makes frames of a picture, with fresh serials.

    Attributes:
        finished: media ids that the platform has confirmed, in order.
    """

    def __init__(self, cut: Cut) -> None:
        self.finished: list[int] = []
        self._cut = cut
        self._queue: deque[tuple[Photo, bool]] = deque()
        self._now: _Sending | None = None

    def __len__(self) -> int:
        return len(self._queue) + (self._now is not None)

    @property
    def acknowledged(self) -> int:
        """Packets of the picture under way that the platform has acknowledged."""
        now = self._now
        return 0 if now is None else len(now.frames) - len(now.waiting) - len(now.flying)

    def add(self, photo: Photo, *, delete: bool = False) -> None:
        """Upload a picture; delete: forget it afterwards."""
        self._queue.append((photo, delete))

    def links_lost(self) -> None:
        """What was not answered goes again over the next link, with the serials it has."""
        if self._now is not None:
            self._now.waiting = deque(sorted({*self._now.waiting, *self._now.flying}))
            self._now.flying = {}

    def answered(self, serial: int, now_ms: int) -> bool:
        """Note that a packet is acknowledged; whether it is one of a picture's."""
        sending = self._now
        if sending is None or serial not in sending.serials:
            return False
        sending.flying.pop(sending.serials.index(serial), None)
        sending.tries, sending.deadline_ms = 0, now_ms + _WAIT_MS
        return True

    def asked(self, first_serial: int, indices: tuple[int, ...]) -> bool:
        """0x8003 for packets of the picture; whether it is about it."""
        if self._now is None or first_serial != self._now.serials[0]:
            return False
        self._again(self._now, indices)
        return True

    def told(self, media_id: int, missing: tuple[int, ...]) -> Photo | None:
        """0x8800: the picture that is to be forgotten now; None where packets are missing, or it is kept."""
        sending = self._now
        if sending is None or sending.photo.media_id != media_id:
            return None
        if missing:
            self._again(sending, missing)
            return None
        self._now = None
        self.finished.append(media_id)
        return sending.photo if sending.delete else None

    @staticmethod
    def _again(sending: _Sending, indices: tuple[int, ...]) -> None:
        for index in indices:
            if 1 <= index <= len(sending.frames) and index - 1 not in sending.waiting:
                sending.waiting.append(index - 1)

    def due(self, now_ms: int) -> list[bytes]:
        """Frames to send now."""
        if self._now is None and self._queue:
            photo, delete = self._queue.popleft()
            serials, frames = self._cut(photo)
            self._now = _Sending(photo, serials, frames, delete, deque(range(len(frames))), deadline_ms=now_ms + _WAIT_MS)
        sending = self._now
        if sending is None:
            return []
        if not sending.waiting and now_ms >= sending.deadline_ms:
            if sending.tries >= _TRIES:  # the platform does not want it: the next one
                self._now = None
                return []
            sending.tries += 1
            sending.waiting = deque(sorted(sending.flying) or [len(sending.frames) - 1])
            sending.flying = {}
            sending.deadline_ms = now_ms + _WAIT_MS * (sending.tries + 1)
        out = []
        while sending.waiting and len(sending.flying) < _WINDOW:
            index = sending.waiting.popleft()
            sending.flying[index] = now_ms
            out.append(sending.frames[index])
        return out
