"""What a day is judged by besides its fixes: the vehicle, its odometer's history, the road network that serves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from domain.units import DAY_MS, day_bounds
from ingest.day_line_store import Planned, planned
from tracking.odometer import STEP_M, OdometerParameters, Ratio
from tracking.vehicle_day import DayContext

Connection = psycopg.Connection[Any]

RATIO_M = 200_000.0
"""The odometer's ratio rests on so much of the last way."""
HISTORY_DAYS = 60
"""Days before the day in which the last reading and the ratio are looked for (ours)."""
FINAL_DAYS = 2
"""A day is final when this many have passed (48 h): only such days make the ratio, whenever the day is computed."""

_PROFILES = {"freight": "truck", "truck": "truck", "coach": "coach", "line_coach": "coach", "charter": "coach", "charter_coach": "coach"}


@dataclass(frozen=True, slots=True)
class Roads:
    """A registered network: file, version, beginning of the region codes that it serves ("": all), first day that it serves."""

    path: Path
    map_version: str
    region_code: str = ""
    from_day: date = date.min


def profile_of(vehicle_class: str, dangerous_goods: bool) -> str:
    """How a vehicle sees the roads: "bus", "coach", "truck" or "dangerous_goods"."""
    return "dangerous_goods" if dangerous_goods or vehicle_class == "dangerous_goods" else _PROFILES.get(vehicle_class, "bus")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a vehicle on a day; line_ids: lines that it may run, by the registry or the timetable."""

    context: DayContext
    line_ids: tuple[int, ...] = ()


def known(conn: Connection, day: date, vehicle_ids: Sequence[int]) -> dict[int, Known]:
    """What is known of each vehicle on the day; vehicles that the registry does not know are left out."""
    ratios, before, plans = _ratios(conn, day, vehicle_ids), _odometers(conn, day, vehicle_ids), planned(conn, day, vehicle_ids)
    rows = conn.execute(
        """
        select v.vehicle_id, coalesce(v.plate, ''), v.vehicle_class, v.dangerous_goods, l.line_id, l.code
          from vehicle v
          left join line l on l.line_id = v.line_id
         where v.vehicle_id = any(%(vehicles)s::int[])
         order by v.vehicle_id
        """,
        {"vehicles": list(vehicle_ids)},
    ).fetchall()
    found = {}
    for vehicle_id, plate, vehicle_class, dangerous, line_id, code in rows:
        plan = plans.get(vehicle_id)
        context = DayContext(
            vehicle_id=vehicle_id,
            plate=plate,
            vehicle_class=vehicle_class,
            profile=profile_of(vehicle_class, dangerous),
            line_id=code,
            ratio=ratios.get(vehicle_id),
            odometer_before_m=before.get(vehicle_id),
            duties=_duties(day, plan),
            planned_trips=plan.trips if plan is not None else None,
        )
        lines = {*(plan.line_ids if plan is not None else ()), *((line_id,) if line_id is not None else ())}
        found[vehicle_id] = Known(context, tuple(sorted(lines)))
    return found


def contexts(conn: Connection, day: date, vehicle_ids: Sequence[int]) -> dict[int, DayContext]:
    """The part of `known` that is stored with a day."""
    return {vehicle_id: one.context for vehicle_id, one in known(conn, day, vehicle_ids).items()}


def _duties(day: date, plan: Planned | None) -> tuple[tuple[int, int], ...]:
    """The planned duty: first departure to last arrival, as far as it lies on the day."""
    if plan is None or plan.departs_s is None or plan.arrives_s is None:
        return ()
    begin = day_bounds(day)[0]
    return ((begin + 1000 * plan.departs_s, min(begin + 1000 * plan.arrives_s, begin + DAY_MS)),)


def _ratios(conn: Connection, day: date, vehicle_ids: Sequence[int]) -> dict[int, Ratio]:
    """Ratio of the odometer over the last 200 km of sure way on days that were final when the day ended."""
    rows = conn.execute(
        """
        select vehicle_id, sure_matched_m, sure_counted_m
          from vehicle_day
         where vehicle_id = any(%(vehicles)s::int[])
           and day between %(first)s and %(last)s
           and sure_matched_m > 0
           and sure_counted_m > 0
         order by vehicle_id, day desc
        """,
        {"vehicles": list(vehicle_ids), "first": day - timedelta(HISTORY_DAYS), "last": day - timedelta(FINAL_DAYS)},
    ).fetchall()
    sums: dict[int, tuple[float, float, int]] = {}
    for vehicle_id, matched, counted in rows:
        so_far = sums.get(vehicle_id, (0.0, 0.0, 0))
        if so_far[0] < RATIO_M:
            sums[vehicle_id] = (so_far[0] + matched, so_far[1] + counted, so_far[2] + 1)
    floor = OdometerParameters().sd_floor
    return {
        vehicle_id: Ratio(matched / counted, max(STEP_M * (days / 6.0) ** 0.5 / matched, floor), matched)
        for vehicle_id, (matched, counted, days) in sums.items()
    }


def _odometers(conn: Connection, day: date, vehicle_ids: Sequence[int]) -> dict[int, int]:
    """Last reading of earlier days."""
    rows = conn.execute(
        """
        select distinct on (vehicle_id) vehicle_id, odo_end_m
          from vehicle_day
         where vehicle_id = any(%(vehicles)s::int[])
           and day between %(first)s and %(last)s
           and odo_end_m is not null
         order by vehicle_id, day desc
        """,
        {"vehicles": list(vehicle_ids), "first": day - timedelta(HISTORY_DAYS), "last": day - timedelta(1)},
    ).fetchall()
    return dict(rows)


def register_network(conn: Connection, roads: Roads, edges: int) -> None:
    """Let the network serve its region from its day on; of two with one first day the one named last serves."""
    conn.execute(
        """
        insert into network_version (region_code, map_version, path, edges, from_day)
        values (%(region_code)s, %(map_version)s, %(path)s, %(edges)s, %(from_day)s)
            on conflict (region_code, map_version)
            do update set path = excluded.path,
                          from_day = excluded.from_day,
                          registered_at = clock_timestamp()
        """,
        {
            "region_code": roads.region_code, "map_version": roads.map_version, "path": str(roads.path), "edges": edges,
            "from_day": roads.from_day,
        },
    )  # fmt: skip


def roads_of(conn: Connection, vehicle_ids: Sequence[int], day: date = date.max) -> dict[int, Roads | None]:
    """The network that serves each vehicle on the day (without one: the newest); None where none is registered for its region."""
    rows = conn.execute(
        """
        select v.vehicle_id, n.path, n.map_version, n.region_code, n.from_day
          from vehicle v
          left join lateral (
               select path, map_version, region_code, from_day
                 from network_version
                where starts_with(coalesce(v.region_code, ''), region_code)
                  and from_day <= %(day)s
                order by length(region_code) desc, from_day desc, registered_at desc
                limit 1) n on true
         where v.vehicle_id = any(%(vehicles)s::int[])
        """,
        {"vehicles": list(vehicle_ids), "day": day},
    ).fetchall()
    return {row[0]: None if row[1] is None else Roads(Path(row[1]), *row[2:]) for row in rows}


def days_of_other_roads(conn: Connection, roads: Roads) -> list[tuple[int, date]]:
    """(vehicle, day) computed by another network than the one that has come to serve its region."""
    rows = conn.execute(
        """
        select d.vehicle_id, d.day
          from vehicle_day d
          join vehicle v on v.vehicle_id = d.vehicle_id
         where starts_with(coalesce(v.region_code, ''), %(region_code)s)
           and d.day >= %(from_day)s
           and d.map_version <> %(map_version)s
         order by d.day, d.vehicle_id
        """,
        {"region_code": roads.region_code, "from_day": roads.from_day, "map_version": roads.map_version},
    ).fetchall()
    return [(row[0], row[1]) for row in rows]
