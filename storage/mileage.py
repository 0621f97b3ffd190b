"""Read side of the figures of many vehicle-days: rows of days, sums by vehicle, operator, region or day, trips and stops by span of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]
By = Literal["vehicle", "operator", "region", "day"]


@dataclass(frozen=True, slots=True)
class Span:
    """Days first to last, both included, of vehicles: area is what their region codes begin with, "" for all; None: any."""

    first: date
    last: date
    area: str = ""
    operator_id: int | None = None
    vehicle_id: int | None = None

    def values(self) -> dict[str, Any]:
        """Parameters of the statements."""
        return {
            "first": self.first, "last": self.last, "area": self.area, "operator": self.operator_id, "vehicle": self.vehicle_id,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayRow:
    """One computed vehicle-day, metres; final_revision None while it is provisional."""

    day: date
    vehicle_id: int
    plate: str | None
    operator_id: int | None
    region_code: str | None
    matched_m: int
    low_m: int
    high_m: int
    gps_raw_m: int
    records: int
    qualified_records: int
    online_ms: int
    revision: int
    final_revision: int | None
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class SumRow:
    """Sums of a group: `key` as text ("" where the registry says nothing), days and how many of them are final, greatest revision."""

    key: str
    vehicles: int
    days: int
    final_days: int
    matched_m: int
    records: int
    qualified_records: int
    online_ms: int
    revision: int
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class TripRow:
    """A trip between standstills; degrees e6, millimetres; revision of its day."""

    vehicle_id: int
    day: date
    seq: int
    begins: datetime
    ends: datetime
    length_mm: int
    from_lon_e6: int
    from_lat_e6: int
    to_lon_e6: int
    to_lat_e6: int
    revision: int


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A stop of a line on a run, quality as in `tracking.passages`; revision of its day."""

    vehicle_id: int
    day: date
    run: int
    stop_seq: int
    line_id: str
    variant: str
    complete: bool
    arrive: datetime | None
    depart: datetime | None
    dwell_s: int
    quality: int
    revision: int


def day_rows(conn: Connection, span: Span, after: tuple[date, int] | None, limit: int) -> list[DayRow]:
    """Vehicle-days by day and vehicle, after a row's key."""
    day, vehicle = after or (date(1, 1, 1), 0)
    with conn.cursor(row_factory=class_row(DayRow)) as cursor:
        return cursor.execute(
            """
            select d.day, d.vehicle_id, v.plate, v.operator_id, v.region_code, d.matched_m, d.low_m, d.high_m, d.gps_raw_m, d.records,
                   d.qualified_records, d.online_ms, d.revision, d.final_revision, d.computed_at
              from vehicle_day_seen d
              join vehicle v on v.vehicle_id = d.vehicle_id
             where d.day between %(first)s and %(last)s
               and (%(area)s = '' or starts_with(v.region_code, %(area)s))
               and (%(operator)s::int is null or v.operator_id = %(operator)s)
               and (%(vehicle)s::int is null or d.vehicle_id = %(vehicle)s)
               and (d.day, d.vehicle_id) > (%(after_day)s, %(after_vehicle)s)
             order by d.day, d.vehicle_id
             limit %(limit)s
            """,
            span.values() | {"after_day": day, "after_vehicle": vehicle, "limit": limit},
        ).fetchall()


def sums(conn: Connection, span: Span, by: By, after: str | None, limit: int) -> list[SumRow]:
    """Sums of groups, by their key as text, after a key."""
    with conn.cursor(row_factory=class_row(SumRow)) as cursor:
        return cursor.execute(
            """
            select s.key, count(distinct s.vehicle_id)::int as vehicles, count(*)::int as days,
                   count(s.final_revision)::int as final_days, sum(s.matched_m)::bigint as matched_m,
                   sum(s.records)::bigint as records, sum(s.qualified_records)::bigint as qualified_records,
                   sum(s.online_ms)::bigint as online_ms, max(s.revision) as revision, max(s.computed_at) as computed_at
              from (select case %(by)s when 'vehicle' then d.vehicle_id::text
                                       when 'operator' then coalesce(v.operator_id::text, '')
                                       when 'region' then coalesce(v.region_code, '')
                                       else d.day::text end collate "C" as key,
                           d.vehicle_id, d.final_revision, d.matched_m, d.records, d.qualified_records, d.online_ms, d.revision,
                           d.computed_at
                      from vehicle_day_seen d
                      join vehicle v on v.vehicle_id = d.vehicle_id
                     where d.day between %(first)s and %(last)s
                       and (%(area)s = '' or starts_with(v.region_code, %(area)s))
                       and (%(operator)s::int is null or v.operator_id = %(operator)s)
                       and (%(vehicle)s::int is null or d.vehicle_id = %(vehicle)s)) s
             where %(after)s::text is null
                or s.key > %(after)s
             group by s.key
             order by s.key
             limit %(limit)s
            """,
            span.values() | {"by": by, "after": after, "limit": limit},
        ).fetchall()


