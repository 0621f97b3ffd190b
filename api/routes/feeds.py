"""`/gtfs.zip` and `/gtfs-rt/vehicle_positions.pb`: built once for a while and scope, then the same bytes for all."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.live.source import Pool
from domain.errors import RefusedError
from domain.units import day_of
from operations import gtfs
from operations.identity import Principal
from operations.settings import FeedSettings
from storage import features, timetables
from storage.scope import Scope, scoped, service

VEHICLES, SCHEDULE = "/gtfs-rt/vehicle_positions.pb", "/gtfs.zip"
PATHS = frozenset((VEHICLES, SCHEDULE))
FRESH_S = 900
"""Buses not heard of for so long are left out."""
SCHEDULE_S = 300.0
KEPT = 64
"""Scopes whose bytes are kept."""


@dataclass(frozen=True, slots=True)
class _Built:
    at_s: float
    body: bytes
    etag: str


class Once:
    """Bytes by scope, built again when they are older than `for_s` seconds; one builder at a time."""

    def __init__(self, build: Callable[[Scope], bytes], for_s: float) -> None:
        self._build, self._for_s = build, for_s
        self._held: dict[Scope, _Built] = {}
        self._lock = threading.Lock()

    def of(self, scope: Scope) -> _Built:
        """The bytes for a scope."""
        with self._lock:
            held = self._held.get(scope)
            if held is None or time.monotonic() - held.at_s >= self._for_s:
                if len(self._held) >= KEPT:
                    self._held.clear()
                body = self._build(scope)
                held = self._held[scope] = _Built(time.monotonic(), body, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
            return held


def router(pool: Pool, settings: FeedSettings) -> APIRouter:
    """Routes of the feeds."""
    routes = APIRouter(tags=["feeds"])

    def positions(scope: Scope) -> bytes:
        with scoped(pool, scope) as conn:
            return gtfs.vehicle_positions(features.buses(conn, FRESH_S), int(time.time()))

    def schedule(scope: Scope) -> bytes:
        today: date = day_of(time.time_ns() // 1_000_000)
        with scoped(pool, scope) as conn:
            return gtfs.schedule(timetables.timetables(conn, today), settings, today)

    live, fixed = Once(positions, settings.refresh_s), Once(schedule, SCHEDULE_S)

    @routes.get(VEHICLES, response_class=Response, responses={200: {"content": {"application/x-protobuf": {}}}})
    def vehicle_positions(request: Request) -> Response:
        """GTFS Realtime: where the buses are. Needs feeds:read unless `[feeds] public` is set."""
        return _answer(request, live.of(_scope(request, settings)), "application/x-protobuf", settings.refresh_s)

    @routes.get(SCHEDULE, response_class=Response, responses={200: {"content": {"application/zip": {}}}})
    def timetable(request: Request) -> Response:
        """GTFS: lines, stops and timetables. Needs feeds:read unless `[feeds] public` is set."""
        return _answer(request, fixed.of(_scope(request, settings)), "application/zip", SCHEDULE_S)

    return routes


def _scope(request: Request, settings: FeedSettings) -> Scope:
    """Whose eyes see: everybody's when the feeds are public, else the person's."""
    if settings.public:
        return service("feeds")
    principal = request.scope.get("state", {}).get("principal")
    if not isinstance(principal, Principal):
        raise RefusedError("log in first", kind="unauthenticated")
    if not principal.may("feeds:read"):
        raise RefusedError(f"role {principal.role} lacks the right feeds:read", field="right", kind="forbidden")
    said = principal.scope()
    return Scope(said.role, said.region_code, None, said.operator_id, said.person_id)


def _answer(request: Request, built: _Built, kind: str, for_s: float) -> Response:
    headers = {"ETag": built.etag, "Cache-Control": f"private, max-age={round(for_s)}"}
    if request.headers.get("if-none-match") == built.etag:
        return Response(status_code=304, headers=headers)
    return Response(built.body, headers=headers, media_type=kind)
