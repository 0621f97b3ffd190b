"""`/healthz`, `/readyz`, and `/metrics` on the internal listener."""

from __future__ import annotations

import time

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.live.hub import Hub
from api.metrics import Metrics

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
        age_s = time.time() - hub.state.t_ms / 1000
        ready = age_s <= LATE_TICKS * tick_s + 1
        return JSONResponse({"status": "ready" if ready else "not ready", "tick_age_s": round(min(age_s, 1e6), 1)}, 200 if ready else 503)

    return routes


def metrics_app(hub: Hub, metrics: Metrics) -> FastAPI:
    """The internal listener: `/metrics` alone."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/metrics")
    async def counters() -> Response:
        """Prometheus text."""
        metrics.vehicles.set(hub.state.size)
        metrics.tick_age.set(time.time() - hub.state.t_ms / 1000)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app
