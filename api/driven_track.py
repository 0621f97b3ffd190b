"""A vehicle's track over a span: runs of places with their times, raw or matched, simplified and converted as asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from api.drawn_day import Drawn, drawn
from api.segments import KINDS
from domain.datum import wgs84_to_gcj02
from domain.errors import RefusedError
from domain.position import ABSENT, located
from domain.units import DAY_MS, day_bounds, day_of
from storage import days, driven_paths
from storage.positions import read_track

MOST_FIXES = 300_000
SILENCE_MS = 300_000
"""A raw track is parted where nothing was heard for so long."""

METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True)
class Run:
    """Places in time order: (n,) epoch ms, degrees; speed (0.1 km/h) and heading (degrees) -1 where unknown, empty in a matched run.

    kind: "fixes", or a word of `api.segments.KINDS`.
    """

    kind: str
    t_ms: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    speed_kmh10: NDArray[np.int64]
    heading_deg: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.t_ms)

    def at(self, rows: NDArray[Any]) -> Run:
        """The run with these rows alone."""
        beside = (self.speed_kmh10[rows], self.heading_deg[rows]) if len(self.speed_kmh10) else (self.speed_kmh10, self.heading_deg)
        return Run(self.kind, self.t_ms[rows], self.lon[rows], self.lat[rows], *beside)


def raw(conn: psycopg.Connection[Any], vehicle_id: int, span: tuple[int, int], archive: Path | None) -> list[Run]:
    """Fixes in [start, end) epoch ms, cleaned of nothing but those without a place; parted at silences.

    Raises:
        RefusedError: more than `MOST_FIXES`.
    """
    parts, total = [], 0
    for begin, end in _days(span):
        part = read_track(conn, vehicle_id, begin, end, archive)
        total += len(part)
        if total > MOST_FIXES:
            raise RefusedError(f"more than {MOST_FIXES} fixes: ask for a shorter span", field="to")
        parts.append(part[located(part)])
    rows = np.concatenate(parts) if len(parts) > 1 else parts[0]
    t_ms = rows["t_ms"].astype(np.int64)
    cuts = np.flatnonzero(np.diff(t_ms) > SILENCE_MS) + 1
    whole = Run("fixes", t_ms, rows["lon_e6"] / 1e6, rows["lat_e6"] / 1e6, *(_known(rows[name]) for name in ("speed_kmh10", "heading_deg")))
    return [whole.at(part) for part in np.split(np.arange(len(t_ms)), cuts) if len(part)]


def matched(conn: psycopg.Connection[Any], vehicle_id: int, span: tuple[int, int], archive: Path | None) -> list[Run]:
    """Ways of the segments that touch the span, of the days that are computed; the time between a segment's ends is spread by length."""
    runs: list[Run] = []
    for begin, end in _days(span):
        day = day_of(begin)
        path = driven_paths.path(conn, vehicle_id, day)
        if path is None:
            continue
        segments = days.segments(conn, vehicle_id, day)
        fixes = read_track(conn, vehicle_id, *day_bounds(day), archive if not path.pieces else None)
        lines = drawn(segments, path, fixes)
        runs += [_along(row, line) for row, line in zip(segments, lines, strict=True) if len(line.line) and _touches(row, begin, end)]
    return runs


def simplified(runs: list[Run], tolerance_m: float) -> list[Run]:
    """Runs with the places that are needed to be no further than the tolerance from the line (Douglas and Peucker 1973)."""
    return [run.at(_needed(run, tolerance_m)) if len(run) > 2 else run for run in runs]


def in_gcj02(runs: list[Run]) -> list[Run]:
    """Runs with GCJ-02 degrees."""
    out = []
    for run in runs:
        lon, lat = wgs84_to_gcj02(run.lon, run.lat)
        out.append(replace(run, lon=lon, lat=lat))
    return out


def _days(span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The span cut at midnights of Asia/Shanghai; never empty."""
    begin, end = span
    while True:
        next_ = min(day_bounds(day_of(begin))[0] + DAY_MS, end)
        yield begin, next_
        if next_ >= end:
            return
        begin = next_


def _known(values: NDArray[Any]) -> NDArray[np.int64]:
    wide = values.astype(np.int64)
    return np.where(wide == ABSENT, -1, wide)


def _touches(segment: Any, begin: int, end: int) -> bool:
    return bool(segment["from_ms"] < end and segment["to_ms"] > begin)


def _along(segment: Any, way: Drawn) -> Run:
    line, nothing = way.line, np.zeros(0, np.int64)
    east = np.diff(line[:, 0]) * np.cos(np.radians(line[:-1, 1]))
    along = np.concatenate([[0.0], np.cumsum(np.hypot(east, np.diff(line[:, 1])))])
    share = along / along[-1] if along[-1] > 0 else np.zeros(len(line))
    t_ms = (segment["from_ms"] + np.round(share * (segment["to_ms"] - segment["from_ms"]))).astype(np.int64)
    return Run(KINDS[int(segment["kind"])], t_ms, line[:, 0], line[:, 1], nothing, nothing)


def _needed(run: Run, tolerance_m: float) -> NDArray[np.int64]:
    east = (run.lon - run.lon[0]) * METRES_PER_DEGREE * np.cos(np.radians(run.lat.mean()))
    north = (run.lat - run.lat[0]) * METRES_PER_DEGREE
    line = shapely.linestrings(np.column_stack([east, north, np.arange(len(run), dtype=np.float64)]))
    kept = shapely.get_coordinates(shapely.simplify(line, tolerance_m, preserve_topology=False), include_z=True)
    rows: NDArray[np.int64] = kept[:, 2].astype(np.int64)
    return rows
