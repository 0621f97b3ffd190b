"""CPU of judging by all rules: days of a fleet in one call each, and live batches of one or two fixes of many vehicles. JSON out.

`python -m benchmarks.rules [--vehicles 500] [--runs 5]`: microseconds of CPU a fix and fixes a CPU second, medians; beside them the floor
of copying the columns that the rules read.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from domain.units import day_bounds, day_of
from tracking.violations.judging import Memory, Whom, judge
from tracking.violations.model import RULES, Rows
from tracking.violations.threshold import Subject

BAR_PER_CPU_S = 1_000_000
INTERVAL_S, DAY_S = 10, 86_400
CLASSES = ("rural_bus", "town_bus", "line_coach", "freight")


def fleet(vehicles: int, seed: int = 1) -> dict[str, np.ndarray]:
    """A day of fixes, (vehicles, fixes) columns: driving by spells, some over the limit, some parked with drift."""
    rng = np.random.default_rng(seed)
    n = DAY_S // INTERVAL_S
    t_ms = day_bounds(day_of(1_772_400_000_000))[0] + np.arange(n) * INTERVAL_S * 1000
    minutes = rng.integers(5, 200, (vehicles, 60)) * 60 // INTERVAL_S
    driving = np.stack(
        [np.repeat(np.arange(60) % 2, one)[:n] if one.sum() >= n else np.resize(np.repeat(np.arange(60) % 2, one), n) for one in minutes]
    )
    speed = np.where(driving, rng.normal(58, 12, (vehicles, n)).clip(0, 120), 0).astype(np.float32)
    lon = (
        107_000_000
        + np.cumsum(speed / 3.6 * INTERVAL_S * 10, axis=1).astype(np.int32)
        + rng.integers(-40, 40, (vehicles, n), dtype=np.int32)
    )
    return {
        "t_ms": np.broadcast_to(t_ms, (vehicles, n)), "lon": lon, "speed": speed, "acc": driving.astype(np.int8),
        "limit": rng.choice(np.array([40, 60, 70, 100], np.float32), (vehicles, n // 30 + 1)).repeat(30, axis=1)[:, :n],
    }  # fmt: skip


def rows(columns: dict[str, np.ndarray], begin: int, end: int) -> Rows:
    """Fixes begin to end of every vehicle."""
    vehicles = columns["t_ms"].shape[0]
    cut = {name: np.ascontiguousarray(column[:, begin:end]).ravel() for name, column in columns.items()}
    n = cut["t_ms"].size
    place = np.stack([cut["lon"].astype(np.int32), np.full(n, 26_500_000, np.int32)], axis=1)
    start = np.arange(vehicles + 1) * (end - begin)
    void = np.zeros(n, np.int32)
    day_ms = day_bounds(day_of(int(cut["t_ms"][0])))[0]
    return Rows(
        start, cut["t_ms"], place, cut["speed"], cut["acc"], void, np.full(n, np.nan), cut["limit"], np.zeros(n, np.bool_), void, day_ms
    )


def cpu_s(act: Callable[[], Any], runs: int) -> float:
    """Median CPU seconds; the first call, which compiles, is not counted."""
    act()
    taken = []
    for _ in range(runs):
        begun = time.process_time()
        act()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def batch(columns: dict[str, np.ndarray], subjects: list[Subject], runs: int) -> dict[str, float]:
    """A day in one call."""
    whole = rows(columns, 0, columns["t_ms"].shape[1])
    whom = Whom.of(subjects)
    until = np.full(len(subjects), day_bounds(day_of(whole.day_ms))[1])
    taken = cpu_s(lambda: judge(whole, whom, Memory(len(subjects)), until), runs)
    floor = cpu_s(lambda: [np.copy(getattr(whole, name)) for name in ("t_ms", "place", "speed_kmh", "acc", "limit_kmh", "driver")], runs)
    edges = sum(len(told.edges) for told in judge(whole, whom, Memory(len(subjects)), until))
    return {
        "fixes": len(whole),
        "edges": edges,
        "cpu_us_a_fix": taken / len(whole) * 1e6,
        "fixes_a_cpu_s": len(whole) / taken,
        "copy_us_a_fix": floor / len(whole) * 1e6,
    }


def live(columns: dict[str, np.ndarray], subjects: list[Subject], runs: int, calls: int = 40) -> dict[str, float]:
    """Calls of two fixes of every vehicle that follow each other."""
    parts = [rows(columns, 3_000 + 2 * number, 3_002 + 2 * number) for number in range(calls)]

    whom = Whom.of(subjects)

    def act() -> None:
        memory = Memory(len(subjects))
        for part in parts:
            judge(part, whom, memory, part.t_ms[1::2] + 1)

    fixes = sum(map(len, parts))
    return {"fixes_a_call": len(parts[0]), "cpu_us_a_fix": cpu_s(act, runs) / fixes * 1e6}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    subjects = [Subject("520100", CLASSES[number % len(CLASSES)]) for number in range(chosen.vehicles)]
    many = [Subject("520100", CLASSES[number % len(CLASSES)]) for number in range(2_500)]
    day = batch(fleet(chosen.vehicles), subjects, chosen.runs)
    state = sum(RULES[rule_id].state.itemsize for rule_id in RULES)
    report = {
        "rules": list(RULES), "vehicles": chosen.vehicles, "runs": chosen.runs, "state_bytes_a_vehicle": state, "batch": day,
        "live": live(fleet(2_500), many, chosen.runs), "bar_fixes_a_cpu_s": BAR_PER_CPU_S,
        "passed": day["fixes_a_cpu_s"] >= BAR_PER_CPU_S,
    }  # fmt: skip
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
