"""What live matching costs: CPU time a position on a county's roads.

    python -m benchmarks.live_matching [--vehicles 2000] [--interval 10] [--json]

Rural buses, coaches and trucks of the simulated county report through two hours of a morning, one call a reporting interval, with
white noise of 5 m an axis. The first hour warms memory and records up, the second is timed; the first minutes are printed as the
cold figure. Kernels are compiled before. scaled_us is the warm figure on the machine that the bars were set on, by a plain Python loop
timed before and after. Bars: 3 us a position, 2,500 bytes a record.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.matching import machine_factor
from domain.position import LOCATED, POSITION
from simulators.county import build_county
from simulators.drive import ACC, Drivers, make_cycles
from tracking.live_matching import LiveMatcher
from tracking.matched import State

BAR_US, BAR_BYTES = 3.0, 2_500
BEGIN_S = 1_774_306_800
NOISE_M, METRES_PER_DEGREE = 5.0, 111_300.0
HOUR_S, COLD_S = 3_600, 300
SHARES = {"rural_bus": 0.5, "coach": 0.25, "truck": 0.25}


def rows_at(drivers: Drivers, vehicles: int, t_s: int, random: np.random.Generator) -> NDArray[Any]:
    """One `POSITION` row of every vehicle."""
    which = np.arange(vehicles)
    true, odometer = drivers.at(which, np.full(vehicles, t_s))
    rows = np.zeros(vehicles, POSITION)
    east, north = random.normal(0, NOISE_M, (2, vehicles)) / METRES_PER_DEGREE * 1e6
    rows["lon_e6"] = true["lon_e6"] + np.round(east / np.cos(np.radians(true["lat_e6"] / 1e6)))
    rows["lat_e6"] = true["lat_e6"] + np.round(north)
    rows["t_ms"], rows["received_ms"], rows["vehicle_id"] = t_s * 1000, t_s * 1000 + 500, which
    rows["speed_kmh10"], rows["heading_deg"] = true["speed_kmh10"], true["heading_deg"]
    rows["status_bits"], rows["odometer_m"] = LOCATED | (true["state"] & ACC), odometer // 100 * 100
    rows["satellites"], rows["recorder_kmh10"], rows["fuel_l10"], rows["source"] = 9, -1, -1, 1
    return rows


def measured(vehicles: int, interval_s: int) -> dict[str, object]:
    """Figures of the two hours."""
    county = build_county()
    drivers = Drivers.assign(make_cycles(county, tuple(SHARES)), vehicles, 1, SHARES)
    random = np.random.default_rng(7)
    slots = np.arange(vehicles)
    live = LiveMatcher(county.network)
    states = live.blank(vehicles)
    warm = live.blank(vehicles)
    live.advance(warm, rows_at(drivers, vehicles, BEGIN_S - interval_s, random), slots)
    live.flush(warm, slots)
    factors = [machine_factor()]
    seconds = np.arange(BEGIN_S, BEGIN_S + 2 * HOUR_S, interval_s)
    spent, state = np.zeros(seconds.size), np.zeros(len(State), np.int64)
    committed = np.zeros(seconds.size, np.int64)
    for i, t_s in enumerate(seconds):
        rows = rows_at(drivers, vehicles, int(t_s), random)
        began = time.process_time()
        found = live.advance(states, rows, slots)
        spent[i] = time.process_time() - began
        committed[i] = len(found.committed)
        state += np.bincount(found.estimates["state"], minlength=len(State))
    factors.append(machine_factor())
    us = spent / vehicles * 1e6
    second = seconds >= BEGIN_S + HOUR_S
    return {
        "edges": county.network.edge_count, "vehicles": vehicles, "interval_s": interval_s, "positions": int(second.sum()) * vehicles,
        "cold_us": round(float(us[seconds < BEGIN_S + COLD_S].mean()), 2), "warm_us": round(float(us[second].mean()), 2),
        "scaled_us": round(float(us[second].mean()) * sum(factors) / 2, 2), "machine_factors": [round(one, 2) for one in factors],
        "bar_us": BAR_US, "state_bytes": live.state.itemsize, "bar_bytes": BAR_BYTES,
        "committed_a_position": round(float(committed[second].sum() / second.sum() / vehicles), 3),
        "states": {one.name.lower(): round(float(state[one] / state.sum()), 4) for one in State},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=2_000)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = measured(given.vehicles, given.interval)
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
