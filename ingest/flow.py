"""Back-pressure. The only queue is the log's pending bytes; the kernel's socket buffers and TCP do the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.gateway.links import Link
from ingest.log.base import LogWriter

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Marks:
    """Bytes: high and low water of the log's backlog, and what may wait unsent on one link before pause and close."""

    high: int
    low: int
    reply_pause: int
    reply_limit: int


class Flow:
    """Pauses links that deliver while the log is behind, and links that do not take their replies.

    Args:
        log: whose backlog decides.
        marks: the limits.
        close: closes a link for a reason.
    """

    def __init__(self, log: LogWriter, marks: Marks, close: Callable[[Link, str], None]) -> None:
        self._log = log
        self._marks = marks
        self._close = close
        self._crowded: set[Link] = set()
        self.crowded = False

    @property
    def paused(self) -> int:
        """Links that are not read at the moment because the log is behind."""
        return len(self._crowded)

    def check(self, link: Link) -> None:
        """After a link delivered: pause it while the log's backlog is above the high-water mark."""
        if self.crowded or self._log.backlog > self._marks.high:
            self.crowded = True
            self._pause(link)
            self._crowded.add(link)

    def relieve(self) -> None:
        """After a group became durable: resume everybody once the backlog is under the low-water mark."""
        if not self.crowded or self._log.backlog > self._marks.low:
            return
        self.crowded = False
        crowded, self._crowded = self._crowded, set()
        for link in crowded:
            if not link.blocked or not link.paused:
                self._resume(link)

    def blocked(self, link: Link) -> None:
        """The socket takes no more replies."""
        link.blocked = True
        link.blocked_ms = time.monotonic_ns() // 1_000_000

    def waiting(self, link: Link) -> None:
        """After a write to a blocked link: pause or close it when too much waits."""
        if link.transport is None or link.closing:
            return
        size = link.transport.get_write_buffer_size()
        if size > self._marks.reply_limit:
            self._close(link, "replies_unread")
        elif size > self._marks.reply_pause:
            self._pause(link)

    def drained(self, link: Link) -> None:
        """The socket took everything."""
        link.blocked = False
        if link not in self._crowded:
            self._resume(link)

    def forget(self, link: Link) -> None:
        """The link is gone."""
        self._crowded.discard(link)

    def _pause(self, link: Link) -> None:
        if not link.paused and link.transport is not None and not link.closing:
            link.paused = True
            link.transport.pause_reading()

    def _resume(self, link: Link) -> None:
        if link.paused and link.transport is not None and not link.closing:
            link.paused = False
            link.transport.resume_reading()
