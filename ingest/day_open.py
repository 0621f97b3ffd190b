"""The day that is under way, computed provisionally: a few vehicles a round, so that it costs no more than it is given."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg

from domain.units import day_of
from ingest import day_open_store, days
from ingest.days import Outcome, Run
from storage.locks import try_lock, unlock

Connection = psycopg.Connection[Any]

UNIT_DAYS = 4
"""Vehicle-days of a unit: so many may begin just before time is up."""
MOST = 512
"""Vehicles taken up in a round."""


class OpenDay:
    """Keeps today's vehicle-days near the newest fixes. They are stored as any other and count for no revision: the day is computed
    again when it is over, and only that can become final.

    Args:
        least_new_ms: a vehicle whose newest fix is no later than this after the one its day was computed with waits.
    """

    def __init__(self, least_new_ms: int = 60_000) -> None:
        self._least_new_ms = least_new_ms
        self._day = date.min
        self._computed: dict[int, int] = {}

    def work(self, conn: Connection, executor: Executor, run: Run, now_ms: int) -> Outcome:
        """Compute today's days of vehicles with new fixes until time is up; who waited longest comes first. Commits.

        Nothing while somebody holds the worker off.
        """
        if not try_lock(conn, days.LOCK):
            return Outcome()
        try:
            return self._work(conn, executor, run, now_ms)
        finally:
            unlock(conn, days.LOCK)

    def _work(self, conn: Connection, executor: Executor, run: Run, now_ms: int) -> Outcome:
        day = day_of(now_ms)
        if day != self._day:
            self._day, self._computed = day, {}
        last_ms = day_open_store.last_fixes(conn, day)
        turn = {vehicle: place for place, vehicle in enumerate(self._computed)}
        waiting = sorted(
            (vehicle for vehicle in last_ms if self._waits(vehicle, last_ms[vehicle])), key=lambda one: (turn.get(one, -1), one)
        )
        tickets = day_open_store.mark(conn, day, waiting[:MOST])
        conn.commit()
        if not tickets:
            return Outcome()
        order: dict[int, int] = {vehicle: place for place, vehicle in enumerate(waiting)}
        tickets.sort(key=lambda ticket: order[ticket.vehicle_id])
        try:
            return days.compute_due(conn, tickets, executor, replace(run, unit_days=UNIT_DAYS), now_ms)
        finally:
            self._close(conn, day, {ticket.vehicle_id: last_ms[ticket.vehicle_id] for ticket in tickets})

    def _waits(self, vehicle: int, last_ms: int) -> bool:
        before = self._computed.get(vehicle)
        return before is None or last_ms - before > self._least_new_ms

    def _close(self, conn: Connection, day: date, taken: dict[int, int]) -> None:
        """Drop what was not begun, note what was: it goes to the end of the queue."""
        conn.rollback()
        left = day_open_store.unmark(conn, day)
        conn.commit()
        for vehicle, last_ms in taken.items():
            if vehicle not in left:
                self._computed.pop(vehicle, None)
                self._computed[vehicle] = last_ms
