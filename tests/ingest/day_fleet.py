"""Simulated vehicle-days in a real database: vehicles on small roads, their fixes stored, hours sealed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from domain.units import day_bounds
from ingest import days, due_store
from ingest.day_unit import Place
from tests.fixtures.rows import store
from tests.tracking.day_drives import DAY, drive, laps

LATER_MS = day_bounds(DAY + timedelta(30))[0]
"""A month after the drives: every hour of them has settled."""

TABLES = {
    "vehicle_day": "vehicle_id, day",
    "mileage_segment": "vehicle_id, day, seq",
    "matched_path": "vehicle_id, day",
    "trip": "vehicle_id, day, seq",
    "stay": "vehicle_id, day, seq",
    "stop_passage": "vehicle_id, day, run, stop_seq",
    "edge_speed_hour": "hour, edge_key",
}


def vehicle(conn: psycopg.Connection[Any], vehicle_class: str = "rural_bus", region: str | None = "520100") -> int:
    row = conn.execute("insert into vehicle (vehicle_class, region_code) values (%s, %s) returning vehicle_id", (vehicle_class, region))
    found = row.fetchone()
    assert found is not None
    return int(found[0])


def day_rows(vehicle_id: int, day: date, seed: int, **how: Any) -> np.ndarray:
    """Two laps of the ring on a day."""
    rows = drive(laps(2), seed=seed, **how)
    rows["t_ms"] += day_bounds(day)[0] - day_bounds(DAY)[0]
    rows["received_ms"] = rows["t_ms"] + 500
    rows["vehicle_id"] = vehicle_id
    return rows


def put(conn: psycopg.Connection[Any], rows: np.ndarray) -> None:
    store(conn, rows)
    conn.execute(
        """
        insert into vehicle_last (vehicle_id, time, received, speed_kmh10, heading_deg, status_bits, alarm_bits)
        select distinct on (vehicle_id) vehicle_id, time, received, speed_kmh10, heading_deg, status_bits, alarm_bits
          from positions where vehicle_id = any(%s) order by vehicle_id, time desc
            on conflict (vehicle_id) do update set time = greatest(vehicle_last.time, excluded.time)
        """,
        (np.unique(rows["vehicle_id"]).tolist(),),
    )
    conn.commit()


def fleet(conn: psycopg.Connection[Any], vehicles: int, number_of_days: int, **how: Any) -> list[int]:
    """Vehicles that drive every day from DAY on; vehicle_ids."""
    ids = [vehicle(conn) for _ in range(vehicles)]
    for number, one in enumerate(ids):
        for k in range(number_of_days):
            put(conn, day_rows(one, DAY + timedelta(k), 10 * number + k, **how))
    return ids


def run(dsn: str, tmp_path: Path, **how: Any) -> days.Run:
    return days.Run(Place(dsn, tmp_path / "archive"), **how)


def whole(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    """Contents of every table of days, less the time of writing."""
    out = {}
    with psycopg.connect(dsn) as conn:
        conn.execute("set timezone to 'UTC'")
        for table, order in TABLES.items():
            columns = [
                row[0]
                for row in conn.execute(
                    "select column_name from information_schema.columns where table_name = %s and column_name <> 'computed_at' order by ordinal_position",
                    (table,),
                )
            ]
            out[table] = conn.execute(f"select {', '.join(columns)} from {table} order by {order}".encode()).fetchall()
    return out


def due(dsn: str) -> list[tuple[int, str]]:
    """What waits: (vehicle, day)."""
    with psycopg.connect(dsn) as conn:
        return [(row[0], row[1]) for row in conn.execute("select vehicle_id, day::text from due_day order by vehicle_id, day")]


def ask_all(conn: psycopg.Connection[Any], last: date, first: date = DAY) -> list[due_store.Ticket]:
    """Queue the days and read their tickets."""
    days.ask(conn, due_store.Span(first, last), LATER_MS, 10)
    return due_store.tickets(conn, 4_000_000_000_000, 0)
