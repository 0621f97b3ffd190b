"""The web process: API and screens on one ASGI app, served by uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.app import Api, Folders, create
from api.cursors import Cursors
from api.headers import Headers, content_security_policy
from api.limits import AddressRates, Bodies, PersonRates
from api.live.source import Pool
from api.login_layer import LoginLayer
from api.outward import Outward
from api.routes import feeds
from api.routes.health import ready
from api.routes.positions_ws import MESSAGE_MOST
from domain.errors import StoreError
from operations.identity import Identity, load_secret
from operations.identity_oidc import Provider
from protocols.jt808 import profile_folder
from runtime import internal_http
from runtime.settings import Settings
from storage.database import archive_folder
from storage.sealing import load_sealer
from supervision_ui import app as screens_app
from supervision_ui.settings import ScreenSettings

log = structlog.get_logger()

SCREENS = "/app"


@dataclass(frozen=True, slots=True)
class Web:
    """The whole web door: its ASGI app, and the API inside it."""

    app: ASGIApp
    api: Api


async def build(settings: Settings, pool: Pool) -> Web:
    """Wire API and screens.

    Args:
        settings: everything; the secret file is made when it is missing.
        pool: of role "app"; stays the caller's.
    """
    web = settings.web
    profile_folder.add(settings.gateway.profiles_path)
    secret = load_secret(web.secret_file)
    provider = Provider(settings.oidc, secret) if settings.oidc.issuer else None
    identity = Identity(secret, load_sealer(web.personal_key_file), provider)
    folders = Folders(screens_app.STATIC, screens_app.VENDOR, settings.pipeline.media_path, settings.attachments.folder)
    archive = archive_folder(settings.database, settings.data)
    outward = Outward(settings.exports, settings.webhooks, settings.feeds, archive, web.personal_key_file)
    api = create(web, pool, identity, folders, archive, outward)
    api.app.state.cursors = Cursors(secret)
    screens = await screens_app.create(ScreenSettings(web.points_limit, provider=provider.label if provider else ""))
    policy = content_security_policy(screens.script_hashes)
    limited = PersonRates(Bodies(Dispatcher(api.app, screens.app), web), web)
    inner = AddressRates(LoginLayer(limited, api.doorkeeper, feeds.PATHS if settings.feeds.public else frozenset()), web)
    return Web(Headers(inner, policy, web.secure_cookies, api.metrics), api)


class Dispatcher:
    """Sends `/app` and below to the screens, everything else to the API, and both through their lifespans.

    Two FastAPI instances, because Dash answers every unknown path of its own with a page, and loses its request under a mount.
    """

    def __init__(self, api: ASGIApp, screens: ASGIApp) -> None:
        self._api = api
        self._screens = screens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        path = scope["path"]
        below = path == SCREENS or path.startswith(SCREENS + "/")
        await (self._screens if below else self._api)(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        children = [Lifespan(app, scope) for app in (self._api, self._screens)]
        await receive()
        try:
            for child in children:
                await child.tell("startup")
        except StoreError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for child in reversed(children):
            await child.tell("shutdown")
        await send({"type": "lifespan.shutdown.complete"})


class Lifespan:
    """Drives the lifespan of one app inside another's."""

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        self._told: asyncio.Queue[Message] = asyncio.Queue(2)
        self._said: asyncio.Queue[Message] = asyncio.Queue(2)
        self._running = asyncio.ensure_future(app(dict(scope), self._told.get, self._said.put))

    async def tell(self, phase: str) -> None:
        """Start or stop the app; StoreError when it refuses."""
        await self._told.put({"type": f"lifespan.{phase}"})
        answer = asyncio.ensure_future(self._said.get())
        await asyncio.wait({answer, self._running}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise StoreError(f"a part of the web door ended at {phase}: {self._running.exception()!r}")
        message = answer.result()
        if message["type"].endswith("failed"):
            raise StoreError(f"a part of the web door failed at {phase}: {message.get('message', '')}")
        if phase == "shutdown":
            await self._running


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def server(web: Web, settings: Settings) -> Server:
    """uvicorn for the web door: sockets without compression, messages of at most 4 KiB, no access log."""
    host, port = settings.web.address
    return Server(
        uvicorn.Config(
            web.app,
            host=host,
            port=port,
            lifespan="on",
            ws="websockets-sansio",
            ws_max_size=MESSAGE_MOST,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=round(settings.web.stop_s),
        )
    )


async def serve(settings: Settings, pool: Pool, stop: asyncio.Event) -> None:
    """Serve until asked to stop; then no new connection, sockets closed, open requests finished within `stop_s`.

    Raises:
        StoreError: the port is taken, or a part does not start.
    """
    web = await build(settings, pool)
    uvicorn_server = server(web, settings)
    internal: Any = None
    if settings.web.metrics_listen:
        internal = internal_http.serve(
            settings.web.metrics_listen, web.api.metrics.registry, lambda: ready(web.api.hub, settings.web.tick_s)
        )
    serving = asyncio.ensure_future(_until_exit(uvicorn_server, settings.web.listen))
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        web.api.stream.close()
        uvicorn_server.should_exit = True
        await serving
    finally:
        asked.cancel()
        if internal is not None:
            internal.shutdown()
            internal.server_close()


async def _until_exit(uvicorn_server: Server, listen: str) -> None:
    try:
        await uvicorn_server.serve()
    except SystemExit as exit_:  # how uvicorn tells that it could not listen
        raise StoreError(f"cannot listen on {listen}: is another process there?") from exit_
