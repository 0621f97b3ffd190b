"""A gateway worker in a thread, and a terminal that speaks to it over TCP."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.gateway.worker import Place, Worker
from ingest.log.base import Records
from ingest.log.files import OS_FILES
from ingest.log.reader import SpoolReader
from ingest.settings import GatewaySettings, LogSettings
from protocols.jt808.codec import encode, examine
from protocols.jt808.messages.location import Location
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import PlatformReply
from runtime.gateway import loop_factory

TIME_MS = 1_764_000_000_000


class RunningGateway:
    """One worker, its address, and what it has made durable."""

    def __init__(self, folder: Path, door: str, **settings: Any) -> None:
        self.folder = folder
        self.log_settings = LogSettings(path=folder / "spool", segment_mib=8, min_free_gib=0.01, **settings.pop("log", {}))
        place = settings.pop("place", Place(0, 1, folder))
        files = settings.pop("files", OS_FILES)
        self.settings = replace(
            GatewaySettings(listen="127.0.0.1:0", door=door, secret_file=folder / "secrets/key", roster_file=folder / "roster.json"),
            **settings,
        )
        folder.mkdir(exist_ok=True)
        self.worker = Worker(self.settings, self.log_settings, place, files)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway")
        self._thread.start()
        assert self._ready.wait(60), "the gateway did not start"

    def _run(self) -> None:
        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            ready: asyncio.Future[tuple[str, int]] = self.loop.create_future()
            ready.add_done_callback(lambda _: self._ready.set())
            await self.worker.run(ready)

        with asyncio.Runner(loop_factory=loop_factory(self.settings.loop)) as runner:
            runner.run(serve())

    @property
    def address(self) -> tuple[str, int]:
        return self.worker.address

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.worker.stop)
            self._thread.join(30)

    def counted(self, name: str, label: str) -> int:
        return self.worker.metrics.named[name, label]

    def records(self) -> Records:
        """Everything durable by now."""
        reader = SpoolReader(self.log_settings.path, "test", self.log_settings)
        return reader.read({}, 1_000_000, 50)

    def frames(self, kind: int = 0) -> list[bytes]:
        records = self.records()
        return [records.payload(row) for row in range(len(records)) if records.kind[row] == kind]


class TerminalClient:
    """A terminal that does what it is told."""

    def __init__(self, address: tuple[str, int], terminal_id: str = "013800000001", version: str = "2013") -> None:
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.terminal_id, self.version = terminal_id, version
        self.serial = 0
        self._bytes = b""

    def frame(self, message: Any) -> bytes:
        self.serial += 1
        return encode(message, terminal_id=self.terminal_id, serial=self.serial, version=self.version)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def say(self, message: Any) -> None:
        self.send(self.frame(message))

    def hear(self, timeout_s: float = 5.0) -> Any:
        """The next message of the platform; None after timeout_s of silence or at the end of the connection."""
        frame = self.hear_frame(timeout_s)
        if frame is None:
            return None
        seen = examine(frame)
        assert not [a for a in seen.anomalies if a.drop], seen
        return seen.message

    def hear_frame(self, timeout_s: float = 5.0) -> bytes | None:
        """The next frame, see `hear`."""
        deadline = time.monotonic() + timeout_s
        while True:
            start = self._bytes.find(b"\x7e")
            end = self._bytes.find(b"\x7e", start + 1)
            if start >= 0 and end > start:
                frame, self._bytes = self._bytes[start : end + 1], self._bytes[end + 1 :]
                return frame
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65_536)
            except (TimeoutError, ConnectionResetError):
                return None
            if not data:
                return None
            self._bytes += data

    def register(self, plate: str = "贵A12345", colour: int = 2) -> RegistrationReply:
        self.say(Registration(52, 100, "70111", "TEST", "0000001", colour, plate))
        reply = self.hear()
        assert isinstance(reply, RegistrationReply)
        return reply

    def authenticate(self, code: str) -> PlatformReply:
        ids = ("860000000000000", "1.0") if self.version == "2019" else (None, None)
        self.say(Authentication(code, *ids))
        reply = self.hear()
        assert isinstance(reply, PlatformReply)
        return reply

    def log_in(self) -> str:
        code = self.register().auth_code
        assert code is not None
        assert self.authenticate(code).result == 0
        return code

    def closed(self, timeout_s: float = 5.0) -> bool:
        """True when the platform ended the connection within timeout_s."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                if not self.socket.recv(65_536):
                    return True
            except TimeoutError:
                return False
            except OSError:
                return True
        return False

    def close(self) -> None:
        self.socket.close()


def location(second: int = 0, **changes: Any) -> Location:
    """A located report at 26.5 N 106.6 E."""
    fields: dict[str, Any] = {
        "alarm_bits": 0, "status_bits": 3, "latitude_e6": 26_500_000 + second, "longitude_e6": 106_600_000, "altitude_m": 1_100,
        "speed_kmh10": 425, "heading_deg": 90, "time_ms": TIME_MS + second * 1000, "extras": (),
    }  # fmt: skip
    return Location(**{**fields, **changes})


@pytest.fixture(params=["protocol", "drain"])
def door(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start_gateway(tmp_path: Path, door: str) -> Iterator[Callable[..., RunningGateway]]:
    running: list[RunningGateway] = []

    def start(**settings: Any) -> RunningGateway:
        folder = settings.pop("folder", tmp_path / f"gateway{len(running)}")
        running.append(RunningGateway(folder, door, **settings))
        return running[-1]

    yield start
    for gateway in running:
        gateway.stop()


@pytest.fixture
def gateway(start_gateway: Callable[..., RunningGateway]) -> RunningGateway:
    return start_gateway()


@pytest.fixture
def dial(gateway: RunningGateway) -> Iterator[Callable[..., TerminalClient]]:
    """Opens terminals against the gateway and closes them afterwards."""
    opened: list[TerminalClient] = []

    def one(*args: Any, to: RunningGateway | None = None, **settings: Any) -> TerminalClient:
        opened.append(TerminalClient((to or gateway).address, *args, **settings))
        return opened[-1]

    yield one
    for terminal in opened:
        terminal.close()
