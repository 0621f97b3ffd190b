"""Vehicle-days in their tables: replaced whole, judged final. Nobody else writes these tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from domain.units import DAY_MS, day_of, instant
from ingest import due_store, edge_speed_store, provisional_path_store
from ingest.day_rows import SEGMENT_ROW, STAY_ROW, TRIP_ROW, StoredDay, unpack_speeds
from ingest.due_store import Ticket
from storage.copy import copy_rows
from tracking.edge_speeds import EDGE_SPEED

Connection = psycopg.Connection[Any]
Key = tuple[int, date]

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of some days: written anew; unchanged, the same input was stored already; empty, without a fix; lost to a newer mark."""

    written: int = 0
    unchanged: int = 0
    empty: int = 0
    lost: int = 0

    def __add__(self, other: Replaced) -> Replaced:
        return Replaced(
            self.written + other.written, self.unchanged + other.unchanged, self.empty + other.empty, self.lost + other.lost
        )  # fmt: skip


def replace_days(conn: Connection, found: Sequence[tuple[Ticket, StoredDay]]) -> Replaced:
    """Store days in one transaction and commit: all rows of each anew and its revision one higher, unless the day was not over when
    it was computed last: what is provisional is no revision. What live matching told of a day that is over goes.

    A day whose input is that of the stored one is left as it is, and so is one without a fix: fixes leave the archive after years, what
    was made of them stays. One whose mark has moved since the ticket was read is left to the newer mark.
    """
    mine = due_store.take(conn, [ticket for ticket, _ in found])
    days = [day for ticket, day in found if (ticket.vehicle_id, ticket.day) in mine]
    stored = _stored(conn, days)
    new = [day for day in days if stored.get((day.vehicle_id, day.day)) != day.figures["input_hash"]]
    written = [day for day in new if day.has_fixes]
    if written:
        before = _clear(conn, [day for day in written if (day.vehicle_id, day.day) in stored])
        _write(conn, written)
        edge_speed_store.change(conn, np.concatenate([day.speeds for day in written]), before)
    told = [day for day in days if day.has_fixes]
    provisional_path_store.give_way(conn, [day.vehicle_id for day in told], [day.day for day in told])
    conn.commit()
    return Replaced(len(written), len(days) - len(new), len(new) - len(written), len(found) - len(days))


def replace_day(conn: Connection, ticket: Ticket, day: StoredDay) -> Replaced:
    """`replace_days` of one day."""
    return replace_days(conn, [(ticket, day)])


def _stored(conn: Connection, days: Sequence[StoredDay]) -> dict[Key, str]:
    """Input hash of those days that are stored."""
    rows = conn.execute(
        """
        select d.vehicle_id, d.day, d.input_hash
          from vehicle_day d
          join unnest(%(vehicles)s::int[], %(days)s::date[]) as m(vehicle_id, day)
            on m.vehicle_id = d.vehicle_id
           and m.day = d.day
         order by d.vehicle_id, d.day
           for update of d
        """,
        _keys(days),
    ).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


def _keys(days: Sequence[StoredDay]) -> dict[str, Any]:
    return {"vehicles": [day.vehicle_id for day in days], "days": [day.day for day in days]}


_TABLES = ("mileage_segment", "trip", "stay", "stop_passage")
_CLEAR = sql.SQL(
    """
    delete from {table} d
     using unnest(%(vehicles)s::int[], %(days)s::date[]) as m(vehicle_id, day)
     where d.vehicle_id = m.vehicle_id
       and d.day = m.day
    """
)


def _clear(conn: Connection, days: Sequence[StoredDay]) -> np.ndarray[Any, Any]:
    """Delete what is stored of the days but their own row; their `EDGE_SPEED` rows."""
    if not days:
        return np.zeros(0, EDGE_SPEED)
    for table in _TABLES:
        conn.execute(_CLEAR.format(table=sql.Identifier(table)), _keys(days))
    rows = conn.execute(_CLEAR.format(table=sql.Identifier("matched_path")) + sql.SQL("returning d.speeds"), _keys(days)).fetchall()
    return np.concatenate([np.zeros(0, EDGE_SPEED), *(unpack_speeds(row[0]) for row in rows)])


def _write(conn: Connection, days: Sequence[StoredDay]) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(_PUT_DAY, [day.figures | {"context": Jsonb(day.figures["context"])} for day in days])
        cursor.executemany(
            """
            insert into matched_path (vehicle_id, day, map_version, pieces, edges, geometry, speeds)
            values (%(vehicle_id)s, %(day)s, %(map_version)s, %(pieces)s, %(edges)s, %(geometry)s, %(speeds)s)
            """,
            [day.path for day in days],
        )
        passages = [row | {"arrive": _when(row["arrive_ms"]), "depart": _when(row["depart_ms"])} for day in days for row in day.passages]
        if passages:
            cursor.executemany(_PUT_PASSAGE, passages)
    copy_rows(
        conn,
        """
        copy mileage_segment (
            vehicle_id, day, seq, from_time, to_time, length_mm, low_mm, high_mm, ferry_mm, part_start, part_end, kind, source, reason,
            confidence_e4
        ) from stdin (format binary)
        """,
        np.concatenate([day.segments for day in days]),
        SEGMENT_ROW,
    )
    copy_rows(
        conn,
        """
        copy trip (
            vehicle_id, day, seq, from_time, to_time, length_mm, from_lon_e6, from_lat_e6, to_lon_e6, to_lat_e6
        ) from stdin (format binary)
        """,
        np.concatenate([day.trips for day in days]),
        TRIP_ROW,
    )
    copy_rows(
        conn,
        "copy stay (vehicle_id, day, seq, from_time, to_time, lon_e6, lat_e6, station_id) from stdin (format binary)",
        np.concatenate([day.stays for day in days]),
        STAY_ROW,
    )


