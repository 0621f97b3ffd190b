"""Sending deliveries: each webhook's in order, signed, tried again with growing waits for a day, then parked.

Header fields and signature: docs/webhooks.md.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import structlog

from domain.errors import HouseError, RefusedError
from operations import webhook_store as store
from operations.job_runner import Pool
from operations.settings import WebhookSettings
from operations.webhook_events import SENDER
from operations.webhook_guard import client, networks
from operations.webhook_store import Delivery, Tried, Webhook
from storage.scope import scoped
from storage.sealing import Sealer

log = structlog.get_logger()

PLACE = "webhook.secret"
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3_600.0
AT_ONCE = 4
"""Webhooks that are sent to at the same time."""
IN_A_ROW = 50
"""Deliveries of one webhook before the others get their turn."""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Value of Cuntong-Signature: HMAC-SHA256 over the timestamp, a full stop and the body, in hex."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def wait_s(attempts: int) -> float:
    """Seconds after the try of that number, 0 the first: 5, 10, 20 … 3,600, a fifth more or less."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts, 20)) * random.uniform(0.8, 1.2)


class Sender:
    """Sends what is due.

    Args:
        pool: of role "app", with a connection for each of `AT_ONCE`.
        sealer: opens the secrets.
        settings: of webhooks.
    """

    def __init__(self, pool: Pool, sealer: Sealer, settings: WebhookSettings) -> None:
        self._pool, self._sealer = pool, sealer
        self._settings = settings
        self._http = client(networks(settings.allow_networks), settings.timeout_s)
        self._hands = ThreadPoolExecutor(AT_ONCE, "webhook")

    def close(self) -> None:
        """Wait for what is under way, and close."""
        self._hands.shutdown(cancel_futures=True)
        self._http.close()

    def once(self) -> int:
        """Send to every webhook that has something due; tries."""
        with scoped(self._pool, SENDER) as conn:
            due = store.due(conn)
        return sum(self._hands.map(self._send_all, due))

    def _send_all(self, webhook_id: int) -> int:
        for tries in range(IN_A_ROW):
            with scoped(self._pool, SENDER) as conn:
                webhook, delivery = store.one(conn, webhook_id), store.head(conn, webhook_id)
            if webhook is None or not webhook.active or delivery is None or delivery.next_at > datetime.now(UTC):
                return tries
            how = self._send(webhook, delivery)
            with scoped(self._pool, SENDER) as conn:
                store.tried(conn, delivery.delivery_id, how)
            if how.state != "delivered":
                log.warning("webhook_failed", webhook=webhook_id, attempts=delivery.attempts + 1, state=how.state, error=how.error)
                if how.state == "waiting":
                    return tries + 1
        return IN_A_ROW

    def _send(self, webhook: Webhook, delivery: Delivery) -> Tried:
        body, timestamp = delivery.body.encode(), str(int(time.time()))
        try:
            secret = self._sealer.unseal(webhook.secret_sealed, PLACE)
            headers = {
                "Content-Type": "application/json", "User-Agent": "Cuntong-Webhook/1", "Cuntong-Delivery": str(delivery.delivery_id),
                "Cuntong-Topic": delivery.topic, "Cuntong-Timestamp": timestamp, "Cuntong-Attempt": str(delivery.attempts + 1),
                "Cuntong-Signature": signature(secret, timestamp, body),
            }  # fmt: skip
            with self._http.stream("POST", webhook.url, content=body, headers=headers) as answer:
                status = answer.status_code
        except RefusedError as error:
            return self._failed(delivery, None, str(error))
        except (httpx.HTTPError, httpx.InvalidURL, HouseError, OSError) as error:
            return self._failed(delivery, None, (str(error) or type(error).__name__).splitlines()[0][:300])
        if 200 <= status < 300:
            return Tried("delivered", status, None)
        return self._failed(delivery, status, f"it answered {status}" + (": redirects are not followed" if 300 <= status < 400 else ""))

    def _failed(self, delivery: Delivery, status: int | None, error: str) -> Tried:
        wait = wait_s(delivery.attempts)
        over = datetime.now(UTC) + timedelta(seconds=wait) > delivery.until
        return Tried("parked" if over else "waiting", status, error, wait)
