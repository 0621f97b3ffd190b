"""Read side of vehicle-days: figures, segments, trips, stops; the way driven is in `driven_paths`. A screen reads only vehicles that it may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from storage.columns import rows_of
from storage.day_columns import SEGMENT, SPAN, STAY, TRIP

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class VehicleDay:
    """One vehicle-day: golden columns (metres, milliseconds, counts), what they rest on, and how often it was computed.

    odo_start_m, odo_end_m None without readings; compared_*: metres by source over the spans that all cover, None where one has
    no say; final_revision: the one that was final first, None while the day is not final.
    """

    vehicle_id: int
    day: date
    matched_m: int
    on_road_m: int
    off_road_m: int
    inferred_m: int
    ferry_m: int
    low_m: int
    high_m: int
    gps_raw_m: int
    off_route_m: int
    odo_start_m: int | None
    odo_end_m: int | None
    complete_m: int
    total_track_m: int
    records: int
    qualified_records: int
    drift_points: int
    duty_ms: int
    online_ms: int
    planned_trips: int
    run_trips: int
    n_minor: int
    n_general: int
    n_severe: int
    flags: list[str]
    context: dict[str, Any]
    ratio: float
    ratio_sd: float
    ratio_m: float
    compared_matched_m: float | None
    compared_odometer_m: float | None
    compared_raw_m: float | None
    map_version: str
    match_version: str
    input_hash: str
    evidence_hash: str
    revision: int
    final_revision: int | None
    computed_at: datetime

    @property
    def final(self) -> bool:
        return self.final_revision is not None


@dataclass(frozen=True, slots=True)
class Passage:
    """One stop on a run of a line; arrive and depart None when it was skipped; quality as in `tracking.passages`."""

    run: int
    line_id: str
    variant: str
    complete: bool
    stop_seq: int
    arrive: datetime | None
    depart: datetime | None
    dwell_s: int
    quality: int


def vehicle_days(conn: Connection, first: date, last: date, vehicle_ids: Sequence[int] | None = None) -> list[VehicleDay]:
    """Days first to last, by day and vehicle; vehicle_ids None: of all vehicles."""
    with conn.cursor(row_factory=class_row(VehicleDay)) as cursor:
        return cursor.execute(
            """
            select vehicle_id, day, matched_m, on_road_m, off_road_m, inferred_m, ferry_m, low_m, high_m, gps_raw_m, off_route_m,
                   odo_start_m, odo_end_m, complete_m, total_track_m, records, qualified_records, drift_points, duty_ms, online_ms,
                   planned_trips, run_trips, n_minor, n_general, n_severe, flags, context, ratio, ratio_sd, ratio_m,
                   compared_matched_m, compared_odometer_m, compared_raw_m, map_version, match_version, input_hash, evidence_hash,
                   revision, final_revision, computed_at
              from vehicle_day_seen
             where day between %(first)s and %(last)s
               and (%(all)s or vehicle_id = any(%(vehicles)s::int[]))
             order by day, vehicle_id
            """,
            {"first": first, "last": last, "all": vehicle_ids is None, "vehicles": list(vehicle_ids or ())},
        ).fetchall()


def vehicle_day(conn: Connection, vehicle_id: int, day: date) -> VehicleDay | None:
    """One vehicle-day; None when it was never computed."""
    found = vehicle_days(conn, day, day, [vehicle_id])
    return found[0] if found else None


def changed_after_final(conn: Connection, first: date, last: date) -> list[VehicleDay]:
    """Days that were computed anew after they were final."""
    return [day for day in vehicle_days(conn, first, last) if day.final_revision is not None and day.revision > day.final_revision]


def segments(conn: Connection, vehicle_id: int, day: date) -> NDArray[Any]:
    """(n,) `SEGMENT` in time order."""
    return _rows(
        conn,
        """
        select string_agg(timestamptz_send(from_time), '' order by seq), string_agg(timestamptz_send(to_time), '' order by seq),
               string_agg(int8send(length_mm), '' order by seq), string_agg(int8send(low_mm), '' order by seq),
               string_agg(int8send(high_mm), '' order by seq), string_agg(int8send(ferry_mm), '' order by seq),
               string_agg(int4send(part_start), '' order by seq), string_agg(int4send(part_end), '' order by seq),
               string_agg(int2send(kind), '' order by seq), string_agg(int2send(source), '' order by seq),
               string_agg(int2send(reason), '' order by seq), string_agg(int2send(confidence_e4), '' order by seq)
          from mileage_segment_seen
         where vehicle_id = %(vehicle_id)s
           and day = %(day)s
        """,
        (vehicle_id, day),
        SEGMENT,
    )


def trips(conn: Connection, vehicle_id: int, day: date) -> NDArray[Any]:
    """(n,) `TRIP` in time order."""
    return _rows(
        conn,
        """
        select string_agg(timestamptz_send(from_time), '' order by seq), string_agg(timestamptz_send(to_time), '' order by seq),
               string_agg(int8send(length_mm), '' order by seq), string_agg(int4send(from_lon_e6), '' order by seq),
               string_agg(int4send(from_lat_e6), '' order by seq), string_agg(int4send(to_lon_e6), '' order by seq),
               string_agg(int4send(to_lat_e6), '' order by seq)
          from trip_seen
         where vehicle_id = %(vehicle_id)s
           and day = %(day)s
        """,
        (vehicle_id, day),
        TRIP,
    )


def stays(conn: Connection, vehicle_id: int, day: date) -> NDArray[Any]:
    """(n,) `STAY` in time order."""
    return _rows(
        conn,
        """
        select string_agg(timestamptz_send(from_time), '' order by seq), string_agg(timestamptz_send(to_time), '' order by seq),
               string_agg(int4send(lon_e6), '' order by seq), string_agg(int4send(lat_e6), '' order by seq),
               string_agg(int4send(coalesce(station_id, -1)), '' order by seq)
          from stay_seen
         where vehicle_id = %(vehicle_id)s
           and day = %(day)s
        """,
        (vehicle_id, day),
        STAY,
    )


def _rows(conn: Connection, statement: str, key: tuple[int, date], dtype: np.dtype[np.void]) -> NDArray[Any]:
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(statement.encode(), {"vehicle_id": key[0], "day": key[1]}).fetchone()
    assert row is not None
    return rows_of(row, dtype, SPAN)


def passages(conn: Connection, vehicle_id: int, day: date) -> list[Passage]:
    """Stops of all runs, in order."""
    with conn.cursor(row_factory=class_row(Passage)) as cursor:
        return cursor.execute(
            """
            select run, line_id, variant, complete, stop_seq, arrive, depart, dwell_s, quality
              from stop_passage_seen
             where vehicle_id = %(vehicle_id)s
               and day = %(day)s
             order by run, stop_seq
            """,
            {"vehicle_id": vehicle_id, "day": day},
        ).fetchall()


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day that waits to be computed (again): since when and why; failure is None while it has not failed."""

    day: date
    since: datetime
    reason: str
    failures: int
    failure: str | None


def due_days(conn: Connection, vehicle_id: int, first: date, last: date) -> list[DueDay]:
    """Days of a vehicle first to last that wait, by day. For who may see the vehicle: the queue itself knows no rights."""
    with conn.cursor(row_factory=class_row(DueDay)) as cursor:
        return cursor.execute(
            """
            select day, first_marked as since, reason, failures, failure
              from due_day
             where vehicle_id = %(vehicle_id)s
               and day between %(first)s and %(last)s
             order by day
            """,
            {"vehicle_id": vehicle_id, "first": first, "last": last},
        ).fetchall()
