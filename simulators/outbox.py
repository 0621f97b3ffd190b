"""What a terminal has driven and nobody has acknowledged yet."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

Fix = tuple[int, bytes]
"""(row of the truth, body of the position report)."""

DONE, FAILED = 0, 1
_ALARM_HANDLED = 4


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
class Sent:
    """A frame that waits for its answer."""

    message_id: int
    frame: bytes
    fixes: tuple[Fix, ...]
    wait_ms: int
    deadline_ms: int
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
        refused: fixes that the platform refused for good (result 2 or 3).
    """

    __slots__ = ("_batches", "_kept", "flying", "limits", "overflowed", "refused", "waiting")

    def __init__(self, limits: OutboxLimits) -> None:
        self.limits = limits
        self.waiting: deque[Fix] = deque()
        self.flying: dict[int, Sent] = {}
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
        wait = self.limits.ack_timeout_ms
        displaced = self.flying.pop(serial, None)
        if displaced is not None:
            self._put_back([displaced])
        self.flying[serial] = Sent(message_id, frame, fixes, wait, now_ms + wait)
        self._batches += len(fixes) != 1

    def next_batch(self) -> tuple[Fix, ...]:
        """The oldest waiting fixes for one 0x0704, taken out; empty when none waits or enough batches fly."""
        if not self.waiting or self._batches >= self.limits.batches:
            return ()
        return tuple(self.waiting.popleft() for _ in range(min(self.limits.batch_fixes, len(self.waiting))))

    def answered(self, serial: int, message_id: int, result: int) -> Sent | None:
        """Take the frame that an answer is for; None when no such frame waits (late, repeated or foreign answers).

        Results 0 and 4 end it; 1 puts its fixes back; others give them up and count them.
        """
        sent = self.flying.get(serial)
        if sent is None or sent.message_id != message_id:
            return None
        del self.flying[serial]
        self._batches -= len(sent.fixes) != 1
        if result == FAILED:
            self.waiting.extendleft(reversed(sent.fixes))
            return sent
        self._kept -= len(sent.fixes)
        if result not in (DONE, _ALARM_HANDLED):
            self.refused += len(sent.fixes)
        return sent

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
        lost = [self.flying.pop(serial) for serial in spent]
        self._batches -= sum(len(sent.fixes) != 1 for sent in lost)
        return again, self._put_back(lost)

    def land(self) -> None:
        """The link is gone: everything that flew waits again, in the order it was driven."""
        lost = list(self.flying.values())
        self.flying.clear()
        self._batches = 0
        self._put_back(lost)

    def _put_back(self, lost: list[Sent]) -> int:
        fixes = [fix for sent in lost for fix in sent.fixes]
        if fixes:
            self.waiting = deque(sorted([*fixes, *self.waiting]))
        return len(fixes)
