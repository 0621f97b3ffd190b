"""`cuntong gateway --workers 2` as the program runs it: a parent, two workers behind one port, one pipeline behind their logs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingest.log.base import Records
from ingest.log.reader import SpoolReader
from protocols.jt808.codec import examine
from tests.ingest.gateway.conftest import TIME_MS, TerminalClient, location
from tests.ingest.spooled import drain, pipeline, rows


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], bool], limit_s: float = 60.0) -> None:
    """Wait for it."""
    deadline_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


class Gateway:
    """The child process, and what it says of itself."""

    def __init__(self, folder: Path, workers: int = 2, door: str = "auto", settings: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.address = ("127.0.0.1", free_port())
        self.metrics = f"127.0.0.1:{free_port()}"
        words = ["--data", folder, "--listen", f"127.0.0.1:{self.address[1]}", "--workers", workers, "--metrics", self.metrics]
        words += ["--door", door]
        environment = {**os.environ, "CUNTONG_LOG_MIN_FREE_GIB": "0.01", "CUNTONG_LOG_SEGMENT_MIB": "8", **(settings or {})}
        environment.pop("CUNTONG_DATABASE_URL", None)
        self.output = folder.parent / f"{folder.name}.log"
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runtime.cli", "gateway", *map(str, words)], env=environment, stdout=output, stderr=output
            )

    def get(self, path: str) -> tuple[int, str]:
        """Status and text; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.metrics}/{path}", timeout=2) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        return self.get("readyz")[0] == 200

    def sample(self, name: str, **labels: str) -> float:
        text = self.get("metrics")[1]
        found = [s for family in text_string_to_metric_families(text) for s in family.samples if s.name == name and s.labels == labels]
        return sum(sample.value for sample in found)

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if any("spawn_main" in word for word in child.cmdline())]

    def records(self) -> Records:
        return SpoolReader(self.folder / "spool", "test").read({}, 1_000_000, 50)

    def fixes(self) -> set[tuple[str, int]]:
        """(terminal, time) of every 0x0200 in the logs."""
        records = self.records()
        seen = [examine(records.payload(row)) for row in range(len(records)) if records.kind[row] == 0]
        return {
            (one.header.terminal_id.lstrip("0"), one.message.time_ms)
            for one in seen
            if one.header is not None and one.header.message_id == 0x0200
        }

    def end(self, which: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(which)
        return self.process.wait(40)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    running: list[Gateway] = []

    def one(folder: str = "data", workers: int = 2) -> Gateway:
        running.append(Gateway(tmp_path / folder, workers))
        until(running[-1].ready, 120)
        return running[-1]

    yield one
    for gateway in running:
        if gateway.process.poll() is None:
            gateway.end()


def worker_of(gateway: Gateway) -> dict[str, int]:
    """Worker that appended each terminal's last frame."""
    records = gateway.records()
    found = {}
    for row in range(len(records)):
        header = examine(records.payload(row)).header if records.kind[row] == 0 else None
        if header is not None:
            found[header.terminal_id.lstrip("0")] = int(records.link[row]) >> 32 & 0xFFFF
    return found


def report(terminal: TerminalClient, second: int) -> tuple[str, int]:
    """Send one fix and hear its acknowledgement; (terminal, time)."""
    terminal.say(location(second))
    assert terminal.hear(10.0).result == 0
    return terminal.terminal_id.lstrip("0"), TIME_MS + second * 1_000


def test_terminals_spread_counters_add_up_and_a_killed_worker_comes_back_with_its_log(start: Callable[..., Gateway], dsn: str) -> None:
    gateway = start()
    terminals = {number: TerminalClient(gateway.address, f"0138000000{number:02}") for number in range(16)}
    codes = {}
    for number, terminal in terminals.items():
        codes[number] = terminal.register(f"贵A{number:05}").auth_code
        assert terminal.authenticate(codes[number] or "").result == 0
    acknowledged = {report(terminal, second) for terminal in terminals.values() for second in range(3)}
    spread = worker_of(gateway)
    assert set(spread.values()) == {0, 1}
    until(lambda: gateway.sample("ingest_frames_total", result="accepted") == 48, 5)
    until(lambda: gateway.sample("ingest_links", state="authenticated") == 16, 5)
    assert gateway.sample("ingest_ack_seconds_count") == 64  # 16 registrations wait for the log too
    assert gateway.sample("ingest_log_taking") == 1

    victim = gateway.workers()[0]
    victim.kill()
    until(lambda: gateway.get("readyz")[0] == 503, 5)
    assert "worker" in gateway.get("readyz")[1]
    until(gateway.ready, 60)
    assert len(gateway.workers()) == 2 and victim.pid not in [worker.pid for worker in gateway.workers()]
    assert gateway.sample("ingest_frames_total", result="accepted") == 48, "what the dead worker counted stays counted"
    cut_off = [number for number, terminal in terminals.items() if terminal.closed(0.01)]
    assert 0 < len(cut_off) < 16
    for number in cut_off:
        terminals[number].close()
        terminals[number] = TerminalClient(gateway.address, terminals[number].terminal_id)
        assert terminals[number].authenticate(codes[number] or "").result == 0
    acknowledged |= {report(terminal, 10) for terminal in terminals.values()}

    worker = pipeline(dsn, gateway.folder / "spool")
    drain(worker)
    worker.close()
    stored = rows(dsn, "select terminal_id, (extract(epoch from time) * 1000)::bigint from positions join terminal using (vehicle_id)")
    assert set(stored) == acknowledged and len(stored) == len(acknowledged)
    for terminal in terminals.values():
        terminal.close()


class Pump(threading.Thread):
    """A terminal that reports as fast as it is answered, until the gateway ends the connection."""

    def __init__(self, address: tuple[str, int], number: int) -> None:
        super().__init__(name=f"pump-{number}")
        self.terminal = TerminalClient(address, f"0139000000{number:02}")
        self.terminal.log_in()
        self.acknowledged: set[tuple[str, int]] = set()
        self.start()

    def run(self) -> None:
        key, second = self.terminal.terminal_id.lstrip("0"), 0
        while True:
            try:
                self.terminal.say(location(second))
                if self.terminal.hear() is None:
                    return
            except OSError:
                return
            self.acknowledged.add((key, TIME_MS + second * 1_000))
            second += 1


@pytest.mark.parametrize("workers", [1, 2])
def test_an_orderly_end_under_load_keeps_everything_acknowledged(start: Callable[..., Gateway], workers: int) -> None:
    gateway = start(workers=workers)
    pumps = [Pump(gateway.address, number) for number in range(8)]
    until(lambda: all(len(pump.acknowledged) > 5 for pump in pumps), 20)
    children = gateway.workers()
    assert gateway.end() == 0
    for pump in pumps:
        pump.join(20)
        pump.terminal.close()
    assert not any(child.is_running() for child in children)
    acknowledged = set().union(*(pump.acknowledged for pump in pumps))
    assert acknowledged <= gateway.fixes()


def test_workers_of_a_killed_parent_end_and_leave_log_and_port_to_the_next(start: Callable[..., Gateway]) -> None:
    gateway = start()
    terminal = TerminalClient(gateway.address)
    terminal.log_in()
    acknowledged = {report(terminal, 1)}
    orphans = gateway.workers()
    gateway.end(signal.SIGKILL)
    until(lambda: not any(orphan.is_running() for orphan in orphans), 20)
    terminal.close()
    again = start()
    terminal = TerminalClient(again.address)
    terminal.log_in()
    acknowledged.add(report(terminal, 2))
    terminal.close()
    assert again.fixes() == acknowledged
