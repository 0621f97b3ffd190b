"""SQL of webhooks and their deliveries. Events are written by the database (0351_webhooks.sql)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from storage.scope import Scope

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Who wants to be told what; its events are those that the scope of its owner, as it was when it was made, may see."""

    webhook_id: int
    user_id: int
    url: str
    topics: list[str]
    description: str
    secret_sealed: bytes
    active: bool
    role: str
    region_code: str
    operator_id: int | None
    person_id: int | None
    created_at: datetime
    changed_at: datetime
    waiting: int
    parked: int

    def scope(self) -> Scope:
        """Whose eyes choose its events."""
        return Scope(self.role, self.region_code, self.user_id, self.operator_id, self.person_id, f"webhook {self.webhook_id}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook; state "waiting", "delivered" or "parked"; status: of the last answer, None: there was none."""

    delivery_id: UUID
    webhook_id: int
    event_id: int
    topic: str
    body: str
    state: str
    attempts: int
    next_at: datetime
    until: datetime
    created_at: datetime
    done_at: datetime | None
    status: int | None
    error: str | None


_WEBHOOKS = b"""
    select w.webhook_id, w.user_id, w.url, w.topics, w.description, w.secret_sealed, w.active, w.role, w.region_code, w.operator_id,
           w.person_id, w.created_at, w.changed_at,
           (select count(*) from webhook_delivery d where d.webhook_id = w.webhook_id and d.state = 'waiting') as waiting,
           (select count(*) from webhook_delivery d where d.webhook_id = w.webhook_id and d.state = 'parked') as parked
      from webhook w
"""
_DELIVERIES = b"""
    select delivery_id, webhook_id, event_id, topic, body, state, attempts, next_at, until, created_at, done_at, status, error
      from webhook_delivery
"""


def add(conn: Connection, scope: Scope, url: str, topics: Sequence[str], description: str, sealed: bytes) -> int:
    """Insert a webhook of who asks; its number."""
    row = conn.execute(
        """
        insert into webhook (user_id, url, topics, description, secret_sealed, role, region_code, operator_id, person_id)
        values (%(user_id)s, %(url)s, %(topics)s, %(description)s, %(sealed)s, %(role)s, %(region_code)s, %(operator_id)s, %(person_id)s)
        returning webhook_id
        """,
        {"user_id": scope.user_id, "url": url, "topics": list(topics), "description": description, "sealed": sealed, "role": scope.role,
         "region_code": scope.region_code, "operator_id": scope.operator_id, "person_id": scope.person_id},
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


def count(conn: Connection, user_id: int) -> int:
    """How many webhooks an account has."""
    row = conn.execute("select count(*) from webhook where user_id = %(user_id)s", {"user_id": user_id}).fetchone()
    assert row is not None
    return int(row[0])


def change(conn: Connection, webhook_id: int, values: Mapping[str, Any]) -> None:
    """Change what is given of url, topics, description, active, secret_sealed."""
    conn.execute(
        """
        update webhook
           set url = coalesce(%(url)s, url), topics = coalesce(%(topics)s::text[], topics),
               description = coalesce(%(description)s, description), active = coalesce(%(active)s::boolean, active),
               secret_sealed = coalesce(%(secret_sealed)s::bytea, secret_sealed)
         where webhook_id = %(webhook_id)s
        """,
        {"url": None, "topics": None, "description": None, "active": None, "secret_sealed": None, "webhook_id": webhook_id} | dict(values),
    )


def remove(conn: Connection, webhook_id: int) -> None:
    """Remove a webhook and its deliveries."""
    conn.execute("delete from webhook where webhook_id = %(webhook_id)s", {"webhook_id": webhook_id})


def page(conn: Connection, limit: int, after: int = 0) -> list[Webhook]:
    """Webhooks that the asker may see, by number."""
    with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        return cursor.execute(
            _WEBHOOKS + b" where w.webhook_id > %(after)s order by w.webhook_id limit %(limit)s", {"after": after, "limit": limit}
        ).fetchall()


def one(conn: Connection, webhook_id: int, *, lock: bool = False) -> Webhook | None:
    """One webhook; None when there is none that the asker may see."""
    with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        tail = b" where w.webhook_id = %(webhook_id)s" + (b" for update of w" if lock else b"")
        return cursor.execute(_WEBHOOKS + tail, {"webhook_id": webhook_id}).fetchone()


def active(conn: Connection) -> list[Webhook]:
    """All webhooks that are told."""
    with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        return cursor.execute(_WEBHOOKS + b" where w.active order by w.webhook_id").fetchall()


def deliveries(conn: Connection, webhook_id: int, state: str | None, limit: int, before: tuple[int, UUID] | None = None) -> list[Delivery]:
    """Deliveries of a webhook, the newest first."""
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(
            _DELIVERIES
            + b"""
             where webhook_id = %(webhook_id)s
               and (%(state)s::text is null or state = %(state)s)
               and (%(event)s::bigint is null or event_id < %(event)s)
             order by event_id desc
             limit %(limit)s
            """,
            {"webhook_id": webhook_id, "state": state, "limit": limit, "event": None if before is None else before[0]},
        ).fetchall()


def resend(conn: Connection, webhook_id: int, delivery_id: UUID, hours: float) -> Delivery | None:
    """Try a delivery again, at once, under its old id; None when there is none."""
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(
            """
            update webhook_delivery
               set state = 'waiting', attempts = 0, next_at = now(), until = now() + make_interval(secs => %(seconds)s), done_at = null
             where webhook_id = %(webhook_id)s and delivery_id = %(delivery_id)s
            returning delivery_id, webhook_id, event_id, topic, body, state, attempts, next_at, until, created_at, done_at, status, error
            """,
            {"webhook_id": webhook_id, "delivery_id": delivery_id, "seconds": hours * 3600},
        ).fetchone()


def next_event(conn: Connection) -> int:
    """A number of its own in the order of events."""
    row = conn.execute("select nextval(pg_get_serial_sequence('outbox', 'id'))").fetchone()
    assert row is not None
    return int(row[0])


def deliver_to(conn: Connection, webhook_id: int, event_id: int, topic: str, body: str, hours: float) -> None:
    """Queue an event for a webhook; the same event again changes nothing."""
    conn.execute(
        """
        insert into webhook_delivery (webhook_id, event_id, topic, body, until)
        values (%(webhook_id)s, %(event_id)s, %(topic)s, %(body)s, now() + make_interval(secs => %(seconds)s))
            on conflict (webhook_id, event_id) do nothing
        """,
        {"webhook_id": webhook_id, "event_id": event_id, "topic": topic, "body": body, "seconds": hours * 3600},
    )


def due(conn: Connection) -> list[int]:
    """Active webhooks whose oldest waiting delivery is due."""
    rows = conn.execute(
        """
        select w.webhook_id
          from webhook w,
               lateral (select d.next_at from webhook_delivery d
                         where d.webhook_id = w.webhook_id and d.state = 'waiting' order by d.event_id limit 1) head
         where w.active and head.next_at <= now()
         order by head.next_at
        """
    ).fetchall()
    return [row[0] for row in rows]


def head(conn: Connection, webhook_id: int) -> Delivery | None:
    """The oldest waiting delivery, when it is due: what comes after it waits."""
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(
            _DELIVERIES + b" where webhook_id = %(webhook_id)s and state = 'waiting' order by event_id limit 1", {"webhook_id": webhook_id}
        ).fetchone()


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended: state "delivered", "parked" or "waiting", then for wait_s seconds."""

    state: str
    status: int | None
    error: str | None
    wait_s: float = 0.0


def tried(conn: Connection, delivery_id: UUID, how: Tried) -> None:
    """Note a try."""
    conn.execute(
        """
        update webhook_delivery
           set state = %(state)s, attempts = attempts + 1, status = %(status)s, error = %(error)s,
               next_at = now() + make_interval(secs => %(wait)s), done_at = case when %(state)s = 'waiting' then null else now() end
         where delivery_id = %(delivery_id)s
        """,
        {"delivery_id": delivery_id, "state": how.state, "status": how.status, "error": how.error, "wait": how.wait_s},
    )
