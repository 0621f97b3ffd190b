"""Days that lie behind the demo, so that its first look has some: recorded frames, replayed into the log, computed by the day commands.

Three commands of the product, one after the other, each a child process of low priority; nothing waits for them.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import structlog

from domain.units import day_bounds, day_of
from ingest.days import hold_off_worker
from ingest.log.appending import appending
from ingest.log.record import DOORS, FRAME
from ingest.settings import LogSettings
from runtime.demo import Played
from simulators.fleet import Fleet
from simulators.history import past_reports
from simulators.identity import make_identities
from storage.days import Connection, vehicle_days
from storage.pool import connect
from storage.positions import read_track
from storage.registry import roster

log = structlog.get_logger()

VEHICLES = 16
"""Vehicles with a past."""
INTERVAL_S = 15
REPLAY_SPEED = 5_000.0
"""Times faster than it happened: about a quarter of a minute a day, so that live positions are not kept waiting."""
_NICE = 15
_DOOR = DOORS.index("tcp")
_END_S = 10.0
_TODAY_S = 240.0
_HOLD_S = 60.0
_SLOW_CLOCK_MS = 120_000
"""Clocks of terminals may be a minute and a half behind: no fix falls on the day before."""
_LAST_MS = 600_000
_SETTLE_MS = 900_000
"""The past ends so long before the demo begins."""


@dataclass(frozen=True, slots=True)
class Past:
    """Which days: the first and the last; the last is that of until_ms, where the past ends."""

    first: date
    last: date
    until_ms: int

    @classmethod
    def before(cls, now_ms: int, days: int) -> Past:
        """The days before an instant, and what has passed of its own."""
        until_ms = now_ms - _SETTLE_MS
        return cls(day_of(now_ms) - timedelta(days), day_of(until_ms), until_ms)


def record(fleet: Fleet, vehicles: int, span_ms: tuple[int, int], folder: Path) -> int:
    """Write the frames of a span as a recorded log, durable on return; how many."""
    begin_s, end_s = span_ms[0] // 1000, span_ms[1] // 1000
    return asyncio.run(_write(past_reports(fleet, vehicles, begin_s, end_s, INTERVAL_S), folder))


async def _write(frames: Iterator[tuple[int, bytes]], folder: Path) -> int:
    count = 0
    async with appending(LogSettings(path=folder), 0) as recording:
        for received_ms, frame in frames:
            await recording.append(FRAME, _DOOR, frame, received_us=received_ms * 1000)
            count += 1
    return count


class History(threading.Thread):
    """Loads the past in the background.

    Args:
        dsn: the database.
        data: the data folder.
        fleet: options of `cuntong simulate history` that give the fleet.
        terminals: numbers of its vehicles with a past.
        past: which days.
    """

    def __init__(self, dsn: str, data: Path, fleet: tuple[str, ...], terminals: list[str], past: Past) -> None:
        super().__init__(name="history", daemon=True)
        self._dsn, self._data, self._fleet, self._past = dsn, data, fleet, past
        self._terminals = {terminal.lstrip("0") for terminal in terminals}
        self._child: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self.state = ""

    def run(self) -> None:
        """Load the days from the first that has no figures on; a step that fails ends it (logs/history.log)."""
        ids = self._vehicle_ids()
        first = self._missing(ids)
        if first is None:
            return
        begin_ms, end_ms = day_bounds(first)[0] + _SLOW_CLOCK_MS, self._past.until_ms
        folder = self._data / "history" / f"{first.isoformat()}-{end_ms}"
        told = ("--from-ms", str(begin_ms), "--until-ms", str(end_ms), "--with-past", str(len(ids)), "-o", str(folder))
        span = ("--from", first.isoformat(), "--to", self._past.last.isoformat(), "--vehicles", ",".join(map(str, ids)))
        where = ("--data", str(self._data))
        done = self._step("recording", ("simulate", "history", *self._fleet, *told)) and self._wait_for_today()
        with connect(self._dsn) as conn:
            held = self._hold(conn)
            done = (
                done
                and self._step("replaying", ("replay", str(folder), "--speed", str(REPLAY_SPEED), *where))
                and self._stored(ids, end_ms)
                and self._step("computing", ("days", "recompute", *span, "--workers", "1", *where))
            )
        self.state = ""
        log.info("history_over", first=str(first), vehicles=len(ids), done=done, held=held)

    def end(self) -> None:
        """Stop loading; what is loaded stays."""
        self._ended.set()
        with self._guard:
            if self._child is not None:
                self._child.terminate()
        if self.is_alive():
            self.join(_END_S)

    def _vehicle_ids(self) -> list[int]:
        with connect(self._dsn) as conn:
            return sorted(row.vehicle_id for row in roster(conn) if row.terminal_id in self._terminals and row.vehicle_id is not None)

    def _missing(self, ids: list[int]) -> date | None:
        """The first whole day of the past without figures; None when all have some."""
        with connect(self._dsn) as conn:
            known = {one.day for one in vehicle_days(conn, self._past.first, self._past.last, ids)}
        whole = (self._past.last - self._past.first).days
        days = (self._past.first + timedelta(shift) for shift in range(whole))
        return next((day for day in days if day not in known), None)

    def _wait_for_today(self) -> bool:
        """Leave the machine to the first days of today, whose kernels are then compiled; False when ended."""
        self.state = "past days: waiting for today's first"
        today, until_s = self._past.last, time.monotonic() + _TODAY_S
        while not self._ended.wait(1.0):
            with connect(self._dsn) as conn:
                if time.monotonic() > until_s or vehicle_days(conn, today, today):
                    return True
        return False

    def _hold(self, conn: Connection) -> bool:
        """Keep the worker from days that are not wholly loaded; False when it is at some for long, which only costs time."""
        until_s = time.monotonic() + _HOLD_S
        while not (held := hold_off_worker(conn)) and time.monotonic() < until_s and not self._ended.wait(0.5):
            pass
        return held

    def _step(self, state: str, words: tuple[str, ...]) -> bool:
        """Run a command to its end; False when it failed or was ended."""
        self.state = f"past days: {state}"
        environment = {**os.environ, "CUNTONG_DATABASE_URL": self._dsn, "CUNTONG_DATA": str(self._data)}
        with (self._data / "logs" / "history.log").open("ab") as output, self._guard:
            if self._ended.is_set():
                return False
            self._child = subprocess.Popen(
                [sys.executable, "-m", "runtime.cli", *words], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, preexec_fn=_yield_to_others,
            )  # fmt: skip
        return self._child.wait() == 0 and not self._ended.is_set()

    def _stored(self, ids: list[int], end_ms: int) -> bool:
        """Wait until the pipeline has stored the last of it."""
        self.state = "past days: storing"
        while not self._ended.wait(1.0):
            with connect(self._dsn) as conn:
                if all(len(read_track(conn, one, end_ms - _LAST_MS, end_ms)) for one in ids):
                    return True
        return False


@contextmanager
def history(dsn: str, data: Path, played: Played, now_ms: int) -> Iterator[History]:
    """The past of a demo, loading for as long as the block runs; nothing is loaded where none is wanted."""
    some = min(VEHICLES, played.vehicles)
    county = played.fleet.county.county_code
    terminals = [one.terminal_id for one in make_identities(some, played.seed, [""] * some, county)]
    past = History(dsn, data, played.options, terminals, Past.before(now_ms, played.history))
    if played.history:
        past.start()
    try:
        yield past
    finally:
        past.end()


def _yield_to_others() -> None:
    os.nice(_NICE)
