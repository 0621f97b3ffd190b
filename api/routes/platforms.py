"""`/api/v1/platforms`: other platforms, what is asked of them, and what they ask."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.asking import asking, may
from api.idempotency import IdempotencyKey, once
from api.live.source import Pool
from api.parameters import Int4Id, Int8Id
from api.schemas.platforms import MessageList, MessageSeen, NewAnswer, NewMessage, PlatformList, PlatformSeen
from domain.errors import RefusedError
from operations.identity import Principal
from protocols.jt809.envelope import Subject
from protocols.jt809.orders import check
from storage import audit
from storage import platforms as stored
from storage.platforms import Message

Seeing = Annotated[Principal, Depends(may("platforms:read"))]
Sending = Annotated[Principal, Depends(may("platforms:ask"))]


def router(pool: Pool) -> APIRouter:
    """Routes of platforms."""
    routes = APIRouter(prefix="/api/v1/platforms", tags=["platforms"])

    @routes.get("")
    def listed(principal: Seeing) -> PlatformList:
        """Platforms and their links."""
        with asking(pool, principal) as conn:
            rows = stored.platforms(conn)
        return PlatformList(platforms=[PlatformSeen.model_validate(asdict(one)) for one in rows])

    @routes.get("/{peer_id}/messages")
    def messages(
        principal: Seeing, peer_id: Int4Id, kind: str | None = Query(default=None, pattern="^(order|roll_call|text|alarm)$"),
        limit: int = Query(default=50, ge=1, le=500),
    ) -> MessageList:  # fmt: skip
        """The newest messages with a platform."""
        with asking(pool, principal) as conn:
            stored.platform(conn, peer_id)
            rows = stored.messages(conn, peer_id, kind, limit)
        return MessageList(messages=[_seen(one) for one in rows])

    @routes.post("/{peer_id}/messages", status_code=202, response_model=MessageSeen)
    def ask(request: Request, principal: Sending, peer_id: Int4Id, asked: NewMessage, key: IdempotencyKey) -> Response:
        """Ask a subordinate platform; what does not fit its edition is refused at once."""
        with asking(pool, principal) as conn:
            return once(request, conn, principal, key, asked, lambda: _ask(conn, principal, peer_id, asked))

    @routes.get("/{peer_id}/messages/{message_id}")
    def one(principal: Seeing, peer_id: Int4Id, message_id: Int8Id) -> MessageSeen:
        """One message."""
        with asking(pool, principal) as conn:
            return _seen(_message(conn, peer_id, message_id))

    @routes.post("/{peer_id}/messages/{message_id}/answer", status_code=202, response_model=MessageSeen)
    def answer(request: Request, principal: Sending, peer_id: Int4Id, message_id: Int8Id, said: NewAnswer, key: IdempotencyKey) -> Response:
        """Answer what a superior platform asked."""
        with asking(pool, principal) as conn:
            return once(request, conn, principal, key, said, lambda: _answer(conn, principal, (peer_id, message_id), said))

    return routes


def _ask(conn: stored.Connection, principal: Principal, peer_id: int, asked: NewMessage) -> MessageSeen:
    vehicle = (asked.plate, asked.plate_colour) if asked.plate is not None and asked.plate_colour is not None else None
    to = stored.platform(conn, peer_id)
    if to.role != "subordinate":
        raise RefusedError(f"{to.name} is superior to us: it asks, we answer", field="peer_id", kind="conflict")
    check(asked.kind, asked.fields, to.version, Subject(*vehicle) if vehicle is not None else None)
    expires_at = datetime.now(UTC) + timedelta(seconds=asked.expires_in_s)
    number = stored.ask(conn, peer_id, asked.kind, asked.fields, asked_by=principal.name, vehicle=vehicle, expires_at=expires_at)
    audit.put(conn, "command", "platform.ask", f"platform:{peer_id}", {"message_id": number, "kind": asked.kind})
    return _seen(stored.message(conn, number))


def _answer(conn: stored.Connection, principal: Principal, place: tuple[int, int], said: NewAnswer) -> MessageSeen:
    found = _message(conn, *place)
    stored.answer(conn, found.message_id, result=said.result, content=said.content, responder=principal.name, telephone=said.telephone)
    audit.put(conn, "command", "platform.answer", f"platform:{found.peer_id}", {"message_id": found.message_id})
    return _seen(stored.message(conn, found.message_id))


def _message(conn: stored.Connection, peer_id: int, message_id: int) -> Message:
    stored.platform(conn, peer_id)
    found = stored.message(conn, message_id)
    if found.peer_id != peer_id:
        raise RefusedError(f"no message {message_id} with platform {peer_id}", field="message_id", kind="missing")
    return found


def _seen(one: Message) -> MessageSeen:
    return MessageSeen.model_validate(asdict(one))
