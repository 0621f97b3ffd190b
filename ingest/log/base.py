"""The LOG port: what the doors write to and the pipeline reads from, whatever stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


@dataclass(slots=True)
class Group:
    """Records that become durable together.

    buffer: (capacity,) uint8, written by the kernel and reused; used: bytes filled; number: rises by one a group;
    base: offset in the log where buffer[0] will stand.
    """

    buffer: Bytes
    number: int = 0
    used: int = 0
    base: int = 0


@dataclass(frozen=True, slots=True)
class Records:
    """Records in the order of their arrival. All columns are contiguous and of length n.

    buffer: uint8; start, end: int64, payload i is buffer[start[i]:end[i]]; received_us: int64, epoch µs UTC; link: uint64;
    kind, door, profile, reason: uint8; log: int32, row of `logs`; position: int64, offset of the record in its log;
    next: log id to the offset behind these records, for every log that was asked for or has moved.
    """

    buffer: Bytes
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    received_us: npt.NDArray[np.int64]
    link: npt.NDArray[np.uint64]
    kind: npt.NDArray[np.uint8]
    door: npt.NDArray[np.uint8]
    profile: npt.NDArray[np.uint8]
    reason: npt.NDArray[np.uint8]
    log: npt.NDArray[np.int32]
    position: npt.NDArray[np.int64]
    logs: tuple[str, ...]
    next: dict[str, int]

    def __len__(self) -> int:
        return len(self.start)

    def payload(self, row: int) -> bytes:
        """Payload of one record."""
        return self.buffer[self.start[row] : self.end[row]].tobytes()


class LogWriter(Protocol):
    """Writing side. All calls come from the thread of one event loop."""

    @property
    def backlog(self) -> int:
        """Bytes appended, not yet durable."""

    @property
    def taking(self) -> bool:
        """False while records are refused: quota, free space, damage, or the log is dead."""

    def group(self) -> Group:
        """The group now filling. Valid until the next `close_turn` or `append`."""

    def room(self) -> int:
        """Free bytes of the group now filling."""

    def since_durable(self) -> int:
        """Distance from the durable mark to the group's next byte, saturating at 2**32 - 1."""

    def close_turn(self, used: int) -> None:
        """The group now filling holds `used` bytes; they will be committed."""

    def append(self, kind: int, door: int, link: int, payload: bytes, *, received_us: int, profile: int = 0, reason: int = 0) -> int | None:
        """Append one record; the number of its group, None when it was not taken."""

    async def aclose(self) -> None:
        """Make everything durable and close."""


class LogReader(Protocol):
    """Reading side. Blocking calls, one thread."""

    def logs(self) -> list[str]:
        """Ids of the logs known by now; the list only grows."""

    def read(self, after: dict[str, int], limit_rows: int, limit_ms: int) -> Records:
        """Records behind the offsets, oldest first; fewer than the limit, or none, after limit_ms."""

    def commit(self, offsets: dict[str, int]) -> None:
        """Note what is safely stored; trimming never passes it."""

    def trim(self) -> int:
        """Delete what every reader has stored and nobody keeps; returns the bytes freed."""
