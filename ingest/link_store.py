"""Links opened, authenticated and closed: what the online rate and the silence rules read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from domain.units import instant

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """One event of a link; terminal_id is "" before authentication, vehicle_id None when nobody knows the terminal."""

    log_id: str
    position: int
    at_ms: int
    event: str
    reason: str
    gateway: str
    peer: str
    terminal_id: str
    vehicle_id: int | None


def put(conn: Connection, events: Sequence[LinkEvent]) -> None:
    """Store events; one that is there already (same place in the log) is left as it is."""
    if not events:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into link_event (vehicle_id, terminal_id, at, event, reason, gateway, peer, log_id, position)
            values (%(vehicle_id)s, %(terminal_id)s, %(at)s, %(event)s, %(reason)s, %(gateway)s, %(peer)s, %(log_id)s, %(position)s)
                on conflict (log_id, position) do nothing
            """,
            [
                {
                    "vehicle_id": event.vehicle_id,
                    "terminal_id": event.terminal_id or None,
                    "at": instant(event.at_ms),
                    "event": event.event,
                    "reason": event.reason,
                    "gateway": event.gateway,
                    "peer": event.peer,
                    "log_id": event.log_id,
                    "position": event.position,
                }
                for event in events
            ],
        )
