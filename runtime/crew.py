"""The worker processes of one gateway: started again when they die, ended in order, their states and counters read from pipes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import structlog

from runtime.internal_http import STARTING

log = structlog.get_logger()

_FIRST_WAIT_S, _LONGEST_WAIT_S, _CALM_S = 0.2, 10.0, 30.0

Report = tuple[str, dict[str, Any]]
"""What a worker says once a second: why it does not serve ("" when it does), and its counters."""


@dataclass(slots=True)
class _Seat:
    """The place of one worker; process is None while a dead one's successor waits for its time."""

    process: BaseProcess | None = None
    pipe: Connection | None = None
    started_s: float = 0.0
    again_s: float = 0.0
    wait_s: float = _FIRST_WAIT_S
    report: Report | None = None


class Crew:
    """All workers.

    Args:
        count: how many.
        start: starts the worker of a number and returns its process and the reading end of its pipe.
    """

    def __init__(self, count: int, start: Callable[[int], tuple[BaseProcess, Connection]]) -> None:
        self._seats = [_Seat() for _ in range(count)]
        self._start = start
        self._departed: list[dict[str, Any]] = []

    def watch(self) -> None:
        """One round: hear everybody, start again who died, the later the more often it did."""
        now_s = time.monotonic()
        for number, seat in enumerate(self._seats):
            _hear(seat)
            if seat.process is not None and not seat.process.is_alive():
                log.error("gateway_worker_died", worker=number, code=seat.process.exitcode, again_in_s=seat.wait_s)
                self._clear(seat)
                calm = now_s - seat.started_s > _CALM_S
                seat.wait_s = _FIRST_WAIT_S if calm else seat.wait_s
                seat.again_s = now_s + seat.wait_s
                seat.wait_s = min(2 * seat.wait_s, _LONGEST_WAIT_S)
            if seat.process is None and now_s >= seat.again_s:
                seat.started_s = now_s
                seat.process, seat.pipe = self._start(number)

    def _clear(self, seat: _Seat) -> None:
        """A worker is gone: what it counted stays counted, what it held is no more."""
        _hear(seat)
        if seat.report is not None:
            self._departed.append({**seat.report[1], "gauges": []})
        if seat.pipe is not None:
            seat.pipe.close()
        seat.process = seat.pipe = seat.report = None

    def snapshots(self) -> list[dict[str, Any]]:
        """Newest counters of every worker, and the last ones of those that are gone."""
        reports = [seat.report for seat in self._seats]
        return [*self._departed, *(report[1] for report in reports if report is not None)]

    @property
    def reason(self) -> str:
        """Why the gateway does not serve whole, a line a worker; "" when all serve, `STARTING` before the first start is over."""
        states = [seat.report[0] if seat.report is not None else STARTING for seat in self._seats]
        if all(state in ("", STARTING) for state in states) and not self._departed:
            return STARTING if STARTING in states else ""
        return "\n".join(f"worker {number}: {state}" for number, state in enumerate(states) if state)

    def stop(self, limit_s: float) -> None:
        """End all in order: each stops accepting, makes its log durable and releases its replies; one that does not end is killed."""
        processes = [seat.process for seat in self._seats if seat.process is not None]
        for process in processes:
            process.terminate()
        deadline_s = time.monotonic() + limit_s
        for process in processes:
            process.join(max(0.1, deadline_s - time.monotonic()))
            if process.is_alive():
                log.error("gateway_worker_killed", pid=process.pid)
                process.kill()
                process.join()


def _hear(seat: _Seat) -> None:
    """The newest report of a worker."""
    try:
        while seat.pipe is not None and seat.pipe.poll():
            seat.report = seat.pipe.recv()
    except (EOFError, OSError):
        log.debug("gateway_worker_silent")
