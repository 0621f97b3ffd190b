"""A page without the right answers 403, with the page that says so."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from supervision_ui.shell import may, right_of
from supervision_ui.visitor import visitor


class RightsLayer:
    """ASGI layer inside `VisitorLayer`: the status of a page that the visitor has no right to is 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the page itself shows what may be done instead."""
        right = right_of(scope["path"]) if scope["type"] == "http" else None
        if right is None or may(visitor(), right):
            await self._app(scope, receive, send)
            return

        async def refused(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message = {**message, "status": 403}
            await send(message)

        await self._app(scope, receive, refused)
