"""From the outbox to deliveries: which event which webhook gets. A webhook gets what its owner may see, and nothing of the owner's who lost it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from domain.errors import RefusedError
from operations import webhook_events_store as store
from operations import webhook_store
from operations.job_runner import Pool
from operations.standing_store import require_standing
from operations.webhook_store import Webhook
from storage import outbox
from storage.outbox import Told
from storage.scope import Scope, scoped, service

SENDER = service("webhooks")
OUTBOX = "webhook"
MOST = 500
"""Events read at a time."""


def wants(patterns: Iterable[str], topic: str) -> bool:
    """A webhook's patterns name the topic: "alert.opened", "alert.*" or "*"."""
    return any(one in ("*", topic) or (one.endswith(".*") and topic.startswith(one[:-1])) for one in patterns)


def hand_out(pool: Pool, retry_h: float) -> int:
    """Turn the events that wait into deliveries; how many events."""
    with scoped(pool, SENDER) as conn:
        events = outbox.waiting(conn, OUTBOX, MOST)
        if not events:
            return 0
        webhooks = webhook_store.active(conn)
        standing = {webhook.webhook_id for webhook in webhooks if _stands(conn, webhook)}
    chosen = _chosen(pool, [webhook for webhook in webhooks if webhook.webhook_id in standing], events)
    with scoped(pool, SENDER) as conn:
        for webhook, event in chosen:
            topic = str(event.payload["topic"])
            webhook_store.deliver_to(conn, webhook.webhook_id, event.id, topic, body_of(event), retry_h)
        outbox.done(conn, [event.id for event in events])
    return len(events)


def body_of(event: Told) -> str:
    """What is sent: JSON with the event's number, topic, time, object and data."""
    said = event.payload
    return json.dumps(
        {"event_id": event.id, "topic": said["topic"], "at": said["at"], "object": said["object"], "data": said["data"]},
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip


def _stands(conn: psycopg.Connection[Any], webhook: Webhook) -> bool:
    try:
        require_standing(conn, webhook.scope())
    except RefusedError:
        return False
    return True


def _chosen(pool: Pool, webhooks: Sequence[Webhook], events: Sequence[Told]) -> list[tuple[Webhook, Told]]:
    """One look a scope: what its eyes see of the events' objects."""
    seen: dict[Scope, frozenset[tuple[str, str]]] = {}
    found = []
    for webhook in webhooks:
        wanted = [event for event in events if wants(webhook.topics, str(event.payload["topic"]))]
        if not wanted:
            continue
        scope = webhook.scope()
        key = Scope(scope.role, scope.region_code, scope.user_id, scope.operator_id, scope.person_id)
        if key not in seen:
            with scoped(pool, key) as conn:
                seen[key] = store.visible(conn, [_thing(event) for event in events])
        found += [(webhook, event) for event in wanted if _thing(event) in seen[key] or _own(webhook, event)]
    return found


def _thing(event: Told) -> tuple[str, str]:
    """Kind and number of what the event is about."""
    first, _, second = str(event.payload["topic"]).partition(".")
    return (second if first == "registry" else first), str(event.payload["object"])


def _own(webhook: Webhook, event: Told) -> bool:
    return _thing(event)[0] == "job" and event.payload["data"].get("user_id") == webhook.user_id
