"""`/api/v1/platforms`: other platforms, what is asked of them, and what they ask."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Query

from api.asking import Asking, asking
from api.live.source import Pool
from api.schemas.platforms import MessageList, MessageSeen, NewAnswer, NewMessage, PlatformList, PlatformSeen
from api.seeing import region_visible
from domain.errors import RefusedError
from operations.identity import Principal
from protocols.jt809.envelope import Subject
from protocols.jt809.orders import check
from storage import platforms as stored
from storage.platforms import Message, Platform


def router(pool: Pool) -> APIRouter:
    """Routes of platforms; a person sees those whose region lies in the person's subtree."""
    routes = APIRouter(prefix="/api/v1/platforms", tags=["platforms"])

    @routes.get("")
    def listed(principal: Asking) -> PlatformList:
        """Platforms and their links."""
        with asking(pool, principal) as conn:
            rows = [one for one in stored.platforms(conn) if region_visible(principal, one.region_code)]
        return PlatformList(platforms=[PlatformSeen.model_validate(asdict(one)) for one in rows])

    @routes.get("/{peer_id}/messages")
    def messages(
        principal: Asking, peer_id: int, kind: str | None = Query(default=None, pattern="^(order|roll_call|text|alarm)$"),
        limit: int = Query(default=50, ge=1, le=500),
    ) -> MessageList:  # fmt: skip
        """The newest messages with a platform."""
        with asking(pool, principal) as conn:
            _visible(conn, principal, peer_id)
            rows = stored.messages(conn, peer_id, kind, limit)
        return MessageList(messages=[_seen(one) for one in rows])

    @routes.post("/{peer_id}/messages", status_code=202)
    def ask(principal: Asking, peer_id: int, asked: NewMessage) -> MessageSeen:
        """Ask a subordinate platform; what does not fit its edition is refused at once."""
        return _ask(pool, principal, peer_id, asked)

    @routes.get("/{peer_id}/messages/{message_id}")
    def one(principal: Asking, peer_id: int, message_id: int) -> MessageSeen:
        """One message."""
        with asking(pool, principal) as conn:
            return _seen(_message(conn, principal, peer_id, message_id))

    @routes.post("/{peer_id}/messages/{message_id}/answer", status_code=202)
    def answer(principal: Asking, peer_id: int, message_id: int, said: NewAnswer) -> MessageSeen:
        """Answer what a superior platform asked."""
        return _answer(pool, principal, (peer_id, message_id), said)

    return routes


def _ask(pool: Pool, principal: Principal, peer_id: int, asked: NewMessage) -> MessageSeen:
    vehicle = (asked.plate, asked.plate_colour) if asked.plate is not None and asked.plate_colour is not None else None
    with asking(pool, principal) as conn, conn.transaction():
        to = _visible(conn, principal, peer_id)
        if to.role != "subordinate":
            raise RefusedError(f"{to.name} is superior to us: it asks, we answer", field="peer_id", kind="conflict")
        check(asked.kind, asked.fields, to.version, Subject(*vehicle) if vehicle is not None else None)
        expires_at = datetime.now(UTC) + timedelta(seconds=asked.expires_in_s)
        number = stored.ask(conn, peer_id, asked.kind, asked.fields, asked_by=principal.name, vehicle=vehicle, expires_at=expires_at)
        return _seen(stored.message(conn, number))


def _answer(pool: Pool, principal: Principal, place: tuple[int, int], said: NewAnswer) -> MessageSeen:
    with asking(pool, principal) as conn, conn.transaction():
        found = _message(conn, principal, *place)
        stored.answer(conn, found.message_id, result=said.result, content=said.content, responder=principal.name, telephone=said.telephone)
        return _seen(stored.message(conn, found.message_id))


def _visible(conn: stored.Connection, principal: Principal, peer_id: int) -> Platform:
    found = stored.platform(conn, peer_id)
    if not region_visible(principal, found.region_code):
        raise RefusedError(f"no platform {peer_id}", field="platform", kind="missing")
    return found


def _message(conn: stored.Connection, principal: Principal, peer_id: int, message_id: int) -> Message:
    _visible(conn, principal, peer_id)
    found = stored.message(conn, message_id)
    if found.peer_id != peer_id:
        raise RefusedError(f"no message {message_id} with platform {peer_id}", field="message_id", kind="missing")
    return found


def _seen(one: Message) -> MessageSeen:
    return MessageSeen.model_validate(asdict(one))
