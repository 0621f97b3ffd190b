"""`/api/v1/webhooks`: who is told what, and what became of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from api.asking import asking, may
from api.cursors import Paging
from api.live.source import Pool
from api.parameters import Int8Id
from api.preconditions import IfMatch, etag_of, require_match
from api.schemas.webhooks import (
    DeliveryList,
    DeliverySeen,
    DeliveryState,
    NewWebhook,
    WebhookChange,
    WebhookList,
    WebhookMade,
    WebhookSeen,
)
from domain.errors import RefusedError
from operations import webhook_store as store
from operations.identity import Principal
from operations.webhook_store import Delivery, Webhook
from operations.webhooks import Webhooks

Owning = Annotated[Principal, Depends(may("webhooks:own"))]


def router(pool: Pool, webhooks: Webhooks) -> APIRouter:
    """Routes of webhooks.

    Args:
        webhooks: makes them.
    """
    routes = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

    @routes.post("", status_code=201)
    def make(response: Response, principal: Owning, asked: NewWebhook) -> WebhookMade:
        """Make one; the answer alone tells its secret."""
        with asking(pool, principal) as conn:
            number, secret = webhooks.make(conn, principal.scope(), asked.url, asked.topics, asked.description)
            made = _known(store.one(conn, number), number)
        response.headers["Location"] = f"/api/v1/webhooks/{number}"
        return WebhookMade(**_seen(made).model_dump(), secret=secret)

    @routes.get("")
    def listed(principal: Owning, page: Paging) -> WebhookList:
        """One's own; administrators see those of the accounts of their region."""
        with asking(pool, principal) as conn:
            found = store.page(conn, page.limit + 1, 0 if page.after is None else page.after[0])
        return WebhookList(webhooks=[_seen(one) for one in page.cut(found, lambda one: (one.webhook_id,))])

    @routes.get("/{webhook_id}")
    def one(response: Response, principal: Owning, webhook_id: Int8Id) -> WebhookSeen:
        """One webhook."""
        with asking(pool, principal) as conn:
            found = _known(store.one(conn, webhook_id), webhook_id)
        response.headers["ETag"] = _etag(found)
        return _seen(found)

    @routes.patch("/{webhook_id}")
    def change(response: Response, principal: Owning, webhook_id: Int8Id, asked: WebhookChange, if_match: IfMatch = None) -> WebhookSeen:
        """Change it, or switch it off and on; what waits is kept."""
        with asking(pool, principal) as conn:
            require_match(if_match, _etag(_known(store.one(conn, webhook_id, lock=True), webhook_id)))
            webhooks.change(conn, webhook_id, asked.model_dump(exclude_none=True))
            found = _known(store.one(conn, webhook_id), webhook_id)
        response.headers["ETag"] = _etag(found)
        return _seen(found)

    _add_acts(routes, pool, webhooks)
    _add_deliveries(routes, pool, webhooks.settings.retry_h)
    return routes


def _add_acts(routes: APIRouter, pool: Pool, webhooks: Webhooks) -> None:
    @routes.delete("/{webhook_id}", status_code=204)
    def remove(principal: Owning, webhook_id: Int8Id) -> None:
        """Remove it, and what waits for it."""
        with asking(pool, principal) as conn:
            _known(store.one(conn, webhook_id, lock=True), webhook_id)
            store.remove(conn, webhook_id)

    @routes.post("/{webhook_id}/rotate")
    def rotate(principal: Owning, webhook_id: Int8Id) -> WebhookMade:
        """A new secret; the old one signs nothing any more."""
        with asking(pool, principal) as conn:
            _known(store.one(conn, webhook_id, lock=True), webhook_id)
            secret = webhooks.rotate(conn, webhook_id)
            found = _known(store.one(conn, webhook_id), webhook_id)
        return WebhookMade(**_seen(found).model_dump(), secret=secret)

    @routes.post("/{webhook_id}/test", status_code=202)
    def test(principal: Owning, webhook_id: Int8Id) -> DeliverySeen:
        """Send it an event `webhook.test`, whatever its topics."""
        with asking(pool, principal) as conn:
            _known(store.one(conn, webhook_id), webhook_id)
            return _delivery(webhooks.test(conn, webhook_id))


def _add_deliveries(routes: APIRouter, pool: Pool, retry_h: float) -> None:
    @routes.get("/{webhook_id}/deliveries")
    def deliveries(principal: Owning, webhook_id: Int8Id, page: Paging, state: DeliveryState | None = None) -> DeliveryList:
        """What was sent, waits or was parked (`state=parked`: the dead letters), the newest first."""
        before = None if page.after is None else (page.after[0], UUID(page.after[1]))
        with asking(pool, principal) as conn:
            _known(store.one(conn, webhook_id), webhook_id)
            found = store.deliveries(conn, webhook_id, state, page.limit + 1, before)
        return DeliveryList(deliveries=[_delivery(one) for one in page.cut(found, lambda one: (one.event_id, str(one.delivery_id)))])

    @routes.post("/{webhook_id}/deliveries/{delivery_id}/resend", status_code=202)
    def resend(principal: Owning, webhook_id: Int8Id, delivery_id: Annotated[UUID, Path()]) -> DeliverySeen:
        """Try it again for a day, under the id it had."""
        with asking(pool, principal) as conn:
            _known(store.one(conn, webhook_id), webhook_id)
            found = store.resend(conn, webhook_id, delivery_id, retry_h)
        if found is None:
            raise RefusedError(f"no delivery {delivery_id}", field="delivery_id", kind="missing")
        return _delivery(found)


def _known(found: Webhook | None, webhook_id: int) -> Webhook:
    if found is None:
        raise RefusedError(f"no webhook {webhook_id}", field="webhook_id", kind="missing")
    return found


def _etag(one: Webhook) -> str:
    return etag_of(one.webhook_id, one.changed_at)


def _seen(one: Webhook) -> WebhookSeen:
    return WebhookSeen(
        webhook_id=one.webhook_id, user_id=one.user_id, url=one.url, topics=one.topics, description=one.description, active=one.active,
        created=one.created_at, changed=one.changed_at, waiting=one.waiting, parked=one.parked,
    )  # fmt: skip


def _delivery(one: Delivery) -> DeliverySeen:
    return DeliverySeen(
        delivery_id=one.delivery_id, topic=one.topic, state=one.state, attempts=one.attempts, status=one.status, error=one.error,  # type: ignore[arg-type]
        body=one.body, created=one.created_at, next=one.next_at if one.state == "waiting" else None, until=one.until, done=one.done_at,
    )  # fmt: skip
