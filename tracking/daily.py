"""One vehicle, one day: `compute_day`, a list of steps. Pure: same input, same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import ABSENT, POSITION
from domain.track import Track
from domain.units import day_bounds
from tracking.cleaning import Cleaned, Keep, clean, time_order
from tracking.datum import datum_suspect
from tracking.driven_way import DrivenWay, driven_way
from tracking.edge_speeds import EDGE_SPEED, edge_speeds
from tracking.evidence import evidence_hash, input_hash
from tracking.excursions import match_without_excursions
from tracking.indicators import quality_of
from tracking.legs import geodesics
from tracking.matched import Match, State
from tracking.mileage import measure
from tracking.network.model import RoadNetwork
from tracking.passages import LineRun, line_runs, run_trips
from tracking.segments import SegmentKind, Segments
from tracking.spans import covered_ms, total_ms
from tracking.trips import STAY, TRIP, stays_of, trips_of
from tracking.vehicle_day import DayContext, DayLines, DayParameters, DayResult, VehicleDay


def compute_day(
    rows: NDArray[Any],
    day: date,
    network: RoadNetwork | None,
    lines: DayLines | None = None,
    context: DayContext | None = None,
    parameters: DayParameters | None = None,
) -> DayResult:
    """What one vehicle did on one Asia/Shanghai day.

    Args:
        rows: its `POSITION` rows in any order; those of the day and of `margin_s` before and after are used.
        network: of its region, None where there is none.
        lines: those it may run, and stations.
    """
    work = _Day(day, network, lines or DayLines(), context or DayContext(), parameters or DayParameters(), rows)
    for step in STEPS:
        step(work)
    return work.result()


@dataclass(slots=True, eq=False)
class _Day:
    """A day being computed."""

    day: date
    network: RoadNetwork | None
    lines: DayLines
    context: DayContext
    parameters: DayParameters
    rows: NDArray[Any]
    track: Track = field(init=False)
    cleaned: Cleaned = field(init=False)
    segments: Segments = field(init=False)
    match: Match | None = None
    trips: NDArray[Any] = field(default_factory=lambda: np.zeros(0, TRIP))
    stays: NDArray[Any] = field(default_factory=lambda: np.zeros(0, STAY))
    runs: tuple[LineRun, ...] = ()
    way: DrivenWay | None = None
    edge_speeds: NDArray[Any] = field(default_factory=lambda: np.zeros(0, EDGE_SPEED))
    figures: VehicleDay = field(default_factory=VehicleDay)
    flags: set[str] = field(default_factory=set)

    @property
    def window_ms(self) -> tuple[int, int]:
        return day_bounds(self.day)

    def result(self) -> DayResult:
        version = self.network.version if self.network is not None else ""
        figures = replace(self.figures, flags=tuple(sorted(self.flags)))
        parts = (self.segments.rows, self.trips, self.stays, *(run.passages for run in self.runs), self.edge_speeds)
        said = repr((asdict(figures), asdict(self.segments.ratio)))
        return DayResult(
            self.day, self.context, figures, self.rows, self.match, self.segments, self.trips, self.stays, self.runs,
            self.edge_speeds, version, self.parameters.match.version,
            input_hash(self.rows, self.day, version, self.lines, self.context, self.parameters),
            evidence_hash(self.rows, self.match, self.network, parts, said),
        )  # fmt: skip


def _order(work: _Day) -> None:
    """Rows of the window in one order whatever order they came in, one a time."""
    rows = np.ascontiguousarray(work.rows.astype(POSITION, copy=False))
    margin = int(work.parameters.margin_s * 1000)
    begin, end = work.window_ms
    rows = rows[(rows["t_ms"] >= begin - margin) & (rows["t_ms"] < end + margin)]
    names = ("source", "odometer_m", "status_bits", "speed_kmh10", "heading_deg", "lat_e6", "lon_e6", "received_ms", "t_ms")
    rows = rows[np.lexsort(tuple(rows[name] for name in names))]
    rows = rows[time_order(Track.of(rows))]
    first = np.concatenate([[True], np.diff(rows["t_ms"]) > 0])[: rows.size]
    work.rows = rows[first]
    work.track = Track.of(work.rows)


def _match(work: _Day) -> None:
    """Clean, standstill, sigma, thin, match: the matcher's own steps; without a network only cleaning."""
    if work.network is None or not work.network.edge_count:
        work.cleaned = clean(work.track)
        work.flags.add("NO_NETWORK")
        return
    p = work.parameters
    work.match = match_without_excursions(work.track, work.network, work.context.profile, p.match, work.context.ratio, p.excursions)
    work.cleaned = work.match.cleaned


def _measure(work: _Day) -> None:
    network = work.network if work.match is not None else None
    context = work.context.measuring(work.window_ms)
    work.segments = measure(work.track, work.cleaned, work.match, network, context, work.parameters.mileage)
    work.flags |= set(work.segments.flags)


def _trips(work: _Day) -> None:
    work.trips = trips_of(work.track, work.cleaned, work.segments, work.parameters.trips)
    work.stays = stays_of(work.cleaned, work.window_ms, work.lines.stations, work.parameters.trips)


