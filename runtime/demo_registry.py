"""The registry of the demo: its simulated fleet, roads, lines and timetable, as the files that the commands take."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from ingest.days import use_network
from operations.lines import TIMETABLE_COLUMNS, import_lines, import_timetable
from simulators.county import County
from simulators.fleet import Fleet
from simulators.timetable import lines_geojson, timetable
from storage.road_networks import registered_networks
from tracking.network import save

FIRST_DAY = date(2026, 1, 1)
"""From when the simulated lines run."""

_COLUMNS = ("plate", "plate_colour", "terminal_id", "operator", "vehicle_class", "region_code", "dangerous_goods")

_COMPANIES = {
    "rural_bus": ("青岚县农村客运有限公司", "青岚县通村客运有限公司"),
    "town_bus": ("青岚县公共交通有限公司",),
    "line_coach": ("云岭市长途客运有限公司", "青岚县汽车运输有限公司"),
    "charter_coach": ("云岭市旅游客运有限公司",),
    "freight": ("青岚县物流有限公司", "云岭市货运有限公司"),
    "dangerous_goods": ("云岭市危险货物运输有限公司",),
}
"""Who runs vehicles of a class; invented names."""

_CLASSES = {
    "rural_bus": ("rural_bus",),
    "town_bus": ("town_bus",),
    "coach": ("line_coach", "line_coach", "line_coach", "charter_coach"),
    "truck": ("freight", "freight", "freight", "freight", "dangerous_goods"),
}
"""Classes that vehicles of a simulated kind take in turn."""


def registry_rows(fleet: Fleet) -> list[dict[str, str]]:
    """One row a vehicle, in the fleet's order; the same fleet gives the same rows."""
    county = f"{fleet.settings.county.county_code:06d}"
    seen = dict.fromkeys(_CLASSES, 0)
    companies: dict[str, str] = {}
    rows = []
    for identity, line in zip(fleet.identities, fleet.lines, strict=True):
        turn = seen[identity.kind]
        seen[identity.kind] += 1
        vehicle_class = _CLASSES[identity.kind][turn % len(_CLASSES[identity.kind])]
        choice = _COMPANIES[vehicle_class]
        company = companies.setdefault(f"{vehicle_class} {line}", choice[len(companies) % len(choice)])  # a line belongs to one company
        rows.append(
            {
                "plate": identity.plate.number,
                "plate_colour": str(identity.plate.colour),
                "terminal_id": identity.terminal_id,
                "operator": company,
                "vehicle_class": vehicle_class,
                "region_code": county,
                "dangerous_goods": "yes" if vehicle_class == "dangerous_goods" else "no",
            }
        )
    return rows


def write_registry(fleet: Fleet, path: Path) -> None:
    """Write the rows of `registry_rows` with their heading, UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS)
        table.writeheader()
        table.writerows(registry_rows(fleet))


def register_roads(conn: psycopg.Connection[Any], county: County, folder: Path) -> Path:
    """Let the county's roads serve its vehicles, once a version; the file, which stays in the data folder. Commits."""
    code = f"{county.settings.county_code:06d}"
    path = folder / "networks" / f"{code}-{county.network.version[:12]}.npz"
    known = {(row.region_code, row.map_version) for row in registered_networks(conn)}
    if (code, county.network.version) in known and path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    save(county.network, path)
    use_network(conn, path, code)
    return path


def register_lines(conn: psycopg.Connection[Any], fleet: Fleet, folder: Path) -> None:
    """Write and import the lines of the county and the timetable that the fleet keeps; what is so already stays. Commits."""
    drawn = lines_geojson(fleet.county, fleet.drivers.cycles.lines)
    (folder / "lines.geojson").write_text(json.dumps(drawn, ensure_ascii=False), encoding="utf-8")
    import_lines(conn, folder / "lines.geojson", FIRST_DAY)
    rows = timetable(fleet.county, fleet.drivers, [(one.plate.number, one.plate.colour) for one in fleet.identities])
    with (folder / "timetable.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, TIMETABLE_COLUMNS)
        table.writeheader()
        table.writerows(rows)
    import_timetable(conn, folder / "timetable.csv", FIRST_DAY)
    conn.commit()
