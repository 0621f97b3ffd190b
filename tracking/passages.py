"""Stops of a line passed on a drive: when, how long, how sure; which runs of which line a drive holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.driven_way import DrivenWay
from tracking.kernels.corridor import align, line_boxes, metres_beyond, stop_calls
from tracking.line_path import LinePath
from tracking.stop_times import StopTimes, stop_times

Floats = NDArray[np.float64]

NO_TIME = -1
"""Time of a stop that was not passed."""


class Quality(IntEnum):
    """How a passing time is known."""

    OBSERVED = 0
    INTERPOLATED = 1
    INFERRED = 2
    SKIPPED = 3


PASSAGE = np.dtype([("stop_seq", "<i4"), ("arrive_ms", "<i8"), ("depart_ms", "<i8"), ("dwell_s", "<i4"), ("quality", "u1")])
"""One stop of a line: its row, epoch ms (`NO_TIME` when skipped), whole seconds of standing, `Quality`."""


@dataclass(frozen=True, slots=True)
class PassageParameters:
    """stop_reach_m: a way farther from a stop does not pass it, from a terminal terminal_reach_m; observed_m: a fix so near observes it; interpolated_s: longer
    between two fixes is a gap; detour_base_m, detour_share: metres by which way and line may differ between two stops at
    the price of one stop missed; run_break_s: no run goes on after so long between two of its stops; partial_share: less
    of a line is no run of it; complete_trip_share: so much with both ends is a whole one; turn_m: two runs may overlap by
    so much at their ends; corridor_m: farther from the line is off route. All but complete_trip_share and corridor_m ours."""

    stop_reach_m: float = 60.0
    terminal_reach_m: float = 150.0
    observed_m: float = 50.0
    interpolated_s: float = 120.0
    detour_base_m: float = 200.0
    detour_share: float = 0.5
    run_break_s: float = 5_400.0
    partial_share: float = 0.3
    complete_trip_share: float = 0.8
    turn_m: float = 150.0
    corridor_m: float = 200.0
    corridor_step_m: float = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class LineRun:
    """One run of a line found in a drive.

    line: which direction or variant; from_m, to_m: its part of the way; from_ms, to_ms: departure from its first stop served,
    arrival at its last; share: of the line's stops served in order; complete: a whole trip; passages: (m,) `PASSAGE`, one a
    stop of the line; off_route_m: metres of it outside the line's corridor.
    """

    line: LinePath
    from_m: float
    to_m: float
    from_ms: int
    to_ms: int
    share: float
    complete: bool
    passages: NDArray[Any]
    off_route_m: float


def line_runs(way: DrivenWay, lines: Sequence[LinePath], parameters: PassageParameters | None = None) -> tuple[LineRun, ...]:
    """Runs of lines in a drive, in the order of time, none overlapping another.

    Direction and variant come from the stops: of all chains of stops in order the one that serves most of most stops is
    taken first, then the best in what is left of the way.

    Args:
        way: a trip, a day, or any drive; lines: the directions and variants that may be in it.
    """
    p = parameters or PassageParameters()
    searches = [_Search(way, line, p) for line in lines if len(line.stops) >= 2] if way.fix.size >= 2 else []
    taken: list[tuple[float, float]] = []
    runs = []
    while searches:
        found = [(search, search.best(taken)) for search in searches]
        found = [(search, chain) for search, chain in found if chain.worth > 0.0]
        searches = [search for search, _ in found]
        if not found:
            break
        search, chain = max(found, key=lambda pair: pair[1].worth)
        run = search.run(chain)
        runs.append(run)
        taken.append((run.from_m, run.to_m))
    return tuple(sorted(runs, key=lambda run: run.from_m))


def passages(way: DrivenWay, line: LinePath, parameters: PassageParameters | None = None) -> NDArray[Any]:
    """(m,) `PASSAGE`, one a stop of the line, of the best run of it in a trip; all skipped when the trip does not run it."""
    p = parameters or PassageParameters()
    if way.fix.size >= 2 and len(line.stops) >= 2:
        search = _Search(way, line, p)
        chain = search.best([])
        if chain.worth > 0.0:
            return search.run(chain).passages
    return _skipped(len(line.stops))


def run_trips(runs: Sequence[LineRun]) -> int:
    """Whole trips among runs."""
    return sum(run.complete for run in runs)


def _skipped(count: int) -> NDArray[Any]:
    rows = np.zeros(count, PASSAGE)
    rows["stop_seq"] = np.arange(count)
    rows["arrive_ms"] = rows["depart_ms"] = NO_TIME
    rows["quality"] = Quality.SKIPPED
    return rows


@dataclass(frozen=True, slots=True)
class _Chain:
    worth: float
    calls: NDArray[np.int64]


class _Search:
    """Calls of one way at the stops of one line."""

    def __init__(self, way: DrivenWay, line: LinePath, parameters: PassageParameters) -> None:
        self.way, self.line, self.p = way, line, parameters
        plane = line.plane()
        self.vertices = np.column_stack([*plane.project(way.lon_deg, way.lat_deg), way.s_m])
        self.line_xy = plane.project(line.lon_deg, line.lat_deg)
        stop, s_m, off = self._calls()
        order = np.lexsort((stop, s_m))
        self.stop, self.s_m = stop[order], s_m[order]
        self.gain = 1.0 - 0.5 * off[order]
        self.t_ms = way.time_at(self.s_m).astype(np.int64)

    def _calls(self) -> tuple[NDArray[np.int64], Floats, Floats]:
        """(stop, measure, share of the reach that it is off) of every call."""
        measure = self.line.stops["measure_m"]
        plane = self.line.plane()
        at = plane.project(*self.line.place(measure))
        ahead = plane.project(*self.line.place(np.minimum(measure + 15.0, self.line.length_m)))
        behind = plane.project(*self.line.place(np.maximum(measure - 15.0, 0.0)))
        dx, dy = ahead[0] - behind[0], ahead[1] - behind[1]
        length = np.maximum(np.hypot(dx, dy), 1e-9)
        found: list[tuple[NDArray[np.int64], Floats, Floats]] = []
        room = 64
        for row in range(measure.size):
            terminal = row in (0, measure.size - 1)
            reach = self.p.terminal_reach_m if terminal else self.p.stop_reach_m
            while True:
                out_s, out_off = np.empty(room), np.empty(room)
                count = stop_calls(
                    at[0][row], at[1][row], dx[row] / length[row], dy[row] / length[row], terminal, self.vertices,
                    reach, out_s, out_off,
                )  # fmt: skip
                if count <= room:
                    break
                room = 2 * count
            found.append((np.full(count, row, np.int64), out_s[:count], out_off[:count] / reach))
        stop, s_m, off = (np.concatenate(column) for column in zip(*found, strict=True))
        return stop, s_m, off

    def best(self, taken: Sequence[tuple[float, float]]) -> _Chain:
        """The best chain outside what is taken; worth 0 when none is a run of the line."""
        p = self.p
        span = np.zeros(self.s_m.size, np.int64)
        for from_m, to_m in taken:
            turn = min(p.turn_m, (to_m - from_m) / 3.0)
            span += self.s_m >= to_m - turn
        for from_m, to_m in taken:
            turn = min(p.turn_m, (to_m - from_m) / 3.0)
            span[(self.s_m > from_m + turn) & (self.s_m < to_m - turn)] = -1
        score, before = np.empty(span.size), np.empty(span.size, np.int64)
        rules = np.array([p.detour_base_m, p.detour_share, p.run_break_s * 1000.0])
        measure = np.ascontiguousarray(self.line.stops["measure_m"])
        last = align(self.stop, self.s_m, self.t_ms, self.gain, span, measure, rules, score, before)
        calls: list[int] = []
        while last >= 0:
            calls.append(last)
            last = before[last]
        share = len(calls) / measure.size
        worth = float(score[calls[0]]) * share if len(calls) >= 2 and share >= p.partial_share else 0.0
        return _Chain(worth, np.array(calls[::-1], np.int64))

    def run(self, chain: _Chain) -> LineRun:
        """The run of a chain of calls."""
        p, way = self.p, self.way
        stops, s_m = self.stop[chain.calls], self.s_m[chain.calls]
        times = stop_times(way, s_m)
        rows = _skipped(len(self.line.stops))
        rows["arrive_ms"][stops], rows["depart_ms"][stops] = times.arrive_ms, times.depart_ms
        rows["dwell_s"][stops] = np.round((times.depart_ms - times.arrive_ms) / 1000.0)
        rows["quality"][stops] = _quality(times, p)
        share = stops.size / len(self.line.stops)
        both = stops[0] == 0 and stops[-1] == len(self.line.stops) - 1
        from_m, to_m = float(s_m[0]), float(s_m[-1])
        x, y = self.line_xy
        part = np.searchsorted(way.s_m, [from_m, to_m])
        vertices = self.vertices[max(part[0] - 1, 0) : part[1] + 1]
        way_x, way_y, way_s = np.ascontiguousarray(vertices.T)
        off_m = metres_beyond(way_x, way_y, way_s, x, y, line_boxes(x, y), p.corridor_m, p.corridor_step_m)
        complete = bool(both and share >= p.complete_trip_share)
        return LineRun(self.line, from_m, to_m, int(times.depart_ms[0]), int(times.arrive_ms[-1]), share, complete, rows, float(off_m))


def _quality(times: StopTimes, p: PassageParameters) -> NDArray[np.uint8]:
    near = np.where(times.gap_s <= p.interpolated_s, Quality.INTERPOLATED, Quality.INFERRED)
    return np.where(times.nearest_m <= p.observed_m, Quality.OBSERVED, near).astype(np.uint8)
