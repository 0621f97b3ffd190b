"""Drives along lines of a simulated county whose stop times are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.track import Track
from simulators.county import County
from simulators.drive import MOTORS
from simulators.lines import Line
from simulators.speed import Path, drive_path, headings
from tracking.line_path import LinePath, line_path, whole_edges

START_S = 1_767_225_600.0
"""2026-01-01 08:00 at +08:00."""


@dataclass(frozen=True)
class Truth:
    """One run: when each stop of its line was reached and left, epoch seconds, terminals included."""

    line: LinePath
    arrive_s: np.ndarray
    depart_s: np.ndarray


@dataclass(frozen=True)
class Driven:
    """1 Hz truth of a drive: epoch s, lon, lat, m/s, heading, metres; and its runs."""

    t_s: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    v_mps: np.ndarray
    heading_deg: np.ndarray
    s_m: np.ndarray
    runs: tuple[Truth, ...]

    def track(self, interval_s: int, noise_m: float, seed: int, *, told: bool = True) -> Track:
        """Fixes every interval, with white noise; told: speed and heading are reported."""
        random = np.random.default_rng([seed, interval_s])
        rows = np.arange(int(random.integers(0, interval_s)), self.t_s.size, interval_s)
        east, north = random.normal(0, noise_m, (2, rows.size))
        columns = {"speed_kmh": np.round(self.v_mps[rows] * 3.6), "heading_deg": np.round(self.heading_deg[rows])} if told else {}
        lat = self.lat[rows] + north / 111_000
        return Track.plain(self.lon[rows] + east / (111_320 * np.cos(np.radians(lat))), lat, self.t_s[rows], **columns)


def paths_of(county: County, line: Line) -> tuple[LinePath, LinePath]:
    """The line there and back, terminals included in the stops."""
    out = []
    for variant, edges, stops in (("out", line.out, line.out_stops), ("back", line.back, line.back_stops)):
        parts = whole_edges(county.network, edges)
        length = float(parts["to_m"].sum())
        out.append(line_path(county.network, parts, [0.0, *stops, length], line_id=line.name_en, variant=variant))
    return out[0], out[1]


def drive(
    county: County, runs: list[tuple[np.ndarray, LinePath, list[float]]], seed: int, layover_s: tuple[int, int] = (60, 200)
) -> Driven:
    """Drive lines one after the other.

    Args:
        runs: (edges, the line, dwell at each inner stop, 0 to pass it without halt).
    """
    random = np.random.default_rng(seed)
    t0, s0 = START_S, 0.0
    columns: list[np.ndarray] = []
    truths = []
    for edges, line, dwells in runs:
        path = Path.of(county.network, edges)
        measures = line.stops["measure_m"][1:-1].tolist()
        halts = [(at, dwell) for at, dwell in zip(measures, dwells, strict=True) if dwell > 0]
        run = drive_path(county, path, halts, MOTORS["rural_bus"], random)
        wait = float(random.integers(*layover_s))
        t = np.arange(0.0, np.ceil(run.t_s[-1]) + wait)
        s, v = run.at(t)
        lon, lat = path.place(s)
        heading = (90.0 - np.degrees(headings(county, path, s, 8.0))) % 360
        columns.append(np.column_stack([t0 + t, lon, lat, v, heading, s0 + s]))
        every = line.stops["measure_m"]
        arrive = np.array([run.t_s[np.argmax(run.s_m >= at - 1e-6)] if dwell else np.interp(at, run.s_m, run.t_s)
                           for at, dwell in zip(every, [1, *dwells, 1], strict=True)])  # fmt: skip
        depart = arrive + np.array([0.0, *dwells, 0.0])
        truths.append(Truth(line, t0 + arrive, t0 + depart))
        t0, s0 = t0 + t[-1] + 1.0, s0 + float(path.along_m[-1])
    flat = np.concatenate(columns).T
    return Driven(*flat, tuple(truths))
