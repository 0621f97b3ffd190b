"""The web door as a process: database, pool, signals."""

from __future__ import annotations

import asyncio
import signal

import structlog

from runtime.settings import Settings
from runtime.web import serve
from storage.database import serving
from storage.pool import open_pool

log = structlog.get_logger()


async def run_web(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        StoreError: no database, or the port is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with serving(settings.database, settings.data) as dsn, open_pool(dsn, "app", settings.web.pool_size) as pool:
        log.info("web_serving", listen=settings.web.listen)
        await serve(settings, pool, stop)
    log.info("web_stopped")
