"""Vehicle-days that are due: cut into units, computed on any number of workers, day after day in order.

A day's context (the odometer's ratio, its last reading) comes from earlier days, so all units of a day are done before the next day
begins: the result is the same, bit for bit, whoever computes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
import structlog

from domain.errors import RefusedError, StoreError
from ingest import day_context_store, due_store, roll_up_store
from ingest.day_context_store import Roads
from ingest.day_result_store import Replaced, finalise
from ingest.day_unit import Place, Unit, UnitDone, compute_unit
from ingest.due_store import Span, Ticket
from ingest.retention import FINAL_AFTER_H
from ingest.roll_up_store import HOUR_MS
from storage.locks import try_lock, unlock
from tracking.network import load

log = structlog.get_logger()

Connection = psycopg.Connection[Any]

UNIT_DAYS = 64
"""Vehicle-days of a unit."""

_FATAL = (psycopg.OperationalError, BrokenExecutor, CancelledError)
_IDLE = threading.Event()
_LOOK_S = 0.5
LOCK = 0x64617973
"""Who holds it computes days."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Vehicle-days that could not be computed, and why."""

    day: date
    vehicle_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did; cpu_s: of all workers; left: tickets not begun because it was stopped."""

    replaced: Replaced = field(default_factory=Replaced)
    fixes: int = 0
    cpu_s: float = 0.0
    failed: tuple[Failed, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """How a run goes: where units find their things; vehicle-days of a unit; progress is told of every vehicle-day done; stop is
    looked at between two days and before a unit is begun; until_s: monotonic instant that stops it, too; abandon: units that compute
    are not waited for when it stops, their executor ends them."""

    place: Place
    unit_days: int = UNIT_DAYS
    progress: Callable[[int], None] = lambda done: None
    stop: threading.Event = _IDLE
    until_s: float = float("inf")
    abandon: bool = False

    @property
    def over(self) -> bool:
        return self.stop.is_set() or time.monotonic() >= self.until_s


def ask(conn: Connection, span: Span, now_ms: int, settle_min: int) -> int:
    """Queue all closed days of a span that have fixes, and commit; how many vehicle-days.

    Hours that have settled are sealed first, so that what is stored into the days from now on queues them again.

    Raises:
        RefusedError: none of the days is over.
    """
    roll_up_store.seal(conn, (now_ms - settle_min * 60_000) // HOUR_MS * HOUR_MS)
    conn.commit()
    sealed = roll_up_store.watermark(conn, roll_up_store.SEALED)
    if not due_store.closed(span.first, sealed):
        raise RefusedError(
            f"day {span.first} is not over: it is computed from about 01:15 of the next day on", field="from", kind="conflict"
        )
    queued = 0
    day = span.first
    while day <= span.last and due_store.closed(day, sealed):
        vehicles = due_store.vehicles_of(conn, day, span.vehicle_ids)
        queued += due_store.enqueue(conn, [(vehicle, day) for vehicle in vehicles], "asked")
        day += timedelta(1)
    conn.commit()
    return queued


def use_network(conn: Connection, path: Path, region_code: str = "", from_day: date = date.min) -> Roads:
    """Register a network file for a region ("" for all) from a day on, and commit; days computed by other roads become due.

    Args:
        region_code: GB/T 2260; zeros at the end of six digits stand for all that lies in the region.

    Raises:
        RefusedError: see `tracking.network.load`.
    """
    network = load(path)
    roads = Roads(path.resolve(), network.version, whole_region(region_code), from_day)
    day_context_store.register_network(conn, roads, network.edge_count)
    due_store.enqueue(conn, day_context_store.days_of_other_roads(conn, roads), "network")
    conn.commit()
    return roads


def whole_region(region_code: str) -> str:
    """What the codes of everything in a region begin with: 520000 a province, 520100 a prefecture, 520121 a county."""
    if len(region_code) != 6:
        return region_code
    return region_code[:2] if region_code[2:] == "0000" else region_code.removesuffix("00")


def compute_due(conn: Connection, tickets: Sequence[Ticket], executor: Executor, run: Run, now_ms: int) -> Outcome:
    """Compute the days of tickets; commits. A unit that fails is tried again one vehicle-day at a time, and those that fail then are put off.

    Args:
        conn: under a role that writes days.
        tickets: in order of days.
        executor: local threads or processes, or a Dask client's `get_executor()`.

    Raises:
        StoreError, psycopg.OperationalError: the database is away; what is done is stored, the rest stays queued.
        BrokenExecutor, CancelledError: the workers are gone; as above.
    """
    outcome = Outcome()
    begun = 0
    for day, group in groupby(tickets, key=lambda ticket: ticket.day):
        if run.over:
            break
        of_day = list(group)
        begun += len(of_day)
        done = _settle(conn, _units(conn, day, of_day, run), executor, run, now_ms)
        outcome = Outcome(
            outcome.replaced + done.replaced, outcome.fixes + done.fixes, outcome.cpu_s + done.cpu_s, outcome.failed + done.failed,
            outcome.left + done.left,
        )  # fmt: skip
    return replace(outcome, left=outcome.left + len(tickets) - begun)


def work_off(conn: Connection, executor: Executor, run: Run, now_ms: int, settle_min: int) -> Outcome:
    """The worker's part: queue days that closed, compute settled ones, judge days final. Commits; nothing while somebody holds it off."""
    if not try_lock(conn, LOCK):
        return Outcome()
    try:
        queued = due_store.queue_closed(conn)
        due_store.take_changes(conn)
        conn.commit()
        outcome = compute_due(conn, due_store.tickets(conn, now_ms, settle_min), executor, run, now_ms)
        final = finalise(conn, now_ms, FINAL_AFTER_H)
        conn.commit()
    finally:
        unlock(conn, LOCK)
    log.debug("days_round", queued=queued, written=outcome.replaced.written, failed=len(outcome.failed), final=final, left=outcome.left)
    return outcome


