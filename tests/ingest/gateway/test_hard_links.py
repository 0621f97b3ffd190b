"""Links that behave badly, and a log that is slow: slow readers, descriptors used again, back-pressure. Both doors."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from ingest.gateway.links import Link
from ingest.log.files import OsFiles
from protocols.jt808.codec import examine
from protocols.jt808.framing import Splitter
from protocols.jt808.messages.session import Heartbeat, PlatformReply
from protocols.jt808.profile import STANDARD, Profile
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient, location

Start = Callable[..., RunningGateway]
SMALL_MARKS = {"high_water_mib": 0.1, "low_water_mib": 0.02}
"""Little is read ahead of the log, so that a slow disk does not hide what a test waits for."""


def until(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


class DeafTerminal(TerminalClient):
    """A terminal whose socket takes few bytes, so that the gateway's writes come up short."""

    def __init__(self, address: tuple[str, int], terminal_id: str = "013800000007") -> None:
        super().__init__(address, terminal_id)
        self.socket.close()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(address)

    def flood(self, frames: int, patience_s: float = 1.0) -> None:
        """Send reports without reading an answer, until all are out or nothing is taken for a while; `rest` is what was not taken."""
        self.socket.settimeout(patience_s)
        self.rest = b"".join(self.frame(location(n % 1_000)) for n in range(frames))
        with suppress(TimeoutError):
            while self.rest:
                self.rest = self.rest[self.socket.send(self.rest[:4_096]) :]


def link_of(gateway: RunningGateway, terminal: TerminalClient) -> Link:
    key = terminal.terminal_id.lstrip("0")
    return next(link for link in gateway.worker.links.by_slot if link is not None and link.terminal == key and not link.closing)


def serials(data: bytes) -> list[int]:
    """Serial numbers that a stream of 0x8001 acknowledges with result 0."""
    messages = [examine(run).message for run in Splitter().feed(data)]
    assert all(isinstance(message, PlatformReply) and message.result == 0 for message in messages)
    return [message.reply_serial for message in messages]


def shrink(gateway: RunningGateway) -> RunningGateway:
    """The gateway's side of every new link takes few bytes too."""
    accept = gateway.worker.accept

    def shrunk(transport: asyncio.Transport, profile: Profile = STANDARD) -> Link | None:
        opened = transport.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        return accept(transport, profile)

    gateway.worker.accept = shrunk  # type: ignore[method-assign]
    return gateway


@pytest.mark.parametrize("loop", ["asyncio", "auto"])
def test_short_writes_lose_and_mix_nothing_once_the_terminal_reads(start_gateway: Start, loop: str) -> None:
    gateway = shrink(start_gateway(reply_limit=1 << 20, loop=loop, log=SMALL_MARKS))
    deaf, other = DeafTerminal(gateway.address), TerminalClient(gateway.address)
    deaf.log_in()
    other.log_in()
    first = deaf.serial + 1
    deaf.flood(8_000)
    assert deaf.rest, "the gateway reads on though nobody takes its answers"
    until(lambda: link_of(gateway, deaf).paused)
    until(lambda: link_of(gateway, deaf).blocked)
    other.say(location(1))
    assert other.hear().result == 0, "another terminal is unhurt"

    deaf.socket.settimeout(20)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sender = threading.Thread(target=deaf.socket.sendall, args=(deaf.rest,))
    sender.start()
    heard, wanted = b"", deaf.serial - first + 1
    while heard.count(b"\x7e") < 2 * wanted:
        data = deaf.socket.recv(65_536)
        assert data
        heard += data
    sender.join()
    assert sorted(serials(heard)) == list(range(first, deaf.serial + 1))
    assert not link_of(gateway, deaf).paused and not link_of(gateway, deaf).blocked
    for terminal in (deaf, other):
        terminal.close()


@pytest.mark.parametrize("small", [False, True], ids=["too much waits", "no progress"])
def test_a_terminal_that_never_reads_is_closed_and_the_others_are_unhurt(start_gateway: Start, small: bool) -> None:
    gateway = start_gateway(reply_stall_s=1)
    if small:
        shrink(gateway)
    deaf, other = DeafTerminal(gateway.address), TerminalClient(gateway.address)
    deaf.log_in()
    other.log_in()
    stream = b"".join(deaf.frame(location(n)) for n in range(1_000))
    ended = threading.Event()

    def flood() -> None:
        deaf.socket.settimeout(20)
        with suppress(OSError):
            while True:
                deaf.socket.sendall(stream)
        ended.set()

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    answered, deadline_s = 0, time.monotonic() + 20
    while not ended.is_set() and time.monotonic() < deadline_s:
        other.say(location(answered))
        assert other.hear().result == 0
        answered += 1
        time.sleep(0.01)
    assert ended.is_set() and answered > 0
    until(lambda: gateway.counted("links_closed", "replies_unread") == 1)
    until(lambda: len(gateway.worker.links) == 1)
    for terminal in (deaf, other):
        terminal.close()


