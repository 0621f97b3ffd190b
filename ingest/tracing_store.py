"""What became of the frames of a terminal: rows that carry the time at which a frame arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

_EARLIER, _LATER = timedelta(days=400), timedelta(days=1)
"""Device times that a frame of an instant may say: blind-area data lies far back."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A row. received: when its frame arrived; table: where it is; what: in words; position: offset in the log, None where not kept."""

    received: datetime
    table: str
    what: str
    position: int | None = None


def rows_of(conn: Connection, terminal_id: str, begin: datetime, end: datetime) -> list[Trace]:
    """Rows of a terminal's frames that arrived in [begin, end), by arrival, at most 10,000 a table; nothing of who drove."""
    asked = {"terminal": terminal_id, "begin": begin, "end": end}
    return sorted([*_positions(conn, asked), *_set_aside(conn, asked), *_links(conn, asked)], key=lambda one: one.received)


def _positions(conn: Connection, asked: dict[str, Any]) -> Iterator[Trace]:
    for received, vehicle_id, time, lon, lat in conn.execute(
        """
        select p.received, p.vehicle_id, p.time at time zone 'UTC', p.lon_e6, p.lat_e6
          from positions p
         where p.vehicle_id in (select b.vehicle_id from terminal_binding b where b.terminal_id = %(terminal)s
                                union
                                select t.vehicle_id from terminal t where t.terminal_id = %(terminal)s)
           and p.time >= %(earliest)s
           and p.time < %(latest)s
           and p.received >= %(begin)s
           and p.received < %(end)s
         order by p.received, p.time
         limit 10000
        """,
        asked | {"earliest": asked["begin"] - _EARLIER, "latest": asked["end"] + _LATER},
    ).fetchall():
        yield Trace(received, "positions", f"vehicle {vehicle_id} at {time:%Y-%m-%dT%H:%M:%SZ}, lon {lon / 1e6:.6f}, lat {lat / 1e6:.6f}")


def _set_aside(conn: Connection, asked: dict[str, Any]) -> Iterator[Trace]:
    for received, number, reason, field, position in conn.execute(
        """
        select received, id, reason, field, position
          from quarantine
         where terminal_id = %(terminal)s
           and received >= %(begin)s
           and received < %(end)s
         order by received
         limit 10000
        """,
        asked,
    ).fetchall():
        yield Trace(received, "quarantine", f"row {number}: {reason}{' in ' + field if field else ''}", position)


def _links(conn: Connection, asked: dict[str, Any]) -> Iterator[Trace]:
    for at, event, reason, position in conn.execute(
        """
        select at, event, reason, position
          from link_event
         where terminal_id = %(terminal)s
           and at >= %(begin)s
           and at < %(end)s
         order by at
         limit 10000
        """,
        asked,
    ).fetchall():
        yield Trace(at, "link_event", f"{event}{' ' + reason if reason else ''}", position)