def hold_off_worker(conn: Connection) -> bool:
    """Keep the worker from computing the same days until the connection is closed; False when it is at it, which only costs time twice."""
    return try_lock(conn, LOCK)


def _units(conn: Connection, day: date, tickets: Sequence[Ticket], run: Run) -> list[Unit]:
    """Units of one day, each of one network."""
    roads = day_context_store.roads_of(conn, [ticket.vehicle_id for ticket in tickets], day)
    conn.rollback()
    units = []
    by_roads: dict[Roads | None, list[Ticket]] = {}
    for ticket in tickets:
        by_roads.setdefault(roads.get(ticket.vehicle_id), []).append(ticket)
    for served, of_roads in by_roads.items():
        for first in range(0, len(of_roads), run.unit_days):
            units.append(Unit(run.place, day, tuple(of_roads[first : first + run.unit_days]), served))
    return units


def _settle(conn: Connection, units: list[Unit], executor: Executor, run: Run, now_ms: int) -> Outcome:
    """All units of one day, the failed ones again one by one."""
    replaced, fixes, cpu_s, left = Replaced(), 0, 0.0, 0
    failed: list[Failed] = []
    while units:
        again: list[Unit] = []
        for unit, done, error in _computed(units, executor, run):
            if done is not None:
                replaced, fixes, cpu_s = replaced + done.replaced, fixes + done.fixes, cpu_s + done.cpu_s
                run.progress(len(unit.tickets))
            elif error is None or run.over:
                left += len(unit.tickets)
            elif len(unit.tickets) > 1:
                again += [replace(unit, tickets=(ticket,)) for ticket in unit.tickets]
            else:
                failed.append(_put_off(conn, unit, error, now_ms))
                run.progress(1)
        units = again
    return Outcome(replaced, fixes, cpu_s, tuple(failed), left)


def _computed(units: list[Unit], executor: Executor, run: Run) -> Iterator[tuple[Unit, UnitDone | None, BaseException | None]]:
    """Units as they come back: with what was done, with why not, or with neither when the run was stopped before them.

    Raises:
        StoreError, psycopg.OperationalError, BrokenExecutor, CancelledError: see `compute_due`.
    """
    futures: dict[Future[UnitDone], Unit] = {executor.submit(compute_unit, unit): unit for unit in units}
    waiting = set(futures)
    try:
        while waiting:
            done, waiting = wait(waiting, _LOOK_S, FIRST_COMPLETED)
            for future in done:
                error = future.exception()
                if isinstance(error, _FATAL) or (isinstance(error, StoreError) and error.retriable):
                    raise error
                yield futures[future], (future.result() if error is None else None), error
            if run.over:
                stopped = {future for future in waiting if future.cancel() or (run.abandon and run.stop.is_set())}
                waiting -= stopped
                for future in stopped:
                    yield futures[future], None, None
    finally:
        for future in waiting:
            future.cancel()


def _put_off(conn: Connection, unit: Unit, error: BaseException, now_ms: int) -> Failed:
    ticket = unit.tickets[0]
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    due_store.put_off(conn, ticket, reason, now_ms)
    conn.commit()
    log.warning("day_failed", vehicle_id=ticket.vehicle_id, day=str(ticket.day), reason=reason)
    return Failed(ticket.day, (ticket.vehicle_id,), reason)