def trips(conn: Connection, span: Span, after: tuple[date, int, int] | None, limit: int) -> list[TripRow]:
    """Trips by day, vehicle and number, after a row's key."""
    day, vehicle, seq = after or (date(1, 1, 1), 0, 0)
    with conn.cursor(row_factory=class_row(TripRow)) as cursor:
        return cursor.execute(
            """
            select t.vehicle_id, t.day, t.seq, t.from_time as begins, t.to_time as ends, t.length_mm, t.from_lon_e6, t.from_lat_e6,
                   t.to_lon_e6, t.to_lat_e6, d.revision
              from trip_seen t
              join vehicle_day_seen d on d.vehicle_id = t.vehicle_id and d.day = t.day
              join vehicle v on v.vehicle_id = t.vehicle_id
             where t.day between %(first)s and %(last)s
               and (%(area)s = '' or starts_with(v.region_code, %(area)s))
               and (%(operator)s::int is null or v.operator_id = %(operator)s)
               and (%(vehicle)s::int is null or t.vehicle_id = %(vehicle)s)
               and (t.day, t.vehicle_id, t.seq) > (%(after_day)s, %(after_vehicle)s, %(after_seq)s)
             order by t.day, t.vehicle_id, t.seq
             limit %(limit)s
            """,
            span.values() | {"after_day": day, "after_vehicle": vehicle, "after_seq": seq, "limit": limit},
        ).fetchall()


def passages(conn: Connection, span: Span, line_id: str | None, after: tuple[date, int, int, int] | None, limit: int) -> list[PassageRow]:
    """Stops of lines by day, vehicle, run and stop, after a row's key; line_id None: of all lines."""
    day, vehicle, run, stop = after or (date(1, 1, 1), 0, 0, 0)
    with conn.cursor(row_factory=class_row(PassageRow)) as cursor:
        return cursor.execute(
            """
            select p.vehicle_id, p.day, p.run, p.stop_seq, p.line_id, p.variant, p.complete, p.arrive, p.depart, p.dwell_s, p.quality,
                   d.revision
              from stop_passage_seen p
              join vehicle_day_seen d on d.vehicle_id = p.vehicle_id and d.day = p.day
              join vehicle v on v.vehicle_id = p.vehicle_id
             where p.day between %(first)s and %(last)s
               and (%(area)s = '' or starts_with(v.region_code, %(area)s))
               and (%(operator)s::int is null or v.operator_id = %(operator)s)
               and (%(vehicle)s::int is null or p.vehicle_id = %(vehicle)s)
               and (%(line)s::text is null or p.line_id = %(line)s)
               and (p.day, p.vehicle_id, p.run, p.stop_seq) > (%(after_day)s, %(after_vehicle)s, %(after_run)s, %(after_stop)s)
             order by p.day, p.vehicle_id, p.run, p.stop_seq
             limit %(limit)s
            """,
            span.values()
            | {"line": line_id, "after_day": day, "after_vehicle": vehicle, "after_run": run, "after_stop": stop, "limit": limit},
        ).fetchall()


def figures(conn: Connection, span: Span) -> dict[str, Any]:
    """Figures of the span; rates None where there is nothing to divide by.

    Returns:
        registered, driven, matched_m, vehicle_days, final_days, qualified_rate, online_rate, computed_at.
    """
    row = conn.execute(
        """
        select count(distinct v.vehicle_id)::int, count(distinct d.vehicle_id)::int, coalesce(sum(d.matched_m), 0)::bigint,
               count(d.day)::int, count(d.final_revision)::int, (sum(d.qualified_records)::float8 / nullif(sum(d.records), 0))::float8,
               (count(distinct d.vehicle_id)::float8 / nullif(count(distinct v.vehicle_id), 0))::float8, max(d.computed_at)
          from vehicle v
          left join vehicle_day_seen d on d.vehicle_id = v.vehicle_id and d.day between %(first)s and %(last)s
         where (%(area)s = '' or starts_with(v.region_code, %(area)s))
           and (%(operator)s::int is null or v.operator_id = %(operator)s)
           and (%(vehicle)s::int is null or v.vehicle_id = %(vehicle)s)
        """,
        span.values(),
    ).fetchone()
    assert row is not None
    names = ("registered", "driven", "matched_m", "vehicle_days", "final_days", "qualified_rate", "online_rate", "computed_at")
    return dict(zip(names, row, strict=True))
