"""Group commit: leading edge, interval, two buffers."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from ingest.log.committer import Committer


@dataclass
class Disk:
    """Takes groups; holds each until `gate` is open."""

    written: list[bytes] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)

    def store(self, records: memoryview) -> None:
        self.gate.wait(10)
        self.threads.add(threading.get_ident())
        self.written.append(bytes(records))


def put(committer: Committer, content: bytes) -> int:
    """One turn: write into the filling group and close the turn; the number of the group."""
    group = committer.filling
    group.buffer[group.used : group.used + len(content)] = list(content)
    committer.close_turn(group.used + len(content))
    return group.number


def run(scenario, interval_s: float = 0.0) -> Disk:
    """Run a scenario with a committer; everything is drained at the end."""
    disk = Disk()

    async def main() -> None:
        committer = Committer(disk.store, interval_s, base=100, capacity=64)
        durable: list[int] = []
        committer.start(asyncio.get_running_loop(), durable.append, lambda error: None)
        await scenario(committer, disk, durable)
        disk.gate.set()
        await committer.drain()
        committer.stop()

    asyncio.run(main())
    return disk


async def _until(met) -> None:
    async with asyncio.timeout(10):
        while not met():  # noqa: ASYNC110 - the committer's thread is what is watched
            await asyncio.sleep(0.001)


def test_one_group_fills_while_the_other_is_written():
    async def scenario(committer, disk, durable):
        assert put(committer, b"a") == 0
        assert put(committer, b"b") == 0
        await _until(lambda: committer.filling.number == 1)
        assert committer.filling.base == 102
        assert put(committer, b"c") == 1
        await asyncio.sleep(0.02)
        assert put(committer, b"dd") == 1
        assert (committer.backlog, durable) == (5, [])
        disk.gate.set()
        await _until(lambda: durable == [0, 1])
        assert (committer.backlog, committer.appended_bytes, committer.filling.base) == (0, 5, 105)

    disk = run(scenario)
    assert disk.written == [b"ab", b"cdd"]
    assert len(disk.threads) == 1


def test_the_group_stays_the_same_until_the_callback_ends():
    async def scenario(committer, disk, durable):
        disk.gate.set()
        for n in range(5):
            assert put(committer, b"%d" % n) == 0
        await _until(lambda: durable == [0])

    assert run(scenario).written == [b"01234"]


def test_first_turn_after_a_quiet_spell_is_committed_at_once_and_the_next_waits_for_the_interval():
    async def scenario(committer, disk, durable):
        disk.gate.set()
        loop = asyncio.get_running_loop()
        start = loop.time()
        put(committer, b"a")
        await _until(lambda: durable == [0])
        put(committer, b"b")
        put(committer, b"c")
        await asyncio.sleep(0.01)
        assert durable == [0]
        await _until(lambda: durable == [0, 1])
        assert loop.time() - start >= 0.3

    assert run(scenario, interval_s=0.3).written == [b"a", b"bc"]


def test_draining_does_not_wait_for_the_interval():
    async def scenario(committer, disk, durable):
        disk.gate.set()
        put(committer, b"a")
        await _until(lambda: durable == [0])
        put(committer, b"b")

    assert run(scenario, interval_s=3_600).written == [b"a", b"b"]


def test_an_error_that_is_not_of_the_disk_is_final_too(monkeypatch):
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)

    def broken(records: memoryview) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        dead: list[BaseException] = []
        durable: list[int] = []
        committer = Committer(broken, 0, base=0, capacity=64)
        committer.start(asyncio.get_running_loop(), durable.append, dead.append)
        put(committer, b"a")
        await _until(lambda: dead)
        put(committer, b"b")
        await committer.drain()
        committer.stop()
        assert durable == []
        assert "unexpectedly" in str(dead[0])

    asyncio.run(main())
    assert len(seen) == 1
