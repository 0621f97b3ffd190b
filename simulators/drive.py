"""Vehicles on their lines: one cycle of each line, second by second, and the place of any vehicle at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.county.model import County
from simulators.lines import Line, plan_lines
from simulators.speed import Motor, Path, Run, drive_path, headings

TRACK = np.dtype(
    [
        ("lon_e6", "<i4"),
        ("lat_e6", "<i4"),
        ("along_m", "<i4"),
        ("edge", "<i4"),
        ("altitude_m", "<i2"),
        ("speed_kmh10", "<i2"),
        ("heading_deg", "<i2"),
        ("state", "<i2"),
    ]
)
"""One second of a cycle: place in 1e-6 degree WGS-84, metres driven since the cycle's start, directed edge of the network,
altitude, speed in 0.1 km/h, heading 0 to 359 clockwise from north, `ACC` and `DOORS` bits."""

ACC = 1
"""Ignition is on."""
DOORS = 2
"""Standing at a stop with open doors."""

EPOCH_S = 1_767_196_800
"""2026-01-01 00:00 at +08:00: odometers count cycles from here, so that a place is a function of seed, vehicle and time alone."""

MOTORS = {
    "rural_bus": Motor(0.9, 1.1, 1.5, 1.0),
    "town_bus": Motor(0.9, 1.1, 1.4, 1.0),
    "coach": Motor(0.8, 1.0, 1.5, 1.0),
    "truck": Motor(0.5, 0.8, 1.2, 0.92),
}
CALL = np.dtype([("cycle", "<i4"), ("back", "<i4"), ("stop_seq", "<i4"), ("arrive_s", "<f8"), ("depart_s", "<f8")])
"""One stop of a cycle, terminals included: on the way out (0) or back (1), its number, seconds since the cycle's start at which the
vehicle comes to a halt and sets off."""

_DAY_S = 86_400
_PACES = (1.0, 0.93, 0.87)
_LAYOVER_S = {"rural_bus": (240, 900), "town_bus": (90, 300), "coach": (600, 1800), "truck": (900, 2400)}
_DWELL_S = (10, 35)


@dataclass(frozen=True, slots=True)
class Cycles:
    """All cycles back to back: track of `TRACK`; per cycle its first row, length (s = rows, a part of a day), metres, row of its line;
    calls: rows of `CALL` in order. A vehicle is at the same place at the same time of every day."""

    lines: tuple[Line, ...]
    track: NDArray[Any]
    start: NDArray[np.int64]
    length_s: NDArray[np.int64]
    length_m: NDArray[np.int64]
    line: NDArray[np.int64]
    calls: NDArray[Any]


def make_cycles(county: County, kinds: tuple[str, ...] = tuple(MOTORS)) -> Cycles:
    """Drive every line of the wanted kinds once at each pace; deterministic by the county's seed."""
    lines = tuple(line for line in plan_lines(county) if line.kind in kinds)
    parts: list[NDArray[Any]] = []
    owner: list[int] = []
    calls: list[NDArray[Any]] = []
    for row, line in enumerate(lines):
        for variant, pace in enumerate(_PACES):
            random = np.random.default_rng([county.settings.seed, 21, row, variant])
            part, called = _cycle(county, line, pace, random)
            called["cycle"] = len(parts)
            parts.append(part)
            calls.append(called)
            owner.append(row)
    length = np.array([len(part) for part in parts], np.int64)
    return Cycles(
        lines=lines,
        track=np.concatenate(parts),
        start=np.concatenate([[0], np.cumsum(length)[:-1]]).astype(np.int64),
        length_s=length,
        length_m=np.array([int(part["along_m"][-1]) for part in parts], np.int64),
        line=np.array(owner, np.int64),
        calls=np.concatenate([np.zeros(0, CALL), *calls]),
    )


