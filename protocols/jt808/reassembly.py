"""Messages in packets (分包), put together again.

An assembly is known by (message id, total, serial of its first packet); packets lie in it by index, so repeats change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protocols.anomaly import Code
from protocols.jt808.header import Header
from protocols.jt808.limits import Limits

MEDIA_DATA = 0x0801
_MEDIA_NAME, _MEDIA_HEAD = 8, 36
Key = tuple[int, int, int]
_REMEMBERED = 8


def joined(message_id: int, packets: list[bytes]) -> bytes:
    """Body of packets that are all there, in order, without their packet items.

    Some makers repeat the 36 bytes before multimedia data in every packet (SmallChi/JT808#51): they are taken off where the
    first 8 are those of packet 1.
    """
    if message_id == MEDIA_DATA and len(packets[0]) >= _MEDIA_HEAD:
        name = packets[0][:_MEDIA_NAME]
        later = [part[_MEDIA_HEAD:] if part.startswith(name) and len(part) >= _MEDIA_HEAD else part for part in packets[1:]]
        return b"".join((packets[0], *later))
    return b"".join(packets)


class Budget:
    """Bytes that all links of a process may hold in assemblies."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int = 256 << 20) -> None:
        self.limit = limit
        self.used = 0


class Assembly:
    """One message as its packets come."""

    __slots__ = ("ask_ms", "asked", "bytes", "end_ms", "header", "key", "parts", "wait_ms")

    def __init__(self, key: Key, header: Header) -> None:
        self.key = key
        self.header = header
        self.parts: dict[int, bytes] = {}
        self.bytes = 0
        self.asked = 0
        self.wait_ms = self.ask_ms = self.end_ms = 0

    @property
    def missing(self) -> tuple[int, ...]:
        """Indices that have not come, rising."""
        return tuple(index for index in range(1, self.key[1] + 1) if index not in self.parts)

    def body(self) -> bytes:
        """All packets joined; each without its packet item."""
        return joined(self.key[0], [self.parts[index] for index in range(1, self.key[1] + 1)])


@dataclass(frozen=True, slots=True)
class Added:
    """What a packet did.

    Attributes:
        whole: the message that it completes.
        code: what was odd.
        evicted: what had to go for it.
        first_serial: of the message that it belongs to, where its own serial does not tell; None where it does.
        media_id: of the multimedia data, taken already, that it repeats a packet of; None for any other packet.
    """

    whole: Assembly | None = None
    code: Code | None = None
    evicted: tuple[Assembly, ...] = ()
    first_serial: int | None = None
    media_id: int | None = None


class Reassembly:
    """Assemblies of one link, oldest first."""

    __slots__ = ("_budget", "_finished", "_limits", "_open", "_taken")

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self._limits = limits
        self._budget = budget
        self._open: dict[Key, Assembly] = {}
        self._finished: dict[Key, int] = {}
        self._taken: dict[Key, int] = {}

    def add(self, header: Header, body: bytes, now_ms: int) -> Added:
        """Take one packet whose index lies in 1 to total."""
        total, index = header.package_total or 0, header.package_index or 0
        key = (header.message_id, total, (header.serial - (index - 1)) % 65_536)
        if total > self._limits.packets:
            return Added(code=Code.ASSEMBLY_OVERFLOW)
        if self._finished.get(key, now_ms) > now_ms:
            return Added(code=Code.DUPLICATE_PACKET, media_id=self._taken.get(key))
        code = None
        assembly = self._open.get(key)
        if assembly is None:
            assembly = self._renumbered(key, index)
            code = Code.RESENT_SERIAL if assembly is not None else None
        if assembly is not None and index in assembly.parts:
            same = assembly.parts[index] == body
            return Added(code=Code.DUPLICATE_PACKET if same else Code.INDEX_CONFLICT)
        held = 0 if assembly is None else assembly.bytes
        if held + len(body) > self._limits.assembly_bytes:
            return Added(code=Code.ASSEMBLY_OVERFLOW)
        evicted = self._room(len(body), assembly)
        if self._budget.used + len(body) > self._budget.limit:
            return Added(code=Code.ASSEMBLY_OVERFLOW, evicted=evicted)
        if assembly is None:
            assembly = self._open[key] = Assembly(key, header)
        self._put(assembly, index, body, now_ms)
        first = None if code is None else assembly.key[2]
        if len(assembly.parts) < total:
            return Added(None, code, evicted, first)
        self._remember(assembly.key, now_ms)
        return Added(self._end(assembly), code, evicted, first)

    def _renumbered(self, key: Key, index: int) -> Assembly | None:
        """The one open assembly of this id and total that lacks the index: some terminals renumber repeats."""
        found = [held for held in self._open.values() if held.key[:2] == key[:2] and index not in held.parts]
        return found[0] if len(found) == 1 else None

    def _room(self, size: int, keep: Assembly | None) -> tuple[Assembly, ...]:
        """End the oldest assemblies until a packet of `size` bytes fits the link."""
        evicted: list[Assembly] = []
        new = 1 if keep is None else 0
        while True:
            others = [held for held in self._open.values() if held is not keep]
            held_bytes = sum(held.bytes for held in self._open.values())
            if not others or (len(self._open) + new <= self._limits.assemblies and held_bytes + size <= self._limits.assembly_bytes):
                return tuple(evicted)
            evicted.append(self._end(others[0]))

    def _put(self, assembly: Assembly, index: int, body: bytes, now_ms: int) -> None:
        assembly.parts[index] = body
        assembly.bytes += len(body)
        self._budget.used += len(body)
        assembly.asked = 0
        assembly.wait_ms = self._limits.gap_ms
        assembly.ask_ms = now_ms + self._limits.gap_ms
        assembly.end_ms = now_ms + self._limits.end_ms

    def _end(self, assembly: Assembly) -> Assembly:
        del self._open[assembly.key]
        self._budget.used -= assembly.bytes
        return assembly

    def _remember(self, key: Key, now_ms: int) -> None:
        """Know a finished message for a while, so that a late repeat does not begin it anew."""
        self._finished[key] = now_ms + self._limits.end_ms
        self._taken.pop(key, None)
        if len(self._finished) > _REMEMBERED:
            oldest = next(iter(self._finished))
            del self._finished[oldest]
            self._taken.pop(oldest, None)

    def taken(self, whole: Assembly, message: Any) -> None:
        """The message is sound. Where it is multimedia data a repeat of one of its packets says that 0x8800 was lost."""
        if whole.key[0] == MEDIA_DATA:
            self._taken[whole.key] = message.media_id

    def due(self, now_ms: int) -> tuple[list[Assembly], list[Assembly]]:
        """(assemblies to ask packets for, assemblies given up)."""
        ended = [self._end(held) for held in list(self._open.values()) if held.end_ms <= now_ms]
        asking = [held for held in self._open.values() if held.asked < self._limits.requests and held.ask_ms <= now_ms]
        for held in asking:
            held.asked += 1
            held.wait_ms *= 2
            held.ask_ms = now_ms + held.wait_ms
        return asking, ended

    def next_timer(self) -> int | None:
        """When `due` has something next; None when nothing is open."""
        times = [held.end_ms if held.asked >= self._limits.requests else min(held.ask_ms, held.end_ms) for held in self._open.values()]
        return min(times, default=None)

    def clear(self) -> list[Assembly]:
        """Give up everything that is open."""
        return [self._end(held) for held in list(self._open.values())]