def _when(t_ms: int | None) -> Any:
    return None if t_ms is None else instant(t_ms)


_PUT_DAY = """
insert into vehicle_day as d (
    vehicle_id, day, matched_m, on_road_m, off_road_m, inferred_m, ferry_m, low_m, high_m, gps_raw_m, off_route_m, odo_start_m, odo_end_m,
    complete_m, total_track_m, records, qualified_records, drift_points, duty_ms, online_ms, planned_trips, run_trips, n_minor,
    n_general, n_severe, flags, context, ratio, ratio_sd, ratio_m, compared_matched_m, compared_odometer_m, compared_raw_m,
    sure_matched_m, sure_counted_m, map_version, match_version, input_hash, evidence_hash
) values (
    %(vehicle_id)s, %(day)s, %(matched_m)s, %(on_road_m)s, %(off_road_m)s, %(inferred_m)s, %(ferry_m)s, %(low_m)s, %(high_m)s,
    %(gps_raw_m)s, %(off_route_m)s, %(odo_start_m)s, %(odo_end_m)s, %(complete_m)s, %(total_track_m)s, %(records)s,
    %(qualified_records)s, %(drift_points)s, %(duty_ms)s, %(online_ms)s, %(planned_trips)s, %(run_trips)s, %(n_minor)s, %(n_general)s,
    %(n_severe)s, %(flags)s, %(context)s, %(ratio)s, %(ratio_sd)s, %(ratio_m)s, %(compared_matched_m)s, %(compared_odometer_m)s,
    %(compared_raw_m)s, %(sure_matched_m)s, %(sure_counted_m)s, %(map_version)s, %(match_version)s, %(input_hash)s, %(evidence_hash)s
)
    on conflict (vehicle_id, day)
    do update set (
        matched_m, on_road_m, off_road_m, inferred_m, ferry_m, low_m, high_m, gps_raw_m, off_route_m, odo_start_m, odo_end_m,
        complete_m, total_track_m, records, qualified_records, drift_points, duty_ms, online_ms, planned_trips, run_trips, n_minor,
        n_general, n_severe, flags, context, ratio, ratio_sd, ratio_m, compared_matched_m, compared_odometer_m, compared_raw_m,
        sure_matched_m, sure_counted_m, map_version, match_version, input_hash, evidence_hash, revision, computed_at
    ) = row (
        excluded.matched_m, excluded.on_road_m, excluded.off_road_m, excluded.inferred_m, excluded.ferry_m, excluded.low_m,
        excluded.high_m, excluded.gps_raw_m, excluded.off_route_m, excluded.odo_start_m, excluded.odo_end_m, excluded.complete_m,
        excluded.total_track_m, excluded.records, excluded.qualified_records, excluded.drift_points, excluded.duty_ms,
        excluded.online_ms, excluded.planned_trips, excluded.run_trips, excluded.n_minor, excluded.n_general, excluded.n_severe,
        excluded.flags, excluded.context, excluded.ratio, excluded.ratio_sd, excluded.ratio_m, excluded.compared_matched_m,
        excluded.compared_odometer_m, excluded.compared_raw_m, excluded.sure_matched_m, excluded.sure_counted_m, excluded.map_version,
        excluded.match_version, excluded.input_hash, excluded.evidence_hash,
        d.revision + (d.computed_at >= (d.day + 1)::timestamp at time zone 'Asia/Shanghai')::int, now()
    )
"""

_PUT_PASSAGE = """
insert into stop_passage (vehicle_id, day, run, line_id, variant, complete, stop_seq, arrive, depart, dwell_s, quality)
values (
    %(vehicle_id)s, %(day)s, %(run)s, %(line_id)s, %(variant)s, %(complete)s, %(stop_seq)s, %(arrive)s, %(depart)s, %(dwell_s)s,
    %(quality)s
)
"""


def finalise(conn: Connection, now_ms: int, final_after_h: int) -> int:
    """Judge days final that ended long enough ago and wait for nothing; how many. What changes them later is a new revision."""
    last = day_of(now_ms - final_after_h * HOUR_MS - DAY_MS)
    return conn.execute(
        """
        update vehicle_day d
           set final_revision = revision
         where final_revision is null
           and day <= %(last)s
           and not exists (select from due_day w where w.vehicle_id = d.vehicle_id and w.day = d.day)
           and not exists (select from dirty_day w where w.vehicle_id = d.vehicle_id and w.day = d.day)
        """,
        {"last": last},
    ).rowcount
