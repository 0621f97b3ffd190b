"""What the pipeline's benchmarks stand on: a fresh database, a log of a morning's drives, a clock at the matcher."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.live_matching import BEGIN_S, SHARES, rows_at
from ingest.log.appending import Appender, appending
from ingest.log.record import FRAME
from ingest.settings import LogSettings
from simulators.county.model import County
from simulators.drive import Drivers, make_cycles
from simulators.frames import BODY_BYTES, FrameMaker, pack_bodies
from simulators.truth import FIX
from storage import embedded
from storage.migrate import migrate
from storage.settings import DatabaseSettings
from tracking.live_matching import Live, LiveMatcher


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """DSN of a fresh migrated database."""
    home = Path(tempfile.mkdtemp(prefix="cuntong-bench-"))
    home.chmod(0o755)
    server = url or embedded.start(home / "postgres")
    name = f"cuntong_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"create database {name} template template0".encode())
    try:
        dsn = make_conninfo(server, dbname=name)
        migrate(dsn, DatabaseSettings())
        yield dsn
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(f"drop database {name} with (force)".encode())
        if url is None:
            embedded.stop(home / "postgres")
        shutil.rmtree(home, ignore_errors=True)


def empty(dsn: str) -> None:
    """Nothing stored any more but the registry and the network."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("truncate positions")
        conn.execute("truncate position_extra")
        conn.execute("truncate vehicle_last, match_state, provisional_path")
        conn.execute("checkpoint")


def fill_log(folder: Path, rows: int, vehicles: int, county: County) -> None:
    """A log of position reports of a morning's drives, one a vehicle every 10 s, up to now."""
    makers = [FrameMaker(str(13_000_000_000 + number), "2013") for number in range(vehicles)]
    steps = -(-rows // vehicles)
    start_ms = (time.time_ns() // 1_000_000 - steps * 10_000) // 1000 * 1000
    dice = np.random.default_rng(1)
    drivers = Drivers.assign(make_cycles(county, tuple(SHARES)), vehicles, 1, SHARES)

    async def write(log: Appender) -> None:
        left = rows
        for step in range(steps):
            fixes = np.zeros(vehicles, FIX)
            fixes["t_ms"] = start_ms + step * 10_000
            driven = rows_at(drivers, vehicles, BEGIN_S + step * 10, dice)
            for name in ("status_bits", "lat_e6", "lon_e6", "speed_kmh10", "heading_deg", "odometer_m"):
                fixes[name] = driven[name]
            bodies, checks = pack_bodies(fixes, np.full(vehicles, 500), np.full(vehicles, 9))
            for number in range(min(vehicles, left)):
                body = bodies[number * BODY_BYTES : (number + 1) * BODY_BYTES]
                frame = makers[number].report(body, checks[number], step & 0xFFFF)
                await log.append(FRAME, 1, frame, received_us=(start_ms + step * 10_000) * 1000 + number, link=number)
            left -= vehicles

    async def filled() -> None:
        async with appending(LogSettings(path=folder, min_free_gib=0), 0) as log:
            await write(log)

    asyncio.run(filled())


@contextmanager
def timed_matcher() -> Iterator[list[float]]:
    """CPU seconds of every call of the matcher from here on."""
    advance, spent = LiveMatcher.advance, []

    def timed(self: LiveMatcher, *given: Any) -> Live:
        began = time.process_time()
        found = advance(self, *given)
        spent.append(time.process_time() - began)
        return found

    LiveMatcher.advance = timed  # type: ignore[method-assign,assignment]
    try:
        yield spent
    finally:
        LiveMatcher.advance = advance  # type: ignore[method-assign]
