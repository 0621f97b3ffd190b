"""What happened to alerts, in order, kept for two hours: the read side of streams. Row-level security decides which events there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """What is told of an alert: kind "opened", a condition, a state or a step; payload as published."""

    event_id: int
    alert_id: int
    kind: str
    payload: dict[str, Any]
    at: datetime


def events_after(conn: Connection, after_id: int, most: int) -> list[AlertEvent]:
    """What was told after an event, in order; events of transactions still open come later, with smaller numbers."""
    with conn.cursor(row_factory=class_row(AlertEvent)) as cursor:
        return cursor.execute(
            """
            select event_id, alert_id, kind, payload, at
              from alert_event
             where event_id > %(after)s
             order by event_id
             limit %(most)s
            """,
            {"after": after_id, "most": most},
        ).fetchall()


def events_since(conn: Connection, last_id: int, overlap_s: float, most: int) -> list[AlertEvent]:
    """What was told after an event and not more than an hour ago, with what came shortly before it: it may have been committed later."""
    with conn.cursor(row_factory=class_row(AlertEvent)) as cursor:
        return cursor.execute(
            """
            select event_id, alert_id, kind, payload, at
              from alert_event
             where at > now() - interval '1 hour'
               and event_id <> %(last)s
               and (event_id > %(last)s
                    or at >= (select e.at - make_interval(secs => %(overlap)s) from alert_event e where e.event_id = %(last)s))
             order by event_id
             limit %(most)s
            """,
            {"last": last_id, "overlap": overlap_s, "most": most},
        ).fetchall()


def event_mark(conn: Connection, after_id: int) -> tuple[int, int]:
    """How many events there are after a number, and the highest: another mark means that something was added."""
    row = conn.execute(
        "select count(*) filter (where event_id > %(after)s), coalesce(max(event_id), 0) from alert_event where event_id >= %(after)s",
        {"after": after_id},
    ).fetchone()
    assert row is not None
    return int(row[0]), max(int(row[1]), after_id)
