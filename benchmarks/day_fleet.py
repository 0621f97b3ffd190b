"""Simulated vehicle-days with exact truth: the drives that `benchmarks.day_mileage` measures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.live_matching import METRES_PER_DEGREE, SHARES
from domain.position import LOCATED, POSITION
from domain.units import day_bounds
from simulators.county.model import County
from simulators.drive import ACC, Drivers, make_cycles
from simulators.faults import DEFAULT_FAULTS, FixFaults

DAY = date(2026, 3, 24)
KINDS = tuple(SHARES)
PROFILES = {"rural_bus": "bus", "coach": "coach", "truck": "truck"}
LEAST_M = 150_000


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table: reporting interval, days, silences a day."""

    interval_s: int
    days: int
    gaps: int = 0

    @property
    def name(self) -> str:
        return f"{self.interval_s} s" + (", gaps" if self.gaps else "")


CASES = (Case(1, 12), Case(5, 30), Case(10, 80), Case(10, 50, 6), Case(15, 20), Case(30, 80), Case(30, 30, 6))


@dataclass(frozen=True, slots=True)
class Drive:
    """One vehicle-day: rows as stored, truth in metres, share that was driven in silences without a fix."""

    rows: NDArray[Any]
    truth_m: float
    kind: str
    has_odometer: bool


class Fleet:
    """Vehicle-days of a county."""

    def __init__(self, county: County, seed: int) -> None:
        self.county, self.seed = county, seed
        self.cycles = make_cycles(county, KINDS)
        self.faults = FixFaults(DEFAULT_FAULTS, seed)
        self.drivers = Drivers.assign(self.cycles, 4_000, seed, SHARES)
        pace = self.cycles.length_m / self.cycles.length_s
        self.able = np.flatnonzero(pace[self.drivers.cycle] * 15 * 3600 > LEAST_M)
        self.kind = [self.cycles.lines[self.cycles.line[c]].kind for c in self.drivers.cycle]

    def day(self, number: int, case: Case) -> Drive:
        """The number-th vehicle-day."""
        vehicle = int(self.able[number % self.able.size])
        random = np.random.default_rng([self.seed, number, case.interval_s, case.gaps])
        begin_s, end_s = (x // 1000 for x in day_bounds(DAY))
        first = begin_s + int(random.integers(5 * 3600, 7 * 3600))
        last = self._home(vehicle, first, begin_s + 22 * 3600, random)
        seconds = np.arange(begin_s + int(random.integers(0, case.interval_s)), end_s, case.interval_s)
        at = np.clip(seconds, first, last)
        track, odometer = self._at(vehicle, at)
        truth = self._at(vehicle, np.array([last]))[1][0] - self._at(vehicle, np.array([first]))[1][0]
        rows = self._rows(vehicle, seconds, at, track, random)
        has_odometer = number % 5 != 0
        scale = 1.0 + random.uniform(-0.05, 0.05)
        rows["odometer_m"] = np.floor(odometer * scale / 100.0) * 100 if has_odometer else -1
        silent = self._silences(seconds, first, last, case.gaps, random)
        return Drive(_jumbled(rows[~silent], random), float(truth), self.kind[vehicle], has_odometer)

    def _at(self, vehicle: int, t_s: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        return self.drivers.at(np.full(t_s.size, vehicle), t_s)

    def _home(self, vehicle: int, first: int, latest: int, random: np.random.Generator) -> int:
        """When the vehicle stops for the day: after 150 km and some hours."""
        t = np.arange(first, latest)
        odometer = self._at(vehicle, t)[1]
        enough = int(np.searchsorted(odometer, odometer[0] + LEAST_M))
        return first + min(max(enough + int(random.integers(0, 7_200)), int(random.integers(7, 13)) * 3600), t.size - 1)

    def _rows(
        self, vehicle: int, seconds: NDArray[np.int64], at: NDArray[np.int64], track: NDArray[Any], random: np.random.Generator
    ) -> NDArray[Any]:
        n = seconds.size
        rows = np.zeros(n, POSITION)
        parked = seconds != at
        noise = random.uniform(3.0, 10.0)
        _, east, north = self.faults.drifting(np.full(n, vehicle), seconds)
        east, north = east + random.normal(0, noise, n), north + random.normal(0, noise, n)
        narrow = np.cos(np.radians(track["lat_e6"] / 1e6))
        rows["lon_e6"] = track["lon_e6"] + np.round(east / METRES_PER_DEGREE / narrow * 1e6)
        rows["lat_e6"] = track["lat_e6"] + np.round(north / METRES_PER_DEGREE * 1e6)
        rows["t_ms"], rows["received_ms"] = seconds * 1000, seconds * 1000 + 800
        speed = np.where(parked, 0, track["speed_kmh10"])
        rows["speed_kmh10"] = np.where(speed > 0, np.maximum(speed + np.round(random.normal(0, 7, n)), 0), 0)
        rows["heading_deg"] = np.round(track["heading_deg"] + random.normal(0, 5, n)) % 360
        rows["altitude_m"], rows["satellites"], rows["vehicle_id"], rows["source"] = track["altitude_m"], 9, vehicle, 1
        rows["status_bits"] = LOCATED | np.where(parked, 0, track["state"] & ACC)
        cut = self.faults.without_antenna(np.full(n, vehicle), seconds)
        lost = self._at(vehicle, np.clip(self.faults.antenna_lost_s(seconds[cut]), at[0], at[-1]))[0]
        rows["lon_e6"][cut], rows["lat_e6"][cut] = lost["lon_e6"], lost["lat_e6"]
        rows["speed_kmh10"][cut], rows["satellites"][cut] = 0, 0
        rows["status_bits"][cut] &= ~LOCATED
        rows["recorder_kmh10"], rows["fuel_l10"] = -1, -1
        return rows

    @staticmethod
    def _silences(seconds: NDArray[np.int64], first: int, last: int, gaps: int, random: np.random.Generator) -> NDArray[np.bool_]:
        silent = np.zeros(seconds.size, bool)
        for begin in random.integers(first, last - 300, gaps):
            silent |= (seconds > begin) & (seconds < begin + int(random.integers(120, 300)))
        return silent


def _jumbled(rows: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """One row in fifty comes late, one in a hundred twice."""
    place = np.arange(rows.size) + np.where(random.random(rows.size) < 0.02, random.integers(1, 30, rows.size), 0)
    rows = rows[np.argsort(place, kind="stable")]
    return np.concatenate([rows, rows[random.random(rows.size) < 0.01]])
