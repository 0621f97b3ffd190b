"""`/stream/alerts`: alerts as they happen, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.asking import may
from api.live.alert_stream import SLOW_S, AlertStream, Listener
from operations.identity import Principal

_ANSWER = {200: {"description": "events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}


class Streaming(EventSourceResponse):
    """Sends what a listener is given, until it goes, is dropped, or its login ends."""

    def __init__(self, stream: AlertStream, listener: Listener, past: Sequence[bytes]) -> None:
        super().__init__(iter(()), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._stream, self._listener, self._past = stream, listener, past

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        gone = asyncio.ensure_future(self._until_gone(receive))
        try:
            async with asyncio.timeout(SLOW_S):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._send(send, b"retry: 2000\n\n" + b"".join(self._past))
            async for chunk in self._listener.chunks():
                async with asyncio.timeout(SLOW_S):
                    await self._send(send, chunk)
            if self._listener.ended != "slow":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._listener.end("slow")
        finally:
            gone.cancel()
            self._stream.leave(self._listener)

    async def _send(self, send: Send, body: bytes) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        self._listener.end("gone")


def router(stream: AlertStream) -> APIRouter:
    """The stream's route."""
    routes = APIRouter(tags=["alerts"])

    @routes.get("/stream/alerts", response_class=StreamingResponse, responses=_ANSWER)  # type: ignore[arg-type]
    async def alerts(
        principal: Annotated[Principal, Depends(may("alerts:read"))],
        last_event_id: Annotated[
            str | None, Header(max_length=40, description="the last event that came: what followed it, up to an hour ago, is told first")
        ] = None,
    ) -> Streaming:
        """Server-sent events: `event` is what happened (`opened`, a condition, a state or a step), `id` its number, `data` the alert as JSON.

        A comment comes every 15 s. After a break the browser sends `Last-Event-ID`; an event may then come twice, never not at all (`gap` tells
        when too much happened). The stream ends when the login does, and when its reader is too slow.
        """
        listener, past = await stream.join(principal), None
        known = last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 19
        try:
            past = await stream.replay(listener, int(last_event_id or 0)) if known else []
        finally:
            if past is None:
                stream.leave(listener)
        return Streaming(stream, listener, past)

    return routes
