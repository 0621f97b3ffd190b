"""One of the two connections of a link: its bytes, serials, timers, and the frames kept for repeats."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import StrEnum

from protocols.jt809.framing import MAX_FRAME, Splitter


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Parameters of a link, times in milliseconds.

    Attributes:
        keep_alive_ms: a link test after so long without one.
        dead_ms: a line that was silent so long is closed.
        login_ms: a line that is not logged in after so long is closed.
        first_wait_ms, most_wait_ms: wait before dialling again, doubled each time.
        count_every: positions after which 0x9101 tells their number.
        kept_frames, kept_bytes: frames kept to be repeated, on each line.
        repeat_wait_ms: at most one request for repeats in so long.
        most_repeats: longest gap that is asked for.
        max_frame: longest frame taken.
    """

    keep_alive_ms: int = 60_000
    dead_ms: int = 180_000
    login_ms: int = 30_000
    first_wait_ms: int = 5_000
    most_wait_ms: int = 300_000
    count_every: int = 10_000
    kept_frames: int = 5_000
    kept_bytes: int = 4 << 20
    repeat_wait_ms: int = 10_000
    most_repeats: int = 1_000
    max_frame: int = MAX_FRAME


class State(StrEnum):
    """Of a line: no connection, connected and not logged in, logged in."""

    DOWN = "down"
    KNOCKING = "knocking"
    OPEN = "open"


class Kept:
    """The last frames that left on a line, by serial, within a number and a size."""

    def __init__(self, frames: int, size: int) -> None:
        self._frames: OrderedDict[int, tuple[int, int, bytes]] = OrderedDict()
        self._most, self._room, self._size = frames, size, 0

    def add(self, serial: int, sub_id: int, now_ms: int, frame: bytes) -> None:
        """Keep a frame; the oldest go when there is no room."""
        self._frames[serial] = (sub_id, now_ms, frame)
        self._size += len(frame)
        while self._frames and (len(self._frames) > self._most or self._size > self._room):
            self._size -= len(self._frames.popitem(last=False)[1][2])

    def between(self, first: int, last: int) -> list[bytes]:
        """Frames of serials first to last that are still kept."""
        return [frame for serial, (_, _, frame) in self._frames.items() if first <= serial <= last]

    def since(self, start_ms: int) -> list[bytes]:
        """Frames that left at or after a time."""
        return [frame for _, t_ms, frame in self._frames.values() if t_ms >= start_ms]

    def behind(self, serials: dict[int, int]) -> list[bytes]:
        """Frames newer than the last serial that the other side has of their sub-message, or of any where it has none of it."""
        newest = max(serials.values(), default=0)
        return [frame for serial, (sub_id, _, frame) in self._frames.items() if serial > serials.get(sub_id, newest)]


class Line:
    """State of one connection. `serial` counts what we send on it and outlives the connection."""

    def __init__(self, limits: LinkLimits) -> None:
        self.limits = limits
        self.state = State.DOWN
        self.serial = 0
        self.kept = Kept(limits.kept_frames, limits.kept_bytes)
        self.out: list[bytes] = []
        self.splitter = Splitter(limits.max_frame)
        self.last_in: int | None = None
        self.seen: dict[int, tuple[int, int]] = {}
        """By sub-message: (serial, epoch ms) of the last one that came."""
        self.heard_ms = self.since_ms = self.tested_ms = 0
        self.sure_ms: int | None = None
        self.sure_serial = -1
        """All of ours below this serial has arrived on this connection: the other side answered a link test that left with it."""
        self.tests: deque[tuple[int, int]] = deque(maxlen=64)
        """(serial, epoch ms) of our link tests without an answer, oldest first."""
        self.wait_ms = limits.first_wait_ms
        self.dial_ms: int | None = None

    def connect(self, now_ms: int) -> None:
        """The connection stands; nobody is logged in yet."""
        self.state = State.KNOCKING
        self.splitter = Splitter(self.limits.max_frame)
        self.out = []
        self.heard_ms = self.since_ms = self.tested_ms = now_ms
        self.sure_ms = self.last_in = self.dial_ms = None
        self.sure_serial = -1
        self.tests.clear()

    def open(self, now_ms: int) -> None:
        """Logged in."""
        self.state = State.OPEN
        self.tested_ms = now_ms
        self.wait_ms = self.limits.first_wait_ms

    def fall(self) -> None:
        """The connection is gone, and what it had still to send."""
        self.state = State.DOWN
        self.out = []

    def answered(self) -> None:
        """A link test of ours was answered: the oldest one, since answers may be missing but do not come early."""
        if self.tests:
            self.sure_serial, self.sure_ms = self.tests.popleft()

    def redial(self, now_ms: int) -> None:
        """Dial again after the wait, which grows."""
        self.dial_ms = now_ms + self.wait_ms
        self.wait_ms = min(2 * self.wait_ms, self.limits.most_wait_ms)

    @property
    def due_ms(self) -> int | None:
        """When `overdue` may change next; None for never."""
        if self.state is State.OPEN:
            return min(self.heard_ms + self.limits.dead_ms, self.tested_ms + self.limits.keep_alive_ms)
        return self.since_ms + self.limits.login_ms if self.state is State.KNOCKING else self.dial_ms

    def overdue(self, now_ms: int) -> str:
        """Why the line must be closed: "silent" or "no login"; "" when it need not be."""
        if self.state is State.OPEN and now_ms - self.heard_ms >= self.limits.dead_ms:
            return "silent"
        return "no login" if self.state is State.KNOCKING and now_ms - self.since_ms >= self.limits.login_ms else ""


class Tally:
    """Positions by second, to be compared with the other side's 0x9101."""

    def __init__(self, seconds: int = 7_200) -> None:
        self._seconds: OrderedDict[int, int] = OrderedDict()
        self._most = seconds
        self.uncounted = 0
        self.counted_from_ms = 0

    def add(self, positions: int, now_ms: int) -> None:
        """Count positions."""
        if not positions:
            return
        if not self.uncounted:
            self.counted_from_ms = now_ms // 1000 * 1000
        self.uncounted += positions
        self._seconds[now_ms // 1000] = self._seconds.get(now_ms // 1000, 0) + positions
        while len(self._seconds) > self._most:
            self._seconds.popitem(last=False)

    def total(self, start_ms: int, end_ms: int) -> int:
        """Positions from the second of `start_ms` to that of `end_ms`, both within."""
        return sum(count for second, count in self._seconds.items() if start_ms // 1000 <= second <= end_ms // 1000)