def test_a_terminal_that_resets_while_it_is_not_read_is_let_go(start_gateway: Start) -> None:
    gateway = shrink(start_gateway(reply_limit=1 << 20, log=SMALL_MARKS))
    deaf, other = DeafTerminal(gateway.address), TerminalClient(gateway.address)
    deaf.log_in()
    other.log_in()
    deaf.flood(8_000)
    until(lambda: link_of(gateway, deaf).paused)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deaf.close()
    until(lambda: len(gateway.worker.links) == 1)
    other.say(location(1))
    assert other.hear().result == 0
    other.close()


def test_no_acknowledgement_reaches_a_later_link_on_the_same_descriptor(start_gateway: Start) -> None:
    gateway = start_gateway(log={"commit_interval_ms": 40})
    code = {}
    for key in ("013800000001", "013800000002"):
        terminal = TerminalClient(gateway.address, key)
        code[key] = terminal.log_in()
        terminal.close()
    later: list[TerminalClient] = []
    descriptors = []
    for turn in range(150):
        hasty = TerminalClient(gateway.address)
        assert hasty.authenticate(code[hasty.terminal_id]).result == 0
        descriptors.append(link_of(gateway, hasty).fd)
        hasty.send(b"".join(hasty.frame(location(turn * 3 + n)) for n in range(3)))
        if turn % 2:
            hasty.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        hasty.close()
        patient = TerminalClient(gateway.address, "013800000002")
        patient.serial = 30_000 + turn
        patient.say(Heartbeat())
        later.append(patient)
        if len(later) > 12:
            assert heard_only(later.pop(0))
    for patient in later:
        assert heard_only(patient)
    assert len(set(descriptors)) < len(descriptors), "no descriptor was used twice: the test shows nothing"


def heard_only(patient: TerminalClient) -> bool:
    """True when a terminal that sent one heartbeat heard the answer to it, and nothing else until it closed."""
    first = patient.hear()
    rest = b""
    patient.socket.setblocking(False)
    with suppress(BlockingIOError):
        rest = patient.socket.recv(65_536)
    patient.close()
    return isinstance(first, PlatformReply) and first.reply_serial == patient.serial and not rest


class GatedFiles(OsFiles):
    """Real files whose fdatasync waits while the gate is closed."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def sync(self, fd: int) -> None:
        assert self.gate.wait(30)
        super().sync(fd)


@pytest.fixture
def gated(start_gateway: Start) -> Iterator[tuple[RunningGateway, GatedFiles]]:
    files = GatedFiles()
    yield start_gateway(files=files, log={"high_water_mib": 0.25, "low_water_mib": 0.05}), files
    files.gate.set()


def test_links_that_deliver_are_paused_at_the_high_mark_and_resumed_below_the_low_one(gated: tuple[RunningGateway, GatedFiles]) -> None:
    gateway, files = gated
    busy = [TerminalClient(gateway.address, f"0138000000{number:02}") for number in range(4)]
    quiet = TerminalClient(gateway.address, "013800000099")
    for terminal in (*busy, quiet):
        terminal.log_in()
    files.gate.clear()
    frames = 8_000
    streams = [b"".join(terminal.frame(location(n)) for n in range(frames)) for terminal in busy]
    senders = [threading.Thread(target=terminal.socket.sendall, args=(stream,)) for terminal, stream in zip(busy, streams, strict=True)]
    for terminal in busy:
        terminal.socket.settimeout(30)
    for sender in senders:
        sender.start()
    until(lambda: gateway.worker.flow.paused == len(busy))
    time.sleep(0.2)
    backlog = gateway.worker.log.backlog
    assert 256 << 10 < backlog < (256 << 10) + (1 << 20), "more than one turn beyond the mark"
    quiet.say(Heartbeat())
    assert quiet.hear().result == 0, "what promises no storage is answered"
    time.sleep(0.2)
    assert gateway.worker.log.backlog == backlog, "a paused link is read"

    files.gate.set()
    for terminal in busy:
        heard = b""
        while heard.count(b"\x7e") < 2 * frames:
            data = terminal.socket.recv(1 << 20)
            assert data
            heard += data
        assert sorted(serials(heard)) == list(range(3, frames + 3))
    for sender in senders:
        sender.join()
    until(lambda: gateway.worker.flow.paused == 0)
    assert not any(link.paused for link in gateway.worker.links.live())
    for terminal in (*busy, quiet):
        terminal.close()


def test_a_terminal_that_resets_while_the_log_is_behind_is_let_go(gated: tuple[RunningGateway, GatedFiles]) -> None:
    gateway, files = gated
    hasty, other = TerminalClient(gateway.address), TerminalClient(gateway.address, "013800000002")
    hasty.log_in()
    other.log_in()
    files.gate.clear()
    hasty.send(b"".join(hasty.frame(location(n)) for n in range(4_000)))
    until(lambda: gateway.worker.flow.paused == 1)
    hasty.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    hasty.close()
    time.sleep(0.3)
    files.gate.set()
    until(lambda: len(gateway.worker.links) == 1)
    other.say(location(1))
    assert other.hear().result == 0
    other.close()
