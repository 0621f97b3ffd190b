"""Link slots: what the kernels need to know of a link, and the Python object beside it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from protocols.jt808.framing import Splitter
from protocols.jt808.profile import STANDARD, Profile

if TYPE_CHECKING:
    from ingest.gateway.sessions import Session

SLOT = np.dtype(
    [
        ("id_lo", "<u8"),
        ("link", "<u8"),
        ("heard_ms", "<i8"),
        ("opened_ms", "<i8"),
        ("junk", "<i8"),
        ("id_hi", "<u2"),
        ("state", "u1"),
        ("synced", "u1"),
        ("profile", "u1"),
        ("form", "u1"),
        ("spare", "<u2"),
    ]
)
"""One row a link. id_hi, id_lo: bound terminal id as packed BCD; link: identity written into log records;
heard_ms, opened_ms: monotonic ms of the last valid frame and of the accept; junk: bytes of junk in the running
window; state one of `FREE` to `AUTHENTICATED`; synced 1 once a delimiter was seen; profile: number of the terminal's profile, for log
records; form: `UNTOLD` before the first byte, then `COMPILED` or, where frames do not stand between 0x7e, `DECLARATIVE`."""

UNTOLD, COMPILED, DECLARATIVE = 0, 1, 2
FREE, CONNECTED, REGISTERED, AUTHENTICATED = 0, 1, 2, 3


class Link:
    """One terminal's socket. The kernels see its row of `SLOT`; everything else lives here."""

    __slots__ = (
        "blocked",
        "blocked_ms",
        "closing",
        "connection",
        "door",
        "dropped",
        "fd",
        "left",
        "paused",
        "peer",
        "pending",
        "profile",
        "record_door",
        "sessions",
        "slot",
        "splitter",
        "terminal",
        "transport",
        "wrong_codes",
    )  # fmt: skip

    def __init__(self, slot: int, peer: str, profile: Profile = STANDARD) -> None:
        self.slot = slot
        self.peer = peer
        self.left: bytes | memoryview = b""
        self.pending = False
        self.sessions: dict[str, Session] | None = None
        self.terminal = ""
        self.transport: asyncio.Transport | None = None
        self.fd = -1
        self.blocked = False
        self.blocked_ms = 0
        self.paused = False
        self.closing = ""
        self.wrong_codes = 0
        self.door = 1
        self.profile = profile
        self.splitter: Splitter | None = None
        self.record_door = 1


class Links:
    """All links of one worker.

    Args:
        capacity: most links at a time.
        gateway, worker: numbers that go into the link identity of log records.
    """

    def __init__(self, capacity: int, gateway: int = 1, worker: int = 0) -> None:
        self.slots = np.zeros(capacity, SLOT)
        self.serials = np.zeros(capacity, np.uint16)
        self.by_slot: list[Link | None] = [None] * capacity
        self._free = list(range(capacity - 1, -1, -1))
        self._prefix = (gateway & 0xFFFF) << 48 | (worker & 0xFFFF) << 32
        self._counter = 0

    def __len__(self) -> int:
        return len(self.by_slot) - len(self._free)

    def open(self, peer: str, now_ms: int, profile: Profile = STANDARD) -> Link | None:
        """A new link, in the profile of its listener; None when every slot is taken."""
        if not self._free:
            return None
        slot = self._free.pop()
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        row = self.slots[slot]
        row["id_lo"] = row["id_hi"] = row["junk"] = row["synced"] = row["form"] = 0
        row["profile"] = profile.number
        row["heard_ms"] = row["opened_ms"] = now_ms
        row["link"] = self._prefix | self._counter
        row["state"] = CONNECTED
        self.serials[slot] = 0
        link = Link(slot, peer, profile)
        self.by_slot[slot] = link
        return link

    def release(self, link: Link) -> None:
        """Give the slot back; the link object stays valid for replies that still name it."""
        if self.by_slot[link.slot] is link:
            self.by_slot[link.slot] = None
            self.slots[link.slot]["state"] = FREE
            self._free.append(link.slot)

    def identity(self, link: Link) -> int:
        """The u64 that names the link in log records."""
        return int(self.slots[link.slot]["link"])

    def count(self, state: int) -> int:
        """Links in a state."""
        return int((self.slots["state"] == state).sum())

    def live(self) -> list[Link]:
        """Every open link."""
        return [link for link in self.by_slot if link is not None]
