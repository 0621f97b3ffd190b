"""One stream, four ways in: decoded at once, decoded once a loop turn, read by the protocol door, read by the drain door."""

from __future__ import annotations

import asyncio
import random
import selectors
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.gateway.worker import Place, Worker
from ingest.log.reader import SpoolReader
from ingest.settings import GatewaySettings, LogSettings
from tests.ingest.gateway.conftest import RunningGateway
from tests.ingest.gateway.recordings import SECRET, Answers, Logged, Recording, answers, cut, logged, record

TERMINALS = 12
CUTS = {"byte by byte": 1, "small": 40, "large": 3_000}

Made = tuple[dict[int, Answers], Logged]
"""Answers by terminal, and what stands in the log."""


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    return [record(number, seed=5) for number in range(TERMINALS)]


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secrets") / "key"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    return path


class Paper(asyncio.Transport):
    """A transport that keeps what is written; its socket is a real one that nobody reads."""

    def __init__(self, opened: socket.socket) -> None:
        super().__init__({"socket": opened, "peername": ("127.0.0.1", 1)})
        self.written = bytearray()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Paper takes everything."""

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def abort(self) -> None:
        raise AssertionError("the gateway closed a link")


def without_sockets(recordings: list[Recording], pieces: list[tuple[int, bytes]], folder: Path, secret: Path, turn: int) -> Made:
    """Feed the arena itself: every piece at once (turn 0), or about `turn` pieces a turn of the loop."""
    rng = random.Random(turn)
    log_settings = LogSettings(path=folder / "spool", segment_mib=8, min_free_gib=0.01)
    settings = replace(GatewaySettings(door="protocol"), secret_file=secret, roster_file=folder / "roster.json")

    async def run() -> dict[int, Answers]:
        worker = Worker(settings, log_settings, Place(0, 1, folder))
        arena, loop = worker.arena, asyncio.get_running_loop()
        arena.loop = loop
        worker.log.open()
        worker.log.start(loop, worker._durable, worker._dead)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ends = [socket.create_connection(listener.getsockname()) for _ in recordings]
        papers = [Paper(end) for end in ends]
        links = [worker.accept(paper) for paper in papers]
        for number, piece in pieces:
            link = links[number]
            assert link is not None
            link.fd = -1
            arena.tick_mode = turn > 0
            arena.slice(link)[: len(piece)] = piece
            arena.arrived(link, len(piece))
            if rng.random() * max(turn, 20) < 1:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        await worker.log.aclose()
        for end in ends:
            end.close()
        return {number: answers(bytes(paper.written)) for number, paper in enumerate(papers)}

    folder.mkdir()
    said = asyncio.run(run())
    return said, logged(SpoolReader(log_settings.path, "test", log_settings).read({}, 1_000_000, 50))


@contextmanager
def connected(gateway: RunningGateway, count: int) -> Iterator[list[socket.socket]]:
    opened = [socket.create_connection(gateway.address) for _ in range(count)]
    for end in opened:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    yield opened
    for end in opened:
        end.close()


def over_sockets(door: str, pieces: list[tuple[int, bytes]], expected: dict[int, Answers], folder: Path, secret: Path) -> Made:
    """Send the pieces over TCP; hear until as many answers came as expected, and a little longer."""
    gateway = RunningGateway(folder, door, secret_file=secret)
    heard: dict[int, bytearray] = defaultdict(bytearray)
    selector = selectors.DefaultSelector()

    def hear(wait_s: float) -> bool:
        ready = selector.select(wait_s)
        for key, _ in ready:
            data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
            assert data, "the gateway closed a link"
            heard[key.data] += data
        return bool(ready)

    try:
        with connected(gateway, len(expected)) as ends:
            for number, end in enumerate(ends):
                selector.register(end, selectors.EVENT_READ, number)
            for number, piece in pieces:
                ends[number].sendall(piece)
                hear(0)
            wanted = sum(said.total() for said in expected.values())
            deadline_s = time.monotonic() + 20
            while sum(answers(bytes(data)).total() for data in heard.values()) < wanted and time.monotonic() < deadline_s:
                hear(0.05)
            while hear(0.2):
                pass
            found = logged(gateway.records())
    finally:
        selector.close()
        gateway.stop()
    return {number: answers(bytes(heard[number])) for number in expected}, found


def differences(one: Made, other: Made) -> list[Any]:
    """What one way made and the other did not, both ways round."""
    odd: list[Any] = [(number, one[0][number] - other[0][number], other[0][number] - one[0][number]) for number in one[0]]
    return [row for row in odd if row[1] or row[2]] + [*(one[1] - other[1]).items()][:5] + [*(other[1] - one[1]).items()][:5]


@pytest.fixture(scope="module")
def whole(recordings: list[Recording], secret: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The measure: each stream in pieces of 8 KiB, one after the other."""
    pieces = [(number, r.stream[at : at + 8_192]) for number, r in enumerate(recordings) for at in range(0, len(r.stream), 8_192)]
    return without_sockets(recordings, pieces, tmp_path_factory.mktemp("whole") / "gateway", secret, 0)


def test_the_measure_says_what_the_streams_hold(whole: Made) -> None:
    said, log = whole
    results = {row[3] for answered in said.values() for row in answered if row[0] == "reply"}
    assert results == {0, 2, 3}
    assert all(answered.total() > 30 for answered in said.values())
    assert {kind for kind, _, _ in log} == {0, 1, 2}
    assert sum(count for (kind, _, _), count in log.items() if kind == 0) > 300


@pytest.mark.parametrize("most", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("turn", [0, 3, 200], ids=["at once", "small turns", "large turns"])
def test_cutting_and_collecting_change_nothing(
    recordings: list[Recording], whole: Made, secret: Path, tmp_path: Path, most: int, turn: int
) -> None:
    assert differences(whole, without_sockets(recordings, cut(recordings, most, most), tmp_path / "gateway", secret, turn)) == []


@pytest.mark.parametrize("most", CUTS.values(), ids=CUTS)
def test_the_doors_make_the_same_of_it(
    recordings: list[Recording], whole: Made, secret: Path, tmp_path: Path, door: str, most: int
) -> None:
    made = over_sockets(door, cut(recordings, most + 1, most), whole[0], tmp_path / "gateway", secret)
    assert differences(whole, made) == []
