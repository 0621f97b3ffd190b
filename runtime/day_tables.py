"""A vehicle-day as tables on the terminal."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from domain.errors import RefusedError
from domain.units import SHANGHAI, instant
from storage import days
from storage.days import Passage, VehicleDay
from storage.registry import vehicles
from tracking.segments import SegmentKind, Source, Why


def print_day(conn: psycopg.Connection[Any], vehicle: str, day: date) -> None:
    """Print figures, segments and trips.

    Raises:
        RefusedError: no such vehicle, or a day that was never computed.
    """
    vehicle_id = _vehicle_id(conn, vehicle)
    found = days.vehicle_day(conn, vehicle_id, day)
    if found is None:
        raise RefusedError(
            f"vehicle {vehicle_id} has no computed day {day}: cuntong days recompute --from {day}", field="day", kind="missing"
        )
    console = Console()
    console.print(_figures(found))
    if "NO_NETWORK" in found.flags:
        console.print("no road network served this day: its mileage knows no roads. cuntong network use FILE --region CODE")
    console.print(_segments(days.segments(conn, vehicle_id, day)))
    console.print(_trips(days.trips(conn, vehicle_id, day)))
    if passages := days.passages(conn, vehicle_id, day):
        console.print(_runs(passages))


def _vehicle_id(conn: psycopg.Connection[Any], vehicle: str) -> int:
    known = vehicles(conn)
    ids = [row.vehicle_id for row in known if row.plate == vehicle.upper()] or [
        row.vehicle_id for row in known if str(row.vehicle_id) == vehicle
    ]
    if not ids:
        raise RefusedError(f"no vehicle {vehicle}: cuntong registry list", field="vehicle", kind="missing")
    if len(ids) > 1:
        raise RefusedError(f"plate {vehicle} in several colours: name one of {', '.join(map(str, ids))}", field="vehicle")
    return ids[0]


def _km(metres: float | None) -> str:
    return "-" if metres is None else f"{metres / 1000:,.3f}"


def _figures(found: VehicleDay) -> Table:
    state = f"revision {found.revision}, {'final' if found.final else 'not final'}"
    if found.final_revision is not None and found.revision > found.final_revision:
        state += f", changed since it was final as revision {found.final_revision}"
    table = Table("figure", "value", title=f"vehicle {found.vehicle_id} {found.context['plate']} on {found.day}: {state}")
    table.add_row("mileage km", f"{_km(found.matched_m)}, between {_km(found.low_m)} and {_km(found.high_m)}")
    table.add_row("  on road, off road, inferred", f"{_km(found.on_road_m)}, {_km(found.off_road_m)}, {_km(found.inferred_m)}")
    table.add_row("  by ferry, beside the mileage", _km(found.ferry_m))
    table.add_row("straight between fixes km", _km(found.gps_raw_m))
    table.add_row("odometer km", f"{_km(found.odo_start_m)} to {_km(found.odo_end_m)}, ratio {found.ratio:.4f} ± {2 * found.ratio_sd:.4f}")
    compared = (found.compared_matched_m, found.compared_odometer_m, found.compared_raw_m)
    table.add_row("compared: matched, odometer, raw km", ", ".join(map(_km, compared)))
    table.add_row("fixes, qualified, drift", f"{found.records:,}, {found.qualified_records:,}, {found.drift_points:,}")
    table.add_row("track complete km", f"{_km(found.complete_m)} of {_km(found.total_track_m)}")
    table.add_row("trips of lines run, planned", f"{found.run_trips:,}, {found.planned_trips:,}")
    table.add_row("farther than 200 m from the line km", _km(found.off_route_m))
    table.add_row("on duty, online h", f"{found.duty_ms / 3_600_000:.2f}, {found.online_ms / 3_600_000:.2f}")
    table.add_row("flags", ", ".join(found.flags) or "none")
    table.add_row("map, matcher", f"{found.map_version[:12] or 'no network'}, {found.match_version}")
    table.add_row("evidence", found.evidence_hash)
    return table


def _clock(t_ms: int) -> str:
    return f"{instant(t_ms).astimezone(SHANGHAI):%H:%M:%S}"


def _segments(rows: NDArray[Any]) -> Table:
    table = Table("from", "to", "kind", "source", "km", "low", "high", "confidence", "reason", title=f"{len(rows)} segments")
    for row in rows:
        kind, source, reason = (
            each(int(row[name])).name.lower() for each, name in ((SegmentKind, "kind"), (Source, "source"), (Why, "reason"))
        )
        metres = [_km(float(row[name]) / 1000) for name in ("length_mm", "low_mm", "high_mm")]
        table.add_row(
            _clock(int(row["from_ms"])), _clock(int(row["to_ms"])), kind, source, *metres, f"{row['confidence_e4'] / 1e4:.2f}", reason
        )
    return table


def _runs(passages: list[Passage]) -> Table:
    runs = [[one for one in passages if one.run == number] for number in sorted({one.run for one in passages})]
    table = Table("line", "way", "from", "to", "stops served", "whole", title=f"{len(runs)} runs of lines")
    for stops in runs:
        served = [one for one in stops if one.arrive is not None and one.depart is not None]
        begin, end = (f"{at.astimezone(SHANGHAI):%H:%M:%S}" if at else "-" for at in (served[0].depart, served[-1].arrive))
        whole = "yes" if stops[0].complete else "no"
        table.add_row(stops[0].line_id, stops[0].variant, begin, end, f"{len(served)} of {len(stops)}", whole)
    return table


def _trips(rows: NDArray[Any]) -> Table:
    table = Table(
        "from", "to", "km", "from place", "to place", title=f"{len(rows)} trips, {_km(float(np.sum(rows['length_mm'])) / 1000)} km"
    )
    for row in rows:
        ends = [f"{row[f'{end}_lon_e6'] / 1e6:.5f}, {row[f'{end}_lat_e6'] / 1e6:.5f}" for end in ("from", "to")]
        table.add_row(_clock(int(row["from_ms"])), _clock(int(row["to_ms"])), _km(float(row["length_mm"]) / 1000), *ends)
    return table
