"""Making webhooks: whom they may reach, their secrets, and a first event to try them with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from domain.errors import RefusedError
from operations import webhook_store as store
from operations.settings import WebhookSettings
from operations.webhook_guard import checked_url, networks
from operations.webhook_sender import PLACE
from operations.webhook_store import Delivery
from storage.scope import Scope
from storage.sealing import Sealer, load_sealer

Connection = psycopg.Connection[Any]


class Webhooks:
    """Webhooks of an installation.

    Args:
        settings: of webhooks; key_file: of the sealer, made on the first use.
    """

    def __init__(self, settings: WebhookSettings, key_file: Path) -> None:
        self.settings = settings
        self._named = networks(settings.allow_networks)
        self._key_file = key_file
        self._sealer: Sealer | None = None

    @property
    def sealer(self) -> Sealer:
        """Seals their secrets."""
        if self._sealer is None:
            self._sealer = load_sealer(self._key_file)
        return self._sealer

    def make(self, conn: Connection, scope: Scope, url: str, topics: Sequence[str], description: str) -> tuple[int, str]:
        """Make one, in the asker's transaction; its number and secret.

        Raises:
            RefusedError: the URL cannot be reached by rule; conflict: there are too many.
        """
        checked_url(url, self._named)
        if scope.user_id is None or store.count(conn, scope.user_id) >= self.settings.most_per_user:
            raise RefusedError(f"an account has at most {self.settings.most_per_user} webhooks: remove one", kind="conflict")
        secret = _secret()
        return store.add(conn, scope, url, _unique(topics), description, self.sealer.seal(secret, PLACE)), secret

    def change(self, conn: Connection, webhook_id: int, values: Mapping[str, Any]) -> None:
        """Change some of url, topics, description, active."""
        if "url" in values:
            checked_url(values["url"], self._named)
        store.change(conn, webhook_id, dict(values) | ({"topics": _unique(values["topics"])} if "topics" in values else {}))

    def rotate(self, conn: Connection, webhook_id: int) -> str:
        """Give it a new secret; what it is."""
        secret = _secret()
        store.change(conn, webhook_id, {"secret_sealed": self.sealer.seal(secret, PLACE)})
        return secret

    def test(self, conn: Connection, webhook_id: int) -> Delivery:
        """Queue an event for it alone."""
        event_id = store.next_event(conn)
        body = {"event_id": event_id, "topic": "webhook.test", "at": datetime.now(UTC).isoformat(), "object": str(webhook_id), "data": {}}
        store.deliver_to(conn, webhook_id, event_id, "webhook.test", json.dumps(body, separators=(",", ":")), self.settings.retry_h)
        return store.deliveries(conn, webhook_id, None, 1)[0]


def _secret() -> str:
    return f"whsec_{secrets.token_urlsafe(32)}"


def _unique(topics: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(topics))
