"""Whole installations in one process: a log, a pipeline and the links of JT/T 809, each with a database of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ingest.peers.hub import Platforms
from ingest.pipeline import Pipeline
from ingest.settings import PlatformSettings
from storage import platforms as stored
from storage.pool import connect
from tests.fixtures.databases import _create, _drop
from tests.ingest import spooled
from tests.ingest.spooled import Logged

KEYS = {"m1": 56_107_078, "ia1": 37_382_110, "ic1": 50_361_430, "encrypt": True}
CODE, USER, PASSWORD = 70_000_001, 7, "secret"
QUICK: dict[str, Any] = {
    "confirm_s": 0.1, "poll_s": 0.05, "refresh_s": 0.2, "keep_alive_s": 1.0, "dead_s": 4.0, "login_s": 3.0, "first_wait_s": 0.2,
    "most_wait_s": 0.8, "window": 400,
}  # fmt: skip


RUNNING: list[Platforms] = []


def until(found: Callable[[], Any], what: str, limit_s: float = 30.0) -> Any:
    """What a condition gives, once it gives something."""
    deadline = time.monotonic() + limit_s
    while True:
        value = found()
        if value:
            return value
        assert all(one.failure is None for one in RUNNING), RUNNING
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Instance:
    """One installation; `write` puts frames of terminals into its log."""

    def __init__(self, folder: Path, dsn: str, **settings: Any) -> None:
        folder.mkdir()
        self.folder, self.dsn = folder, dsn
        self.log_settings = spooled.log_settings(folder / "spool")
        self.settings = PlatformSettings(**{"listen": "127.0.0.1:0", "sub_listen": "127.0.0.1:0"} | QUICK | settings)
        self.platforms: Platforms | None = None
        self._stop = threading.Event()
        self._pipeline: threading.Thread | None = None
        self._links: threading.Thread | None = None

    def start_pipeline(self, **changes: Any) -> None:
        worker: Pipeline = spooled.pipeline(self.dsn, self.folder / "spool", match=False, **changes)
        self._stop = threading.Event()
        self._pipeline = threading.Thread(target=worker.run, args=(self._stop,), name="pipeline", daemon=True)
        self._pipeline.start()
        self._reader = worker._reader

    def stop_pipeline(self) -> None:
        self._stop.set()
        if self._pipeline is not None:
            self._pipeline.join(20)
            self._reader.close()  # type: ignore[attr-defined]
            self._pipeline = None

    def start_links(self) -> Platforms:
        self.platforms = Platforms(self.settings, self.log_settings, self.dsn)
        listening = threading.Event()
        made = self.platforms
        RUNNING[:] = [*RUNNING[-3:], made]

        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            ready: asyncio.Future[None] = self.loop.create_future()
            ready.add_done_callback(lambda _: listening.set())
            await made.run(ready)

        self._links = threading.Thread(target=lambda: asyncio.run(serve()), name="platforms", daemon=True)
        self._links.start()
        assert listening.wait(20)
        return made

    def stop_links(self) -> None:
        if self._links is not None and self.platforms is not None:
            if self._links.is_alive():
                self.loop.call_soon_threadsafe(self.platforms.stop)
            self._links.join(20)
            assert not self._links.is_alive() and self.platforms.failure is None, self.platforms.failure
            RUNNING.remove(self.platforms)
            self._links = None

    def stop(self) -> None:
        self.stop_pipeline()
        self.stop_links()

    def add(self, name: str, role: str, **values: Any) -> int:
        with connect(self.dsn) as conn:
            said = {"version": "2019", "access_code": CODE, "user_id": USER, "password": PASSWORD} | values
            number = stored.add(conn, {"name": name, "role": role} | said)
            conn.commit()
        return number

    def write(self, *records: Logged) -> None:
        spooled.write(self.folder / "spool", records)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return spooled.rows(self.dsn, query)

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def count(self, table: str = "positions") -> int:
        return int(self.one(f"select count(*) from {table}"))

    def fixes(self) -> list[tuple[Any, ...]]:
        """Positions by plate, without how they reached us."""
        return self.rows(
            """
            select v.plate, v.plate_colour, p.time, p.lon_e6, p.lat_e6, p.speed_kmh10, p.heading_deg, p.altitude_m, p.status_bits,
                   p.alarm_bits, p.odometer_m
              from positions p
              join vehicle v on v.vehicle_id = p.vehicle_id
             where v.plate is not null
             order by 1, 2, 3
            """
        )

    def call(self, work: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        with connect(self.dsn) as conn:
            value = work(conn)
            conn.commit()
        return value


class Road:
    """A TCP relay that can be closed for a while: connections break, new ones are refused."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = True
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                near.close()
                continue
            try:
                far = socket.create_connection(self._to, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._carry, args=(one, other), daemon=True))
                self._threads[-1].start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65_536):
                other.sendall(data)
        except OSError:
            pass  # one side is gone: so is the road
        for each in (one, other):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def block(self) -> None:
        """Break everything and let nothing new through."""
        self._open = False
        for end in self._ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def unblock(self) -> None:
        """Let new connections through."""
        self._open = True

    def close(self) -> None:
        self.block()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)
        for end in self._ends:
            end.close()


@pytest.fixture
def make_dsn(server_dsn: str, template: str) -> Iterator[Callable[[], str]]:
    """Fresh migrated databases."""
    names: list[str] = []

    def make() -> str:
        names.append(f"cuntong_test_{uuid.uuid4().hex[:12]}")
        _create(server_dsn, names[-1], template)
        return make_conninfo(server_dsn, dbname=names[-1])

    yield make
    for name in names:
        _drop(server_dsn, name)


@pytest.fixture
def instance(make_dsn: Callable[[], str], tmp_path: Path) -> Iterator[Callable[..., Instance]]:
    """Makes installations; all are stopped at the end."""
    made: list[Instance] = []

    def make(name: str, **settings: Any) -> Instance:
        made.append(Instance(tmp_path / name, make_dsn(), **settings))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def road() -> Iterator[Callable[[tuple[str, int]], Road]]:
    """Makes relays."""
    made: list[Road] = []

    def make(to: tuple[str, int]) -> Road:
        made.append(Road(to))
        return made[-1]

    yield make
    for one in made:
        one.close()
