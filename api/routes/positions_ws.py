"""`/ws/positions`: live positions as binary frames.

Close codes: 4401 not logged in, 4403 topic out of scope, 4408 no subscribe in time, 4429 too many sockets, 1009 message too big.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.live.fleet import Fleet
from api.live.hub import Hub
from api.live.outbox import Outbox
from api.live.topics import granted, parse_topic
from api.login import AWAY, Doorkeeper, now_ms
from api.metrics import Metrics
from api.settings import WebSettings
from domain.errors import RefusedError
from operations.identity import Principal

NOT_LOGGED_IN = 4401
OUT_OF_SCOPE = 4403
NO_SUBSCRIBE = 4408
TOO_MANY = 4429
TOO_BIG = 1009
OVERLOADED = 1013
MESSAGE_MOST = 4096
PROTOCOL = "cuntong.v1"


class Closing(Exception):
    """The server ends the socket, with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LiveDoor:
    """What every socket needs.

    Args:
        hub: shares the frames.
        fleet: knows the dictionary's version.
        doorkeeper: checks logins.
        settings: time limits and sockets a user.
        metrics: counters of this door.
        open_sockets: sockets by user_id.
    """

    hub: Hub
    fleet: Fleet
    doorkeeper: Doorkeeper
    settings: WebSettings
    metrics: Metrics
    open_sockets: Counter[int]


def router(door: LiveDoor) -> APIRouter:
    """The live socket."""
    routes = APIRouter()

    @routes.websocket("/ws/positions")
    async def positions(socket: WebSocket) -> None:
        """Serve one browser until it leaves."""
        protocol, token = _offered(socket)
        await socket.accept(subprotocol=protocol)
        try:
            principal = await door.doorkeeper.person(socket, token)
        except AWAY:
            await socket.close(OVERLOADED, "the database does not answer")
            return
        if principal is None or not door.doorkeeper.own_origin(socket):
            await socket.close(NOT_LOGGED_IN, "not logged in")
            return
        if door.open_sockets[principal.user_id] >= door.settings.sockets_per_user:
            await socket.close(TOO_MANY, "too many sockets")
            return
        door.open_sockets[principal.user_id] += 1
        door.metrics.sockets.inc()
        try:
            await Session(door, socket, principal).serve()
        finally:
            door.metrics.sockets.dec()
            door.open_sockets[principal.user_id] -= 1

    return routes


def _offered(socket: WebSocket) -> tuple[str | None, str | None]:
    """Sub-protocol to accept and the bearer token that came beside it; None where the client offers none."""
    offered = [part.strip() for part in socket.headers.get("sec-websocket-protocol", "").split(",")]
    token = next((part[7:] for part in offered if part.startswith("bearer.")), None)
    return (PROTOCOL if PROTOCOL in offered else None), token


class Session:
    """One socket: a reader, a sender and a clock that checks the login again."""

    def __init__(self, door: LiveDoor, socket: WebSocket, principal: Principal) -> None:
        self._door = door
        self._socket = socket
        self._principal = principal
        self._outbox = Outbox(door.metrics, principal.session_id)
        self._subscribed = asyncio.Event()

    async def serve(self) -> None:
        """Until the client leaves or is sent away."""
        try:
            async with asyncio.TaskGroup() as group:
                for job in (self._read(), self._send(), self._watch()):
                    group.create_task(job)
        except* WebSocketDisconnect:
            pass  # closing a tab is how a socket ends
        except* Closing as closings:
            closing = closings.exceptions[0]
            assert isinstance(closing, Closing)
            await self._close(closing)
        finally:
            self._door.hub.leave(self._outbox)

    async def _close(self, closing: Closing) -> None:
        try:
            await self._socket.close(closing.code, closing.reason)
        except (RuntimeError, WebSocketDisconnect):
            return  # the client was quicker

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))
            text = message.get("text") or ""
            if len(text.encode()) > MESSAGE_MOST:
                raise Closing(TOO_BIG, "message too big")
            self._obey(text)

    def _obey(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            self._say({"type": "error", "code": "bad_message"})
            return
        if kind == "subscribe":
            self._subscribe(message)
        elif kind == "keyframe":
            self._outbox.restart()
        elif kind == "ping":
            self._say({"type": "pong"})
        else:
            self._say({"type": "error", "code": "unknown_type"})

    def _subscribe(self, message: dict[str, object]) -> None:
        detail = message.get("detail", "points")
        try:
            topic = parse_topic(str(message.get("topic", "")))
        except RefusedError:
            self._say({"type": "error", "code": "bad_topic"})
            return
        if detail not in ("points", "counts"):
            self._say({"type": "error", "code": "bad_detail"})
            return
        seen = granted(topic, self._principal)
        if seen is None:
            raise Closing(OUT_OF_SCOPE, "topic out of scope")
        self._door.hub.join(self._outbox, seen, str(detail))
        self._subscribed.set()
        self._say(
            {
                "type": "subscribed",
                "topic": str(topic),
                "tick_ms": round(self._door.settings.tick_s * 1000),
                "vehicles": self._door.hub.vehicles_in(seen),
                "dictionary": self._door.fleet.etag,
            }
        )

    def _say(self, message: dict[str, object]) -> None:
        self._outbox.announce(json.dumps(message))

    async def _send(self) -> None:
        while True:
            item = await self._outbox.take()
            if item is None:
                raise Closing(NOT_LOGGED_IN, "logged out")
            if isinstance(item, str):
                await self._socket.send_text(item)
            else:
                await self._socket.send_bytes(item)
                self._door.metrics.sent_frames.inc()
                self._door.metrics.sent_bytes.inc(len(item))

    async def _watch(self) -> None:
        """No subscribe in time ends the socket; so does a login that ended, checked when the token expires and in between."""
        try:
            await asyncio.wait_for(self._subscribed.wait(), self._door.settings.subscribe_timeout_s)
        except TimeoutError:
            raise Closing(NO_SUBSCRIBE, "no subscribe") from None
        checked = time.monotonic()
        expires_ms = self._principal.expires_ms
        while True:
            await asyncio.sleep(min(5.0, self._door.settings.recheck_s))
            if time.monotonic() - checked < self._door.settings.recheck_s and now_ms() < expires_ms:
                continue
            if not await self._door.doorkeeper.alive(self._principal.session_id, self._principal):
                raise Closing(NOT_LOGGED_IN, "the login has ended")
            checked = time.monotonic()
            expires_ms = now_ms() + 900_000
