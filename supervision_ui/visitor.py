"""Who looks at a page, and how: language, theme and person of the present request."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from operations.identity import Principal
from supervision_ui.texts import DEFAULT, Texts, load, negotiate
from supervision_ui.theme import AUTO, THEMES

LANGUAGE_COOKIE = "cuntong_language"
THEME_COOKIE = "cuntong_theme"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Words, theme ("light", "dark", or "auto": as the person's system has it), the person logged in (None on open pages), path asked for."""

    texts: Texts
    theme: str
    principal: Principal | None
    path: str = ""


_present: ContextVar[Visitor | None] = ContextVar("visitor", default=None)


def visitor() -> Visitor:
    """Who looks; outside a request a stranger with the default language."""
    return _present.get() or Visitor(load(DEFAULT), AUTO, None)


def of(connection: HTTPConnection) -> Visitor:
    """Read a request: cookies first, then what the browser prefers."""
    texts = load(negotiate(connection.cookies.get(LANGUAGE_COOKIE), connection.headers.get("accept-language", "")))
    theme = connection.cookies.get(THEME_COOKIE, AUTO)
    principal = connection.scope.get("state", {}).get("principal")
    return Visitor(texts, theme if theme in THEMES else AUTO, principal, connection.scope["path"])


class VisitorLayer:
    """ASGI layer that makes `visitor()` tell the present request's visitor."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the visitor known."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = _present.set(of(HTTPConnection(scope)))
        try:
            await self._app(scope, receive, send)
        finally:
            _present.reset(token)
