"""SQL of exports: each reads what the asker may see, piece by piece through a cursor of the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from domain.errors import RefusedError
from operations.export_tables import Order
from storage.violations import area

Connection = psycopg.Connection[Any]
Row = tuple[Any, ...]

PIECE = 2_000
"""Rows fetched at a time."""

_FILTER = b"""
       and (%(vehicles)s::int[] = '{}' or v.vehicle_id = any(%(vehicles)s::int[]))
       and (%(operator_id)s::bigint is null or v.operator_id = %(operator_id)s)
       and (%(area)s::text is null or starts_with(coalesce(v.region_code, ''), %(area)s))
"""

_STATEMENTS: dict[str, bytes] = {
    "vehicles": b"""
    select v.vehicle_id, v.plate, v.plate_colour, v.vehicle_class, v.state, v.operator_id, o.name, v.region_code, v.line_id,
           v.dangerous_goods, t.terminal_id, l.time, l.lon_e6 / 1e6::float8, l.lat_e6 / 1e6::float8,
           nullif(l.speed_kmh10, -1) / 10::float8
      from vehicle v
      left join operator o on o.operator_id = v.operator_id
      left join terminal t on t.vehicle_id = v.vehicle_id
      left join vehicle_last_seen l on l.vehicle_id = v.vehicle_id
     where true
    """ + _FILTER + b" order by v.vehicle_id limit %(most)s",
    "days": b"""
    select v.vehicle_id, v.plate, v.plate_colour, d.day, d.matched_m, d.on_road_m, d.off_road_m, d.inferred_m, d.ferry_m, d.low_m,
           d.high_m, d.gps_raw_m, d.complete_m, d.total_track_m, d.records, d.qualified_records, d.drift_points, d.planned_trips,
           d.run_trips, d.n_minor, d.n_general, d.n_severe, d.final, d.revision, d.evidence_hash
      from vehicle_day_seen d
      join vehicle v on v.vehicle_id = d.vehicle_id
     where (%(first_day)s::date is null or d.day >= %(first_day)s)
       and (%(last_day)s::date is null or d.day <= %(last_day)s)
    """ + _FILTER + b" order by d.day, d.vehicle_id limit %(most)s",
    "trips": b"""
    select v.vehicle_id, v.plate, v.plate_colour, d.day, d.seq, d.from_time, d.to_time, d.length_mm / 1e3::float8,
           d.from_lon_e6 / 1e6::float8, d.from_lat_e6 / 1e6::float8, d.to_lon_e6 / 1e6::float8, d.to_lat_e6 / 1e6::float8
      from trip_seen d
      join vehicle v on v.vehicle_id = d.vehicle_id
     where (%(first_day)s::date is null or d.day >= %(first_day)s)
       and (%(last_day)s::date is null or d.day <= %(last_day)s)
    """ + _FILTER + b" order by d.day, d.vehicle_id, d.seq limit %(most)s",
    "alerts": b"""
    select v.violation_id, v.rule_id, v.severity, v.condition, s.state, v.subject_kind, v.subject, v.vehicle_id, c.plate, c.plate_colour,
           v.operator_id, v.region_code, v.opened, v.closed, v.lon_e6 / 1e6::float8, v.lat_e6 / 1e6::float8, v.peak, v.amount, s.result,
           v.found_by, v.quality, s.acknowledged_at, s.resolved_at, s.confirmed_at, s.supervised
      from violation v
      join alert_state s on s.alert_id = v.violation_id
      left join vehicle c on c.vehicle_id = v.vehicle_id
     where (%(first)s::timestamptz is null or v.opened >= %(first)s)
       and (%(until)s::timestamptz is null or v.opened < %(until)s)
    """ + _FILTER + b" order by v.opened, v.violation_id limit %(most)s",
    "audit": b"""
    select stream, seq, at, actor, role, address, trace_id, action, object, payload, encode(hash, 'hex')
      from audit
     where (%(stream)s::text is null or stream = %(stream)s)
       and (%(first)s::timestamptz is null or at >= to_char(%(first)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
       and (%(until)s::timestamptz is null or at < to_char(%(until)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
     order by stream, seq
     limit %(most)s
    """,
    "operators": b"""
    select v.operator_id, v.name, v.name_en, v.region_code, v.operator_licence
      from operator v
     where (%(operator_id)s::bigint is null or v.operator_id = %(operator_id)s)
       and (%(area)s::text is null or starts_with(coalesce(v.region_code, ''), %(area)s))
     order by v.operator_id
     limit %(most)s
    """,
    "terminals": b"""
    select t.terminal_id, t.vehicle_id, v.plate, v.plate_colour, t.state, t.profile, coalesce(v.region_code, t.region_code), t.maker,
           t.model
      from terminal t
      left join vehicle v on v.vehicle_id = t.vehicle_id
     where (%(vehicles)s::int[] = '{}' or v.vehicle_id = any(%(vehicles)s::int[]))
       and (%(operator_id)s::bigint is null or v.operator_id = %(operator_id)s)
       and (%(area)s::text is null or starts_with(coalesce(v.region_code, t.region_code, ''), %(area)s))
     order by t.terminal_id
     limit %(most)s
    """,
    "lines": b"""
    select line_id, code, name, name_en, kind, operator_id, region_code
      from line
     where (%(operator_id)s::bigint is null or operator_id = %(operator_id)s)
       and (%(area)s::text is null or starts_with(coalesce(region_code, ''), %(area)s))
     order by line_id
     limit %(most)s
    """,
    "stations": b"""
    select station_id, name, name_en, kind, region_code, lon_e6 / 1e6::float8, lat_e6 / 1e6::float8
      from station
     where (%(area)s::text is null or starts_with(coalesce(region_code, ''), %(area)s))
     order by station_id
     limit %(most)s
    """,
}  # fmt: skip


def pieces(conn: Connection, order: Order, days: tuple[Any, Any], most: int) -> Iterator[list[Row]]:
    """Rows of a table (not of positions), some thousands at a time.

    Args:
        conn: in a transaction under the asker's scope.
        days: first and last day of the order's span, None where it is open.
        most: rows at most.
    """
    values = {
        "vehicles": list(order.vehicle_ids), "operator_id": order.operator_id, "first": order.first, "until": order.until,
        "area": None if order.region_code is None else area(order.region_code), "stream": order.stream, "most": most,
        "first_day": days[0], "last_day": days[1],
    }  # fmt: skip
    with conn.cursor(name="export") as cursor:
        cursor.execute(_STATEMENTS[order.of], values)
        while rows := cursor.fetchmany(PIECE):
            yield rows


def plates(conn: Connection, order: Order) -> dict[int, tuple[str | None, int | None]]:
    """Plate and colour of the order's vehicles.

    Raises:
        RefusedError: missing: one of them is not to be seen.
    """
    rows = conn.execute(
        b"select v.vehicle_id, v.plate, v.plate_colour from vehicle v where v.vehicle_id = any(%(vehicles)s::int[])"
        b" and (%(operator_id)s::bigint is null or v.operator_id = %(operator_id)s)"
        b" and (%(area)s::text is null or starts_with(coalesce(v.region_code, ''), %(area)s))",
        {"vehicles": list(order.vehicle_ids), "operator_id": order.operator_id,
         "area": None if order.region_code is None else area(order.region_code)},
    ).fetchall()  # fmt: skip
    found = {row[0]: (row[1], row[2]) for row in rows}
    for vehicle_id in order.vehicle_ids:
        if vehicle_id not in found:
            raise RefusedError(f"no vehicle {vehicle_id}", field="vehicle_id", kind="missing")
    return found
