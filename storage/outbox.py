"""The shared outbox: what one room tells another, written with the change that it tells of, read until it is marked as done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]

MQTT_ALERT = "mqtt.alert"
"""Alerts for the MQTT fan-out: {"alert_id", "rule", "region_code", ...}; written where an alert opens or changes, with
"mqtt.alert:<alert_id>:<revision>" as key. Everything in the payload is published."""


@dataclass(frozen=True, slots=True)
class Told:
    """One row that is not done."""

    id: int
    payload: dict[str, Any]


def put(conn: Connection, topic: str, dedupe_key: str, payload: dict[str, Any]) -> None:
    """Tell something, in the caller's transaction; the same key again changes nothing."""
    conn.execute(
        """
        insert into outbox (topic, dedupe_key, payload)
        values (%(topic)s, %(key)s, %(payload)s)
            on conflict (dedupe_key) do nothing
        """,
        {"topic": topic, "key": dedupe_key, "payload": Jsonb(payload)},
    )


def waiting(conn: Connection, topic: str, most: int) -> list[Told]:
    """What has been told and not been done, the oldest first."""
    with conn.cursor(row_factory=class_row(Told)) as cursor:
        return cursor.execute(
            """
            select id, payload
              from outbox
             where topic = %(topic)s
               and done_at is null
             order by id
             limit %(most)s
            """,
            {"topic": topic, "most": most},
        ).fetchall()


def done(conn: Connection, ids: Sequence[int]) -> None:
    """Mark rows as done, in the caller's transaction."""
    conn.execute("update outbox set done_at = now() where id = any(%(ids)s)", {"ids": list(ids)})
