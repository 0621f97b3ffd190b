"""The API on its own FastAPI instance."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse

from api import documents, problems
from api.live.alert_stream import AlertStream
from api.live.fleet import Fleet
from api.live.hub import Hub
from api.live.source import LiveSource, Pool
from api.login import Doorkeeper
from api.metrics import Metrics
from api.outward import Outward
from api.outward import routers as outward_routers
from api.routes import (
    alert_stream,
    attachments,
    audit,
    commands,
    days,
    drivers,
    explain,
    files,
    geofences,
    health,
    keys,
    media,
    mileage,
    oidc,
    platforms,
    positions,
    positions_ws,
    region_imports,
    regions,
    registry,
    roads,
    session,
    sessions,
    tiles,
    tracks,
    users,
    vehicles,
)
from api.settings import WebSettings
from operations.identity import Identity

HOME = "/app/monitor"


@dataclass(frozen=True, slots=True)
class Folders:
    """What is served as files: own modules, vendored libraries, icons of the browser tab, multimedia of terminals, files of alarms."""

    static: Path
    vendor: Path
    media: Path
    attachments: Path


@dataclass(frozen=True, slots=True)
class Api:
    """The API and what runs beside it."""

    app: FastAPI
    hub: Hub
    fleet: Fleet
    doorkeeper: Doorkeeper
    metrics: Metrics
    stream: AlertStream


def _identity(doorkeeper: Doorkeeper, hub: Hub, metrics: Metrics) -> list[APIRouter]:
    """Routes of logins, accounts and keys."""
    return [
        session.router(doorkeeper, hub, metrics), sessions.router(doorkeeper, hub), users.router(doorkeeper, hub),
        keys.router(doorkeeper, hub), oidc.router(doorkeeper, metrics),
    ]  # fmt: skip


def _doors(api: Api, settings: WebSettings) -> tuple[APIRouter, ...]:
    """Login, health, the live socket, the base map."""
    door = positions_ws.LiveDoor(api.hub, api.fleet, api.doorkeeper, settings, api.metrics, Counter())
    return (
        *_identity(api.doorkeeper, api.hub, api.metrics),
        health.router(api.hub, settings.tick_s),
        positions_ws.router(door),
        alert_stream.router(api.stream),
        tiles.router(settings.tiles_path),
        explain.router(),
    )


def _reading(api: Api, pool: Pool, archive: Path | None) -> tuple[APIRouter, ...]:
    """Routes that tell what is stored."""
    return (
        vehicles.router(api.fleet, api.hub.state, pool),
        positions.router(pool),
        days.router(pool),
        tracks.router(pool, archive),
        roads.router(pool),
        region_imports.router(pool),
        regions.router(pool),
        mileage.router(pool),
        audit.router(pool),
    )


def _dialogue(pool: Pool) -> list[APIRouter]:
    """Routes by which others are asked and answered."""
    return [commands.router(pool), geofences.router(pool), platforms.router(pool)]


def _files(folders: Folders, pool: Pool, outward: Outward) -> tuple[APIRouter, ...]:
    static, vendor = files.Folder(folders.static), files.Folder(folders.vendor, versioned=True)
    return (
        media.router(pool, folders.media),
        attachments.router(pool, folders.attachments),
        files.router("/static", static),
        files.router("/vendor", vendor),
        *outward_routers(pool, outward),
    )


def create(
    settings: WebSettings, pool: Pool, identity: Identity, folders: Folders, archive: Path | None = None, outward: Outward | None = None
) -> Api:
    """Build the API.

    Args:
        settings: of the web door.
        pool: of role "app"; stays the caller's.
        identity: reads and makes logins.
        folders: of files to serve.
        archive: folder of the archived days; None: tracks of hot days only.
        outward: of exports, webhooks and feeds; None: as by default.
    """
    metrics, fleet = Metrics(), Fleet()
    source = LiveSource(pool, fleet, settings.registry_s)
    hub = Hub(source.refresh, settings, metrics)
    metrics.tick_age.set_function(lambda: time.time() - hub.state.t_ms / 1000)
    source.on_registry = lambda: hub.announce(json.dumps({"type": "dictionary", "etag": fleet.etag}))
    doorkeeper = Doorkeeper(identity, pool, settings.secure_cookies, settings.origins)
    stream = AlertStream(pool, doorkeeper, metrics, settings.tick_s, settings.recheck_s, settings.sockets_per_user)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            ticking = [group.create_task(one.run()) for one in (hub, stream)]
            try:
                yield
            finally:
                for one in ticking:
                    one.cancel()
                doorkeeper.close()

    app = FastAPI(title="Cuntong", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json", lifespan=lifespan)
    problems.install(app)
    documents.install(app)
    api = Api(app, hub, fleet, doorkeeper, metrics, stream)
    outward = outward or Outward()
    masters = (*registry.routers(pool, identity.sealer), drivers.router(pool))
    for routes in (*_doors(api, settings), *masters, *_reading(api, pool, archive), *_dialogue(pool), *_files(folders, pool, outward)):
        app.include_router(routes)

    _home(app)
    return api


def _home(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse(HOME, 303)
