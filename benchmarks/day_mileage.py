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
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.day_fleet import CASES, DAY, KINDS, PROFILES, Case, Drive, Fleet
from domain.position import LOCATED, POSITION
from domain.units import day_bounds
from simulators.county import build_county
from simulators.county.model import CountySettings
from simulators.drive import ACC
from tracking.daily import DayResult, compute_day
from tracking.vehicle_day import DayContext


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
