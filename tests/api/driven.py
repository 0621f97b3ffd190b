"""Days driven by simulated buses of the county, stored as positions and computed as the worker does it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from domain.position import LOCATED, POSITION
from domain.units import day_bounds
from ingest import days, due_store
from ingest.day_unit import Place
from simulators.county import County
from simulators.drive import Drivers, make_cycles
from storage.pool import connect
from tests.ingest.day_fleet import put
from tracking.network import save

MODEL_DAY = date(2026, 9, 10)
GAP_H = (8.6, 8.85)
"""Hours of the day between which nothing was sent."""
ASIDE_H = (9.5, 9.62)
"""Hours between which the vehicle drove beside the roads of the map."""


def bus_day(county: County, vehicle_id: int, day: date, *, hours: tuple[float, float] = (7.0, 10.5), seed: int = 5) -> np.ndarray:
    """`POSITION` rows of a rural bus on its line, every 10 s with 4 m of noise, a silence and a way beside the roads.

    Every day is driven as the model day, so that what happens in the silence does not hang on the date.
    """
    drivers = Drivers.assign(make_cycles(county, ("rural_bus",)), 1, seed, {"rural_bus": 1.0})
    begin_s = day_bounds(day)[0] // 1000
    t_s = np.arange(begin_s + int(hours[0] * 3600), begin_s + int(hours[1] * 3600), 10)
    track, odometer_m = drivers.at(np.zeros(t_s.size, np.int64), t_s + (day_bounds(MODEL_DAY)[0] // 1000 - begin_s))
    hour = (t_s - begin_s) / 3600
    noise = np.round(np.random.default_rng([vehicle_id, day.toordinal()]).normal(0, 36, (2, t_s.size)))
    aside = np.interp(hour, [ASIDE_H[0], ASIDE_H[0] + 0.03, ASIDE_H[1] - 0.03, ASIDE_H[1]], [0, 3_500, 3_500, 0])
    rows = np.zeros(t_s.size, POSITION)
    rows["t_ms"], rows["received_ms"], rows["vehicle_id"] = t_s * 1000, t_s * 1000 + 500, vehicle_id
    rows["lon_e6"], rows["lat_e6"] = track["lon_e6"] + noise[0], track["lat_e6"] + noise[1] + aside
    rows["status_bits"], rows["odometer_m"] = LOCATED | 1, odometer_m // 100 * 100
    for name in ("speed_kmh10", "heading_deg", "altitude_m"):
        rows[name] = track[name]
    rows["satellites"], rows["recorder_kmh10"], rows["fuel_l10"], rows["source"] = 10, -1, -1, 1
    return rows[(hour < GAP_H[0]) | (hour >= GAP_H[1])]


def store_days(conn: psycopg.Connection[Any], county: County, vehicle_ids: list[int], last: date, count: int) -> None:
    """Positions of buses on the `count` days up to `last`; each has a way of its own, and an odometer that stands at night."""
    for vehicle_id in vehicle_ids:
        odometer_m = 50_000_000
        for back in reversed(range(count)):
            rows = bus_day(county, vehicle_id, last - timedelta(back), hours=(7.0, 10.5 - back % 3), seed=5 + vehicle_id)
            rows["odometer_m"] += odometer_m - rows["odometer_m"][0]
            odometer_m = int(rows["odometer_m"][-1])
            put(conn, rows)


def compute(dsn: str, folder: Path, first: date, last: date, network: County | None) -> days.Outcome:
    """Queue and compute the days, on the county's roads when it is given."""
    with connect(dsn, "owner") as conn, ThreadPoolExecutor(1) as executor:
        if network is not None:
            save(network.network, folder / "county.npz")
            days.use_network(conn, folder / "county.npz")
        later_ms = day_bounds(last + timedelta(30))[0]
        days.ask(conn, due_store.Span(first, last), later_ms, 10)
        return days.compute_due(
            conn, due_store.tickets(conn, 4_000_000_000_000, 0), executor, days.Run(Place(dsn, folder / "archive")), later_ms
        )
