"""SQL of what a scope sees of the objects of events, and of vehicles that come on line and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

_SEEN: dict[str, bytes] = {
    "alert": b"select violation_id::text from violation where violation_id = any(%(ids)s::bigint[])",
    "vehicle": b"select vehicle_id::text from vehicle where vehicle_id = any(%(ids)s::bigint[])",
    "operator": b"select operator_id::text from operator where operator_id = any(%(ids)s::bigint[])",
    "terminal": b"select terminal_id from terminal where terminal_id = any(%(ids)s::text[])",
    "line": b"select line_id::text from line where line_id = any(%(ids)s::bigint[])",
    "station": b"select station_id::text from station where station_id = any(%(ids)s::bigint[])",
}
"""Statement by kind of object; a kind that is not here is seen by nobody."""


def visible(conn: Connection, things: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Those of (kind, number) that the scope of the connection sees."""
    found: set[tuple[str, str]] = set()
    for kind, statement in _SEEN.items():
        ids = sorted({number for one, number in things if one == kind})
        if ids:
            found |= {(kind, row[0]) for row in conn.execute(statement, {"ids": ids}).fetchall()}
    return frozenset(found)


def tell_online(conn: Connection, offline_s: int) -> None:
    """Tell which vehicles came on line and which went, while somebody asks for it; the first look tells nothing."""
    wanted = conn.execute(
        "select exists (select from webhook where active and (webhook_wants(topics, 'vehicle.online') or webhook_wants(topics, 'vehicle.offline')))"
    ).fetchone()
    if wanted != (True,):
        conn.execute("delete from vehicle_online")
        return
    conn.execute(
        """
        with fresh as (
            select vehicle_id from vehicle_last_seen where received > now() - make_interval(secs => %(offline)s)
        ), first as (
            select not exists (select from vehicle_online) as look
        ), came as (
            insert into vehicle_online (vehicle_id) select vehicle_id from fresh on conflict do nothing returning vehicle_id
        ), begun as (
            insert into vehicle_online (vehicle_id) select 0 from first where first.look
        ), gone as (
            delete from vehicle_online o where o.vehicle_id > 0 and not exists (select from fresh f where f.vehicle_id = o.vehicle_id) returning vehicle_id
        ), moves as (
            select vehicle_id, 'vehicle.online' as topic from came, first where not first.look
             union all
            select vehicle_id, 'vehicle.offline' from gone
        )
        select tell_webhooks(m.topic, m.vehicle_id::text, jsonb_build_object(
                   'vehicle_id', m.vehicle_id, 'plate', v.plate, 'plate_colour', v.plate_colour, 'region_code', v.region_code,
                   'operator_id', v.operator_id, 'online', m.topic = 'vehicle.online'))
          from moves m
          join vehicle v on v.vehicle_id = m.vehicle_id
         order by m.vehicle_id
        """,
        {"offline": offline_s},
    )


def forget(conn: Connection, keep_days: int) -> int:
    """Remove what is old: deliveries that ended, events that were handed out, events of alerts past the streams' reach; rows removed."""
    done = conn.execute(
        "delete from webhook_delivery where state <> 'waiting' and done_at < now() - make_interval(days => %(keep)s)", {"keep": keep_days}
    ).rowcount
    done += conn.execute(
        """
        delete from outbox
         where topic in ('webhook', 'mqtt.alert')
           and created_at < now() - make_interval(days => %(keep)s)
        """,
        {"keep": keep_days},
    ).rowcount
    return done + conn.execute("delete from alert_event where at < now() - interval '2 hours'").rowcount
