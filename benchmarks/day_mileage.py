"""Mileage of simulated vehicle-days against exact truth.

Example:
    python -m benchmarks.day_mileage
    python -m benchmarks.day_mileage --days 400 --seed 7 --json day_mileage.json

Rural buses, coaches and trucks of a simulated county, each working some hours of a day and parked with ignition off the rest.
Fixes carry white noise (3 to 10 m an axis), wrong places in episodes (`simulators.faults`: drift, antenna cut), fixes out of
order and twice, and, on the rows so named, silences of 2 to 5 minutes that are never made good. Odometers are up to 5 % off, in
steps of 100 m; a fifth of the vehicles has none. Truth is the simulator's own way, metre by metre.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import LOCATED, POSITION
from domain.units import day_bounds
from simulators.county import build_county
from simulators.county.model import County, CountySettings
from simulators.drive import ACC, Drivers, make_cycles
from simulators.faults import DEFAULT_FAULTS, FixFaults
from tracking.daily import DayResult, compute_day
from tracking.vehicle_day import DayContext

DAY = date(2026, 3, 24)
KINDS = ("rural_bus", "coach", "truck")
PROFILES = {"rural_bus": "bus", "coach": "coach", "truck": "truck"}
LEAST_M = 150_000
METRES_PER_DEGREE = 111_300.0


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
        self.drivers = Drivers.assign(self.cycles, 4_000, seed, {"rural_bus": 0.5, "coach": 0.25, "truck": 0.25})
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one vehicle-day came to."""

    case: Case
    kind: str
    has_odometer: bool
    truth_m: float
    booked_m: float
    inside: bool
    inferred_m: float
    off_road_m: float
    cpu_s: float
    flags: tuple[str, ...]

    @property
    def error(self) -> float:
        return self.booked_m / self.truth_m - 1.0


def outcome(case: Case, drive: Drive, result: DayResult, cpu_s: float) -> Outcome:
    f = result.figures
    inside = f.low_m <= drive.truth_m + 0.5 and drive.truth_m - 0.5 <= f.high_m
    return Outcome(
        case, drive.kind, drive.has_odometer, drive.truth_m, f.matched_m, inside, f.inferred_m, f.off_road_m, cpu_s, f.flags
    )  # fmt: skip


def figures(outcomes: list[Outcome]) -> dict[str, Any]:
    """Median, 95th percentile and worst |error|, bias (all per cent), interval coverage."""
    error = np.array([o.error for o in outcomes]) * 100.0
    size = np.abs(error)
    truth = np.array([o.truth_m for o in outcomes])
    return {
        "days": len(outcomes), "km_a_day": round(float(truth.mean()) / 1000, 1), "median": round(float(np.median(size)), 3),
        "p95": round(float(np.quantile(size, 0.95, method="higher")), 3), "max": round(float(size.max()), 3),
        "bias": round(float((error * truth).sum() / truth.sum()), 3), "interval": round(100 * float(np.mean([o.inside for o in outcomes])), 1),
        "inferred": round(100 * float(sum(o.inferred_m for o in outcomes) / truth.sum()), 2),
        "off_road": round(100 * float(sum(o.off_road_m for o in outcomes) / truth.sum()), 2),
        "cpu_ms": round(1000 * float(np.median([o.cpu_s for o in outcomes])), 1),
    }  # fmt: skip


def parked(interval_s: int, seed: int) -> int:
    """Metres that 8 parked hours with 5 m of noise come to."""
    random = np.random.default_rng([seed, interval_s])
    begin = day_bounds(DAY)[0]
    n = 8 * 3600 // interval_s
    rows = np.zeros(n, POSITION)
    rows["t_ms"] = rows["received_ms"] = begin + np.arange(n) * interval_s * 1000
    rows["lon_e6"] = 114_900_000 + np.round(random.normal(0, 5, n) / 96_000 * 1e6)
    rows["lat_e6"] = 30_000_000 + np.round(random.normal(0, 5, n) / 111_000 * 1e6)
    rows["status_bits"], rows["odometer_m"], rows["satellites"] = LOCATED | ACC, -1, 9
    return compute_day(rows, DAY, None).figures.matched_m


def table(rows: dict[str, dict[str, Any]]) -> str:
    names = list(next(iter(rows.values())))
    lines = [f"{'':34}" + "".join(f"{name:>10}" for name in names)]
    lines += [f"{title:34}" + "".join(f"{row[name]:>10}" for name in names) for title, row in rows.items()]
    return "\n".join(lines)


def run(seed: int, share: float, worst: int) -> dict[str, Any]:
    outcomes: list[Outcome] = []
    numbers: list[int] = []
    fleets = [Fleet(build_county(CountySettings(seed=seed + k)), seed + k) for k in range(2)]
    number = 0
    for case in CASES:
        for _ in range(max(round(case.days * share), 1)):
            fleet = fleets[number % 2]
            drive = fleet.day(number, case)
            context = DayContext(profile=PROFILES[drive.kind], usual_interval_s=float(case.interval_s))
            begun = time.process_time()
            result = compute_day(drive.rows, DAY, fleet.county.network, None, context)
            outcomes.append(outcome(case, drive, result, time.process_time() - begun))
            numbers.append(number)
            number += 1
        print(f"{case.name}: {number} days", file=sys.stderr)
    rows = {case.name: figures([o for o in outcomes if o.case == case]) for case in CASES}
    for title, has in (("gaps, with odometer", True), ("gaps, without odometer", False)):
        rows[title] = figures([o for o in outcomes if o.case.gaps and o.has_odometer == has])
    for kind in KINDS:
        rows[kind] = figures([o for o in outcomes if o.kind == kind])
    rows["all"] = figures(outcomes)
    print(table(rows))
    standing = {f"{interval} s": parked(interval, seed) for interval in (1, 10, 30)}
    print("parked 8 h, metres:", standing)
    ranked = sorted(zip(outcomes, numbers, strict=True), key=lambda pair: -abs(pair[0].error))[:worst]
    for o, which in ranked:
        print(
            f"  day {which}: {o.case.name}, {o.kind}, {100 * o.error:+.3f} %, inferred {o.inferred_m}, off road {o.off_road_m}, {o.flags}"
        )
    return {"seed": seed, "percent": rows, "parked_8h_m": standing}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=sum(case.days for case in CASES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--worst", type=int, default=5, help="days with the largest error to name")
    given = parser.parse_args()
    found = run(given.seed, given.days / sum(case.days for case in CASES), given.worst)
    text = json.dumps(found, indent=1)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
