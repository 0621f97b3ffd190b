"""`/healthz` and `/readyz`; `/metrics` is served by the internal listener of `runtime`."""

from __future__ import annotations

import time

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.live.hub import Hub

LATE_TICKS = 5
"""Ready while the newest live tick is at most this many ticks old."""


def router(hub: Hub, tick_s: float) -> APIRouter:
    """Routes of the process's health."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def healthz() -> JSONResponse:
        """The process runs."""
        return JSONResponse({"status": "ok"})

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        """The database answers and live positions flow."""
        fresh = ready(hub, tick_s)
        return JSONResponse({"status": "ready" if fresh else "not ready"}, 200 if fresh else 503)

    return routes


def ready(hub: Hub, tick_s: float) -> bool:
    """The newest live tick is young enough."""
    return time.time() - hub.state.t_ms / 1000 <= LATE_TICKS * tick_s + 1
