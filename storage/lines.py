"""Read side of lines: what is registered, how far the newest network carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class LineRow:
    """One way of a line; trips of its timetable in force or to come, vehicles named in it; refused: why no road carries it, None when it
    is laid or has not been tried; laid: on how many networks it lies."""

    line_id: int
    code: str
    name: str
    name_en: str | None
    kind: str
    variant: str
    stops: int
    trips: int
    vehicles: int
    laid: int
    refused: str | None


def lines(conn: Connection) -> list[LineRow]:
    """Ways of all lines, by code and variant."""
    with conn.cursor(row_factory=class_row(LineRow)) as cursor:
        return cursor.execute(
            """
            select l.line_id, l.code, l.name, l.name_en, l.kind, v.variant,
                   (select count(*) from line_stop s where s.line_id = v.line_id and s.variant = v.variant)::int as stops,
                   t.trips, t.vehicles, p.laid, p.refused
              from line l
              join line_variant v on v.line_id = l.line_id
             cross join lateral (
                   select count(*)::int as trips, count(distinct vehicle_id)::int as vehicles
                     from timetable_trip t
                    where t.line_id = v.line_id
                      and t.variant = v.variant
                      and t.valid_to is null) t
             cross join lateral (
                   select count(*) filter (where p.refused is null)::int as laid, max(p.refused) as refused
                     from line_path p
                    where p.line_id = v.line_id
                      and p.variant = v.variant
                      and p.revision = v.revision) p
             order by l.code, v.variant
            """
        ).fetchall()