def _passages(work: _Day) -> None:
    """The way driven, and runs of the lines given that begin on the day."""
    if work.match is None or work.network is None:
        return
    begin, end = work.window_ms
    work.way = driven_way(work.track, work.match, work.network)
    if work.lines.lines:
        found = line_runs(work.way, work.lines.lines, work.parameters.passages)
        work.runs = tuple(run for run in found if begin <= run.from_ms < end)


def _speeds(work: _Day) -> None:
    """Edge speeds of the hours of the day."""
    if work.way is None or work.match is None or work.network is None:
        return
    begin, end = work.window_ms
    found = edge_speeds(work.way, work.match, work.network)
    work.edge_speeds = found[(found["hour_ms"] >= begin) & (found["hour_ms"] < end)]


def _roads(work: _Day) -> None:
    """Flags that the roads raise: left behind, or shifted."""
    match, network = work.match, work.network
    if match is None or network is None:
        return
    west, south, east, north = network.bounds()
    reach = work.parameters.outside_m / 111_000.0
    placed = match.state != State.VOID
    lon, lat = work.track.lon_deg, work.track.lat_deg
    wide = reach / np.cos(np.radians(0.5 * (south + north)))
    outside = (lon < west - wide) | (lon > east + wide) | (lat < south - reach) | (lat > north + reach)
    if bool((placed & outside).any()):
        work.flags.add("LEFT_NETWORK")
    off, driven = work.segments.metres(SegmentKind.OFF_ROAD), work.segments.metres()
    if off >= work.parameters.datum_share * driven and driven >= work.parameters.datum_m:
        moving = placed & (match.state != State.STILL) & (work.track.speed_kmh >= work.parameters.moving_kmh)
        if datum_suspect(network, lon[moving], lat[moving]):
            work.flags.add("DATUM_SUSPECT")


def _indicators(work: _Day) -> None:
    """The golden columns."""
    segments, window, context = work.segments, work.window_ms, work.context
    low, high = segments.interval()
    quality = quality_of(work.rows, window, work.parameters.quality)
    odo_start, odo_end = _odometer_ends(work)
    duties = context.duties or _moving_span(work)
    if context.planned_trips is None:
        work.flags.add("NO_TIMETABLE")
    work.figures = VehicleDay(
        matched_m=segments.metres(),
        on_road_m=segments.metres(SegmentKind.ON_ROAD),
        off_road_m=segments.metres(SegmentKind.OFF_ROAD),
        inferred_m=segments.metres(SegmentKind.GAP),
        ferry_m=(int(segments.rows["ferry_mm"].sum()) + 500) // 1000,
        low_m=low,
        high_m=high,
        gps_raw_m=_raw_m(work),
        off_route_m=round(sum(run.off_route_m for run in work.runs if run.complete)),
        odo_start_m=odo_start,
        odo_end_m=odo_end,
        **asdict(quality),
        duty_ms=total_ms(duties),
        online_ms=covered_ms(work.track.t_ms, duties, int(work.parameters.online_gap_s * 1000)),
        planned_trips=context.planned_trips or 0,
        run_trips=run_trips(work.runs),
    )


def _odometer_ends(work: _Day) -> tuple[int | None, int | None]:
    """(reading at the day's beginning, at its end): the last one before it where known; None without readings."""
    said = work.rows[work.rows["odometer_m"] != ABSENT]
    begin, end = work.window_ms
    before, inside = said[said["t_ms"] < begin], said[(said["t_ms"] >= begin) & (said["t_ms"] < end)]
    start = int(before["odometer_m"][-1]) if before.size else work.context.odometer_before_m
    if start is None and inside.size:
        start = int(inside["odometer_m"][0])
    return start, int(inside["odometer_m"][-1]) if inside.size else start


def _moving_span(work: _Day) -> tuple[tuple[int, int], ...]:
    """From the first to the last moving fix of the day."""
    keep = work.cleaned.keep
    moving = ((keep == Keep.KEPT) | (keep == Keep.THINNED)) & (work.track.speed_kmh >= work.parameters.moving_kmh)
    t = work.track.t_ms[moving & (work.track.t_ms >= work.window_ms[0]) & (work.track.t_ms < work.window_ms[1])]
    return ((int(t[0]), int(t[-1])),) if t.size else ()


def _raw_m(work: _Day) -> int:
    """Plain sum of straight legs between valid fixes of the day, metres."""
    keep, t = work.cleaned.keep, work.track.t_ms
    valid = np.flatnonzero((keep <= Keep.THINNED) & (t >= work.window_ms[0]) & (t < work.window_ms[1]))
    millimetres = np.floor(geodesics(work.track.lon_deg[valid], work.track.lat_deg[valid]) * 1000.0 + 0.5)
    return (int(millimetres.sum()) + 500) // 1000


STEPS: tuple[Callable[[_Day], None], ...] = (_order, _match, _measure, _trips, _passages, _speeds, _roads, _indicators)
"""The day, in order; cleaning, standstill, sigma and thinning are steps of the match."""


__all__ = ["DayContext", "DayLines", "DayParameters", "DayResult", "VehicleDay", "compute_day"]
