"""Frames and items that could not be stored as fixes, with the raw frame, until a person or a mended decoder takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from domain.units import day_bounds, day_of, instant

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One row of the table.

    Args:
        received_ms: gateway time; log_id, position: the record in the log.
        terminal_id: "" when the header could not be read; message_id: -1 likewise.
        item: place in a 0x0704, 0 otherwise; reason: anomaly code or the pipeline's own word; field: "" when none.
        frame: raw bytes of the record.
    """

    received_ms: int
    log_id: str
    position: int
    terminal_id: str
    message_id: int
    item: int
    reason: str
    field: str
    frame: bytes


def put(conn: Connection, rows: Sequence[Quarantined], per_day: int) -> int:
    """Store rows up to the cap a terminal and Asia/Shanghai day; number left out because of the cap.

    A row that is there already (same log position and item) is left as it is.
    """
    if not rows:
        return 0
    held = _held(conn, rows)
    taken = []
    for row in rows:
        key = (row.terminal_id, day_of(row.received_ms).isoformat())
        if held[key] < per_day:
            held[key] += 1
            taken.append(row)
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into quarantine (received, log_id, position, terminal_id, message_id, item, reason, field, frame)
            values (%(received)s, %(log_id)s, %(position)s, %(terminal_id)s, %(message_id)s, %(item)s, %(reason)s, %(field)s, %(frame)s)
                on conflict (log_id, position, item) do nothing
            """,
            [_parameters(row) for row in taken],
        )
    return len(rows) - len(taken)


def _parameters(row: Quarantined) -> dict[str, object]:
    return {
        "received": instant(row.received_ms),
        "log_id": row.log_id,
        "position": row.position,
        "terminal_id": row.terminal_id or None,
        "message_id": None if row.message_id < 0 else row.message_id,
        "item": row.item,
        "reason": row.reason,
        "field": row.field,
        "frame": row.frame,
    }


def _held(conn: Connection, rows: Sequence[Quarantined]) -> Counter[tuple[str, str]]:
    """Rows that the days of these terminals hold already, by (terminal, day); a frame without a terminal counts under ""."""
    held: Counter[tuple[str, str]] = Counter()
    for day in sorted({day_of(row.received_ms) for row in rows}):
        start, end = day_bounds(day)
        terminals = sorted({row.terminal_id for row in rows if day_of(row.received_ms) == day})
        found = conn.execute(
            """
            select coalesce(terminal_id, ''), count(*)
              from quarantine
             where (terminal_id = any(%(terminals)s::text[]) or (terminal_id is null and %(nameless)s))
               and received >= %(start)s
               and received < %(end)s
             group by 1
            """,
            {"terminals": terminals, "nameless": "" in terminals, "start": instant(start), "end": instant(end)},
        ).fetchall()
        for terminal_id, count in found:
            held[(terminal_id, day.isoformat())] = count
    return held
