"""Outermost layer: request id, security headers, request durations."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics

log = structlog.get_logger()

SLOW_S = 2.0
"""A request that takes longer is logged, whatever it is; those that change something always are. By route, never by path or query."""
_READS = ("GET", "HEAD", "OPTIONS")


def content_security_policy(script_hashes: Sequence[str], origins: Sequence[str] = ()) -> str:
    """Policy of every page: nothing from outside, no inline script but those named by hash, inline styles.

    Args:
        script_hashes: `'sha256-…'` of the inline scripts that the page frame needs.
        origins: further origins of tiles, when the operator configured a licensed base map.
    """
    own_scripts = ("'self'", *script_hashes)
    elsewhere = " ".join(("'self'", *origins))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {' '.join(own_scripts)}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src {elsewhere} data: blob:",
            f"connect-src {elsewhere}",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class Headers:
    """ASGI layer that gives every answer its request id and security headers, and measures it.

    Args:
        app: the next layer.
        policy: Content-Security-Policy.
        secure: True under TLS: adds Strict-Transport-Security.
        metrics: counters of this door.
    """

    def __init__(self, app: ASGIApp, policy: str, secure: bool, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._fixed = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if secure:
            self._fixed["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on under a trace id, which the log lines, the audit log and the answer carry; the answers of sockets are untouched."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(trace_id=request_id):
            await (self._request(scope, receive, send, request_id) if scope["type"] == "http" else self._app(scope, receive, send))

    async def _request(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 500

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in self._fixed.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, dressed)
        finally:
            route = scope.get("route")
            template = getattr(route, "path", "") or _prefix(scope["path"])
            took_s = time.perf_counter() - started
            self._metrics.requests.labels(template, str(status)).observe(took_s)
            if scope["method"] not in _READS or status >= 500 or (took_s >= SLOW_S and not template.startswith("/stream/")):
                principal = scope["state"].get("principal")
                user = getattr(principal, "user_id", None)
                log.info("request", method=scope["method"], route=template, status=status, ms=round(took_s * 1000), user=user)


def _prefix(path: str) -> str:
    first = path.split("/", 2)[1]
    return f"/{first}" if first in ("app", "api", "tiles", "static", "vendor") else "other"