def _cycle(county: County, line: Line, pace: float, random: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """(`TRACK` rows, `CALL` rows) of one cycle; standing time at the ends makes it a whole part of a day."""
    base = MOTORS[line.kind]
    motor = Motor(base.gain_mps2, base.brake_mps2, base.sideways_mps2, base.pace * pace)
    runs, waits = [], []
    for edges, stops in ((line.out, line.out_stops), (line.back, line.back_stops)):
        halts = [(at, float(random.integers(*_DWELL_S))) for at in stops]
        runs.append((drive_path(county, Path.of(county.network, edges), halts, motor, random), halts))
        waits.append(int(random.integers(*_LAYOVER_S[line.kind])))
    driven_s = sum(int(np.ceil(run.t_s[-1])) for run, _ in runs)
    spare_s = _part_of_a_day(driven_s + sum(waits)) - driven_s - sum(waits)
    waits = [waits[0] + spare_s // 2, waits[1] + spare_s - spare_s // 2]
    parts, calls, driven_m, begin_s = [], [], 0.0, 0
    for back, ((run, halts), wait) in enumerate(zip(runs, waits, strict=True)):
        part = _seconds(county, run, wait)
        part["along_m"] += round(driven_m)
        calls.append(_calls(run, halts, back, begin_s))
        driven_m, begin_s = driven_m + float(run.path.along_m[-1]), begin_s + part.size
        parts.append(part)
    return np.concatenate(parts), np.concatenate(calls)


def _part_of_a_day(seconds: int) -> int:
    """Least whole part of a day that is not shorter; days themselves where it is longer than one."""
    if seconds > _DAY_S:
        return -(-seconds // _DAY_S) * _DAY_S
    return next(part for part in range(seconds, _DAY_S + 1) if _DAY_S % part == 0)


def _calls(run: Run, halts: list[tuple[float, float]], back: int, begin_s: int) -> NDArray[Any]:
    """`CALL` rows of one way."""
    out = np.zeros(len(halts) + 2, CALL)
    out["back"], out["stop_seq"] = back, np.arange(out.size)
    for row, (at, dwell_s) in enumerate(halts, start=1):
        out["arrive_s"][row] = float(run.t_s[np.argmax(run.s_m >= at - 1e-6)])
        out["depart_s"][row] = out["arrive_s"][row] + dwell_s
    out["arrive_s"][-1] = out["depart_s"][-1] = float(run.t_s[-1])
    out["arrive_s"] += begin_s
    out["depart_s"] += begin_s
    return out


def _seconds(county: County, run: Run, layover_s: int) -> NDArray[Any]:
    """One run at 1 Hz and the standing time after it."""
    t = np.arange(int(np.ceil(run.t_s[-1])) + layover_s, dtype=np.float64)
    s, v = run.at(t)
    lon, lat = run.path.place(s)
    out = np.zeros(t.size, TRACK)
    out["lon_e6"], out["lat_e6"] = np.round(lon * 1e6), np.round(lat * 1e6)
    out["along_m"] = np.round(s)
    out["edge"] = run.path.edge_at(np.minimum(s, run.path.along_m[-1] - 0.01))
    out["altitude_m"] = np.round(county.altitude_m(lon, lat))
    out["speed_kmh10"] = np.round(v * 36.0)
    out["heading_deg"] = np.round(90.0 - np.degrees(headings(county, run.path, s, 8.0))).astype(np.int64) % 360
    standing = (v < 1e-9) & (t > 1) & (t < run.t_s[-1] - 1)
    parked = (t > run.t_s[-1] + 60) & (t < t.size - 60)
    out["state"] = np.where(parked, 0, ACC) | np.where(standing, DOORS, 0)
    return out


@dataclass(frozen=True, slots=True)
class Drivers:
    """Which vehicle drives which cycle: cycle, phase_s (s into it at `EPOCH_S`), odometer_m at `EPOCH_S`; (n,) each."""

    cycles: Cycles
    cycle: NDArray[np.int64]
    phase_s: NDArray[np.int64]
    odometer_m: NDArray[np.int64]

    @classmethod
    def assign(cls, cycles: Cycles, vehicles: int, seed: int, shares: dict[str, float]) -> Drivers:
        """Give vehicles to lines.

        Args:
            cycles: what can be driven.
            vehicles: how many.
            seed: same seed, same vehicles; a larger fleet begins with the vehicles of a smaller one.
            shares: kind -> weight.
        """
        kinds = np.array([cycles.lines[row].kind for row in cycles.line])
        weights = np.array([shares.get(kind, 0.0) / max(1, int((kinds == kind).sum())) for kind in kinds])
        steps = np.cumsum(weights / weights.sum())
        draws = np.random.default_rng([seed, 22]).random((vehicles, 3))
        cycle = np.minimum(np.searchsorted(steps, draws[:, 0], side="right"), steps.size - 1)
        phase = (draws[:, 1] * cycles.length_s[cycle]).astype(np.int64)
        return cls(cycles, cycle.astype(np.int64), phase, (20_000_000 + draws[:, 2] * 380_000_000).astype(np.int64))

    def of(self, vehicle: int) -> OneDriver:
        """Where one vehicle truly is."""
        return OneDriver(self, vehicle)

    def at(self, vehicles: NDArray[np.int64], t_s: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Where vehicles truly are.

        Args:
            vehicles: (n,) rows.
            t_s: (n,) or scalar, epoch seconds.
        Returns:
            (n,) `TRACK` rows and (n,) odometers in metres.
        """
        cycle = self.cycle[vehicles]
        turns, second = np.divmod(t_s - EPOCH_S + self.phase_s[vehicles], self.cycles.length_s[cycle])
        rows = self.cycles.track[self.cycles.start[cycle] + second]
        odometer = self.odometer_m[vehicles] + turns * self.cycles.length_m[cycle] + rows["along_m"]
        return rows, np.maximum(odometer, 0)


@dataclass(frozen=True, slots=True)
class OneDriver:
    """One vehicle of `Drivers`."""

    drivers: Drivers
    vehicle: int

    def at(self, t_s: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """(n,) `TRACK` rows and (n,) odometers in metres at (n,) epoch seconds."""
        return self.drivers.at(np.full(t_s.size, self.vehicle, np.int64), t_s)
