"""What a terminal has driven and nobody has acknowledged yet."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from simulators.frames import LOCATION_BATCH

Fix = tuple[int, bytes]
"""(row of the truth, body of the position report)."""

DONE, FAILED = 0, 1
_ALARM_HANDLED = 4
_PARTED_KEPT = 8
"""Messages in packets whose frames are kept for 0x8003."""


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Bounds and waits.

    capacity: fixes kept; when full the newest is lost, the oldest stay. window: frames on their way at once. retries: repeats of
    an unanswered frame, the wait growing each time: t(n + 1) = t(n) * (n + 1) (JT/T 808-2019 4.3). batch_fixes: of a 0x0704.
    """

    capacity: int = 20_000
    window: int = 64
    batches: int = 2
    batch_fixes: int = 16
    ack_timeout_ms: int = 5_000
    retries: int = 3


@dataclass(slots=True)
class Parts:
    """A message sent in packets: the fixes it carries, its frames by packet index from 1, serials without an answer."""

    fixes: tuple[Fix, ...]
    frames: list[bytes]
    open_serials: set[int]


@dataclass(slots=True)
class Sent:
    """A frame that waits for its answer; `fixes` is empty and `parts` set where it is one packet of a longer message."""

    message_id: int
    frame: bytes
    fixes: tuple[Fix, ...]
    wait_ms: int
    deadline_ms: int
    parts: Parts | None = None
    tries: int = 1

    def repeat(self, now_ms: int) -> None:
        """Count one more try, with its longer wait."""
        self.tries += 1
        self.wait_ms *= self.tries
        self.deadline_ms = now_ms + self.wait_ms


class Outbox:
    """Fixes of one terminal: waiting (to be uploaded as a batch), flying (sent, unanswered).

    Attributes:
        waiting: oldest first.
        flying: serial -> frame.
        overflowed: fixes lost because the store was full.
        parted: first serial -> packets, for repeats on 0x8003.
        refused: fixes that the platform refused for good (result 2 or 3).
    """

    __slots__ = ("_batches", "_kept", "flying", "limits", "overflowed", "parted", "refused", "waiting")

    def __init__(self, limits: OutboxLimits) -> None:
        self.limits = limits
        self.waiting: deque[Fix] = deque()
        self.flying: dict[int, Sent] = {}
        self.parted: dict[int, Parts] = {}
        self.overflowed = 0
        self.refused = 0
        self._kept = 0
        self._batches = 0

    def __len__(self) -> int:
        return self._kept

    @property
    def room(self) -> bool:
        """True when a live report may be sent at once."""
        return len(self.flying) < self.limits.window

    def admit(self) -> bool:
        """Make room for one more fix; False, and the fix is lost, when the store is full."""
        if self._kept >= self.limits.capacity:
            self.overflowed += 1
            return False
        self._kept += 1
        return True

    def keep(self, fix: Fix) -> None:
        """Put an admitted fix aside for a later batch."""
        self.waiting.append(fix)

    def fly(self, serial: int, message_id: int, frame: bytes, fixes: tuple[Fix, ...], now_ms: int) -> None:
        """Remember a frame that goes out now."""
        self._displace(serial)
        wait = self.limits.ack_timeout_ms
        self.flying[serial] = Sent(message_id, frame, fixes, wait, now_ms + wait)
        self._batches += message_id == LOCATION_BATCH

    def fly_parts(self, first_serial: int, message_id: int, frames: list[bytes], fixes: tuple[Fix, ...], now_ms: int) -> None:
        """Remember the packets of one message; its fixes are acknowledged when the last packet is."""
        serials = [(first_serial + index) & 0xFFFF for index in range(len(frames))]
        parts = Parts(fixes, frames, set(serials))
        wait = self.limits.ack_timeout_ms
        for serial, frame in zip(serials, frames, strict=True):
            self._displace(serial)
            self.flying[serial] = Sent(message_id, frame, (), wait, now_ms + wait, parts)
        self.parted[first_serial] = parts
        while len(self.parted) > _PARTED_KEPT:
            del self.parted[next(iter(self.parted))]

    def next_batch(self, most: int | None = None) -> tuple[Fix, ...]:
        """The oldest waiting fixes for one 0x0704, taken out; empty when none waits or enough batches fly."""
        if not self.waiting or self._batches >= self.limits.batches or not self.room:
            return ()
        return tuple(self.waiting.popleft() for _ in range(min(most or self.limits.batch_fixes, len(self.waiting))))

    def answered(self, serial: int, message_id: int, result: int) -> list[int] | None:
        """Take an answer.

        Results 0 and 4 end the frame; 1 puts its fixes back; others give them up and count them.

        Returns:
            Rows of the fixes that are acknowledged by it; None when no such frame waits (late, repeated, foreign answers).
        """
        sent = self.flying.get(serial)
        if sent is None or sent.message_id != message_id:
            return None
        fixes = self._take(serial).fixes
        if sent.parts is not None:
            fixes = sent.parts.fixes
            if result in (DONE, _ALARM_HANDLED) and sent.parts.open_serials:
                return []
            for rest in list(sent.parts.open_serials):
                self._take(rest)
        if result == FAILED:
            self._wait_again(fixes)
            return []
        self._kept -= len(fixes)
        if result in (DONE, _ALARM_HANDLED):
            return [row for row, _ in fixes]
        self.refused += len(fixes)
        return []

    def _take(self, serial: int) -> Sent:
        sent = self.flying.pop(serial)
        if sent.parts is not None:
            sent.parts.open_serials.discard(serial)
        elif sent.message_id == LOCATION_BATCH:
            self._batches -= 1
        return sent

    def _displace(self, serial: int) -> None:
        """A serial comes round again while its frame still waits: that frame is given up, its fixes wait again."""
        if serial in self.flying:
            self._give_back([serial])

    def overdue(self, now_ms: int) -> tuple[list[bytes], int]:
        """(frames to repeat now, fixes given back to the waiting ones because all tries are used up)."""
        again: list[bytes] = []
        spent: list[int] = []
        for serial, sent in self.flying.items():
            if sent.deadline_ms > now_ms:
                continue
            if sent.tries > self.limits.retries:
                spent.append(serial)
            else:
                sent.repeat(now_ms)
                again.append(sent.frame)
        return again, self._give_back(spent)

    def land(self) -> None:
        """The link is gone: everything that flew waits again, in the order it was driven."""
        self._give_back(list(self.flying))
        self.parted.clear()

    def _give_back(self, serials: list[int]) -> int:
        fixes: list[Fix] = []
        for serial in serials:
            if serial not in self.flying:
                continue
            sent = self._take(serial)
            fixes += sent.fixes
            if sent.parts is not None:
                for rest in list(sent.parts.open_serials):
                    self._take(rest)
                fixes += sent.parts.fixes
        self._wait_again(tuple(fixes))
        return len(fixes)

    def _wait_again(self, fixes: tuple[Fix, ...]) -> None:
        if fixes:
            self.waiting = deque(sorted([*fixes, *self.waiting]))
