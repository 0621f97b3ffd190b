"""How the main link to one platform has stood, for 0x1102: when it was broken, and what could not be sent."""

from __future__ import annotations

from collections import deque

from protocols.jt809.events import MAIN, Event, LineDown, LineUp

_KEPT = 10_000


class LineHistory:
    """Breaks of a main link since this process began, the newest `_KEPT`; a login that fails while it is broken is no further break."""

    def __init__(self) -> None:
        self._breaks: deque[tuple[int, int | None]] = deque(maxlen=_KEPT)
        self._lost: deque[int] = deque(maxlen=_KEPT)
        self._up = False

    def note(self, event: Event, now_ms: int) -> None:
        """Take a line that went up or down; other events change nothing."""
        if not isinstance(event, LineUp | LineDown) or event.channel is not MAIN or isinstance(event, LineUp) is self._up:
            return
        self._up = isinstance(event, LineUp)
        if not self._up:
            self._breaks.append((now_ms, None))
        elif self._breaks:
            self._breaks[-1] = (self._breaks[-1][0], now_ms)

    def lose(self, now_ms: int) -> None:
        """A position cannot be written in the platform's edition, and is left out. What a break took is not lost: it is sent again."""
        self._lost.append(now_ms)

    def between(self, start_ms: int, end_ms: int, now_ms: int) -> tuple[int, int, int]:
        """(positions lost, breaks that began, seconds broken) from start to end, epoch ms."""
        broken_ms = sum(max(0, min(end_ms, now_ms if until is None else until) - max(start_ms, since)) for since, until in self._breaks)
        return (
            sum(start_ms <= t_ms <= end_ms for t_ms in self._lost), sum(start_ms <= since <= end_ms for since, _ in self._breaks),
            broken_ms // 1000,
        )  # fmt: skip
