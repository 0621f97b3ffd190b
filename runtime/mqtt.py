"""The MQTT door and the fan-out as processes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry

from domain.errors import RefusedError
from ingest.command_store import Claimed
from ingest.commands import CommandFollower
from ingest.gateway.exposition import GatewayCollector
from ingest.gateway.refresh import RegistryRefresher
from ingest.mqtt.broker import Broker, broker_of, probe
from ingest.mqtt.door import Door
from ingest.mqtt.fanout import Fanout
from ingest.mqtt.metrics import MqttMetrics
from protocols.jt808 import profile_folder
from runtime.internal_http import serve
from runtime.settings import Settings


def run_door(settings: Settings, dsn: str | None) -> None:
    """Serve until SIGINT or SIGTERM, then end in order.

    Args:
        settings: everything.
        dsn: database whose registry and commands are followed; None: the copy of the last run is all there is.
    Raises:
        RefusedError: no broker is set. StoreError: the log failed.
    """
    broker = broker_of(settings.mqtt)
    profile_folder.add(settings.gateway.profiles_path)
    registry = CollectorRegistry()
    door = Door(broker, f"{settings.mqtt.client_id}-door", settings.gateway, settings.log, MqttMetrics(registry))
    registry.register(GatewayCollector(lambda: [door.links.metrics.snapshot()]))
    http = serve(settings.mqtt.door_listen, registry, lambda: not door.reason, lambda: door.reason)
    threads: list[RegistryRefresher | CommandFollower] = []
    if dsn:
        threads = [RegistryRefresher(dsn, door.registry, settings.gateway.roster_refresh_s), follower(door, dsn)]
    try:
        for thread in threads:
            thread.start()
        asyncio.run(_until_told(door.run, door.stop))
    finally:
        for thread in threads:
            if thread.is_alive():
                thread.stop()
        http.shutdown()
        http.server_close()


def follower(door: Door, dsn: str) -> CommandFollower:
    """What brings commands to devices that speak JT/T 808 from the database to the door's loop."""
    links = door.links

    def deliver(claims: list[Claimed]) -> None:
        assert door.loop is not None  # devices are on line, so it runs
        door.loop.call_soon_threadsafe(links.commands.deliver, claims)

    return CommandFollower(dsn, links.name, links.commands, links.roster.online, deliver)


def run_fanout(settings: Settings, dsn: str) -> None:
    """Publish until SIGINT or SIGTERM.

    Raises:
        RefusedError: no broker is set.
    """
    broker = broker_of(settings.mqtt)
    registry = CollectorRegistry()
    fanout = Fanout(dsn, broker, settings.mqtt, MqttMetrics(registry))
    http = serve(settings.mqtt.fanout_listen, registry, lambda: not fanout.reason, lambda: fanout.reason)
    try:
        asyncio.run(_until_told(fanout.run, fanout.stop))
    finally:
        http.shutdown()
        http.server_close()


def check(settings: Settings) -> str:
    """Connect to the broker once; what it is.

    Raises:
        RefusedError: it does not work; says why and what to do.
    """
    broker: Broker = broker_of(settings.mqtt)
    trouble = probe(broker, f"{settings.mqtt.client_id}-check")
    if trouble:
        raise RefusedError(trouble, field="mqtt.url")
    return f"{broker} takes the login {broker.user or 'nobody (anonymous)'}, {'encrypted' if broker.tls else 'not encrypted'}"


async def _until_told(run: Callable[[], Awaitable[None]], stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await run()
