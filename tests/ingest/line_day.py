"""A day of the simulated county's buses in a real database: lines, timetable, fixes, and the true times at every stop."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from domain.position import LOCATED, POSITION
from domain.units import day_bounds
from ingest import days
from operations.lines import import_lines, import_timetable
from simulators.county import County, CountySettings, build_county
from simulators.drive import ACC, Drivers, make_cycles
from simulators.timetable import calls_of, lines_geojson, runs_of_a_day, timetable
from tests.ingest.day_fleet import put
from tracking.network import save

DAY = date(2026, 3, 24)
FROM = date(2026, 1, 1)
BEGIN_S = day_bounds(DAY)[0] // 1000
KINDS = {"rural_bus": 0.7, "town_bus": 0.3}


@dataclass(frozen=True)
class BusDay:
    """Buses of a county: vehicle_ids by row of the drivers."""

    county: County
    drivers: Drivers
    vehicle_ids: list[int]
    folder: Path

    def truth(self, vehicle: int) -> list[tuple[int, np.ndarray]]:
        """(0 out or 1 back, `CALL` rows with epoch seconds) of every run that begins on the day."""
        found = []
        for run in runs_of_a_day(self.drivers, np.array([vehicle])):
            calls = calls_of(self.drivers, run.cycle, run.back).copy()
            for name in ("arrive_s", "depart_s"):
                calls[name] += BEGIN_S + run.begins_s
            found.append((run.back, calls))
        return found

    def line(self, vehicle: int) -> Any:
        cycles = self.drivers.cycles
        return cycles.lines[int(cycles.line[self.drivers.cycle[vehicle]])]


def build(conn: psycopg.Connection[Any], folder: Path, vehicles: int, *, every_s: int = 10, noise_m: float = 5.0) -> BusDay:
    """Register buses, lines and timetable, store the fixes of the day and its margins, let the county's network serve."""
    county = build_county(CountySettings(seed=5, towns=2, villages=4, hamlets=3, width_km=24, height_km=22))
    drivers = Drivers.assign(make_cycles(county, tuple(KINDS)), vehicles, 3, KINDS)
    plates = [(f"贵A{row:05d}", 2) for row in range(vehicles)]
    ids = [_vehicle(conn, plate) for plate in plates]
    (folder / "lines.geojson").write_text(json.dumps(lines_geojson(county, drivers.cycles.lines), ensure_ascii=False), "utf-8")
    rows = timetable(county, drivers, plates)
    with (folder / "timetable.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    import_lines(conn, folder / "lines.geojson", FROM)
    import_timetable(conn, folder / "timetable.csv", FROM)
    for row, vehicle_id in enumerate(ids):
        put(conn, fixes(drivers, row, vehicle_id, every_s, noise_m))
    save(county.network, folder / "county.npz")
    days.use_network(conn, folder / "county.npz")
    return BusDay(county, drivers, ids, folder)


def _vehicle(conn: psycopg.Connection[Any], plate: tuple[str, int]) -> int:
    row = conn.execute(
        "insert into vehicle (plate, plate_colour, vehicle_class, region_code) values (%s, %s, 'rural_bus', '529921') returning vehicle_id",
        plate,
    ).fetchone()
    assert row is not None
    return int(row[0])


def fixes(drivers: Drivers, vehicle: int, vehicle_id: int, every_s: int, noise_m: float) -> np.ndarray:
    """`POSITION` rows of a vehicle over the day and a quarter of an hour on both sides, with white noise."""
    random = np.random.default_rng([7, vehicle])
    t_s = np.arange(BEGIN_S - 900 + vehicle % every_s, BEGIN_S + 86_400 + 900, every_s)
    track, odometer_m = drivers.at(np.full(t_s.size, vehicle), t_s)
    rows = np.zeros(t_s.size, POSITION)
    rows["t_ms"], rows["received_ms"], rows["vehicle_id"] = t_s * 1000, t_s * 1000 + 500, vehicle_id
    east, north = random.normal(0, noise_m, (2, t_s.size))
    rows["lon_e6"] = track["lon_e6"] + np.round(east / 0.0997)
    rows["lat_e6"] = track["lat_e6"] + np.round(north / 0.1108)
    for name in ("speed_kmh10", "heading_deg", "altitude_m"):
        rows[name] = track[name]
    rows["status_bits"] = LOCATED | (track["state"] & ACC)
    rows["odometer_m"] = odometer_m // 100 * 100
    rows["satellites"], rows["recorder_kmh10"], rows["fuel_l10"], rows["source"] = 10, -1, -1, 1
    return rows
