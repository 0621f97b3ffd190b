"""What the server pays for live frames: packing a keyframe and a delta of 100,000 vehicles, and the bytes of a vehicle.

Example:
    python -m benchmarks.frames
    python -m benchmarks.frames --vehicles 10000 --runs 50

Prints JSON. CPU is of the whole process, milliseconds, medians. A run takes a tenth of the vehicles as changed, advances the state
(not part of the bars, shown beside them), packs the delta and the keyframe. The floor copies the keyframe's bytes once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from api.live.frames import BYTES_PER_VEHICLE, HEADER, Kind, pack
from api.live.state import LiveState
from api.live.topics import Topic
from api.settings import LiveSettings
from storage.live import LAST

T0 = 1_700_000_000_000
PROVINCE = Topic("region", 520000)
BARS = {"keyframe_cpu_ms": 25.0, "delta_cpu_ms": 5.0, "bytes_per_vehicle": 16.0}
"""For 100,000 vehicles and a tenth of them changed."""


def fleet(vehicles: int) -> tuple[LiveState, np.ndarray]:
    """A state that knows the vehicles of a province, and their newest fixes."""
    random = np.random.default_rng(808)
    rows = np.zeros(vehicles, LAST)
    rows["vehicle_id"] = np.arange(1, vehicles + 1)
    rows["t_ms"] = rows["received_ms"] = rows["located_ms"] = T0
    rows["lon_e6"] = random.integers(103_600_000, 109_600_000, vehicles)
    rows["lat_e6"] = random.integers(24_600_000, 29_200_000, vehicles)
    rows["speed_kmh10"] = random.integers(0, 900, vehicles)
    rows["heading_deg"] = random.integers(0, 360, vehicles)
    state = LiveState(LiveSettings())
    counties = random.integers(520101, 522799, vehicles).astype(np.int32)
    state.enrol(rows["vehicle_id"].copy(), counties, np.ones(vehicles, np.int32))
    state.advance(rows, T0)
    return state, rows


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU milliseconds of one call."""
    started = time.process_time_ns()
    work()
    return (time.process_time_ns() - started) / 1e6


def measure(vehicles: int, runs: int) -> dict[str, float]:
    """Medians of all runs."""
    state, rows = fleet(vehicles)
    random = np.random.default_rng(809)
    seen: list[dict[str, float]] = []
    for run in range(runs):
        moved = np.sort(random.choice(vehicles, vehicles // 10, replace=False))
        rows["lon_e6"][moved] += 100
        rows["t_ms"][moved] = rows["received_ms"][moved] = rows["located_ms"][moved] = T0 + 2000 * (run + 1)
        seen.append(one_tick(state, rows[moved], run))
    assert {one["keyframe_bytes"] for one in seen} == {HEADER.size + BYTES_PER_VEHICLE * vehicles}
    assert {one["delta_bytes"] for one in seen} == {HEADER.size + BYTES_PER_VEHICLE * (vehicles // 10)}
    medians = {name: round(statistics.median(one[name] for one in seen), 3) for name in seen[0]}
    return medians | {"bytes_per_vehicle": round(medians["keyframe_bytes"] / vehicles, 3)}


def one_tick(state: LiveState, moved: np.ndarray, run: int) -> dict[str, float]:
    """Advance by the moved vehicles, then pack everything once."""
    now = T0 + 2000 * (run + 1)
    packed: dict[str, bytes] = {}

    def delta() -> None:
        packed["delta"] = pack(state.vehicles(PROVINCE, state.tick), Kind.DELTA, run, now)

    def keyframe() -> None:
        packed["keyframe"] = pack(state.vehicles(PROVINCE), Kind.KEYFRAME, run, now)

    times = {
        "advance_cpu_ms": cpu_ms(lambda: state.advance(moved, now)),
        "delta_cpu_ms": cpu_ms(delta),
        "keyframe_cpu_ms": cpu_ms(keyframe),
        "counts_cpu_ms": cpu_ms(lambda: state.counts(PROVINCE)),
        "floor_cpu_ms": cpu_ms(lambda: bytearray(packed["keyframe"])),
    }
    return times | {"delta_bytes": len(packed["delta"]), "keyframe_bytes": len(packed["keyframe"])}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=21)
    chosen = parser.parse_args()
    figures = measure(chosen.vehicles, chosen.runs)
    passed = {name: figures[name] <= bar for name, bar in BARS.items()}
    print(json.dumps({"vehicles": chosen.vehicles, "runs": chosen.runs, **figures, "bars": BARS, "passed": passed}, indent=2))
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
