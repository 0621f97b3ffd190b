"""The fan-out: newest positions by regions and alerts one by one, to the broker. Ingest never waits for it: it reads what is committed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import aiomqtt
import psycopg
import structlog
from paho.mqtt.packettypes import PacketTypes

from domain.errors import StoreError
from ingest.mqtt import topics
from ingest.mqtt.broker import Broker, properties, refusal, unreachable
from ingest.mqtt.changes import Changes, Message, alert_message
from ingest.mqtt.metrics import MqttMetrics
from ingest.settings import MqttSettings

log = structlog.get_logger()

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 15.0
_PUBLISH_S = 10.0
"""A broker that takes nothing for so long is given up and dialled again."""
_ALERTS = 100
_KEEPALIVE_S = 15


T = TypeVar("T")


class Fanout:
    """Two queues with one policy each: position messages wait in memory, the oldest is dropped when there are too many; alerts wait in the
    database's outbox until the broker has confirmed them.

    Args:
        dsn: the database; broker: whom to tell; settings: interval, length of the queue, retained last state; metrics: what is counted.
    """

    def __init__(self, dsn: str, broker: Broker, settings: MqttSettings, metrics: MqttMetrics) -> None:
        self._broker, self._settings, self._metrics = broker, settings, metrics
        self._changes = Changes(dsn, settings.retain_last)
        self._thread = ThreadPoolExecutor(1, "fanout-database")
        self._queue: deque[Message] = deque()
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._database = "starting"
        self._link = f"broker {broker} has not answered yet"

    @property
    def reason(self) -> str:
        """Why nothing is published, a line each; "" when all is well."""
        return "\n".join(line for line in (self._database, self._link) if line)

    def stop(self) -> None:
        """Ask for the end."""
        self._stop.set()

    async def run(self) -> None:
        """Read and publish until `stop`; with the broker or the database away it goes on when they are back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._publish())
        finally:
            self._thread.shutdown()
            self._changes.close()

    async def _pause(self, seconds: float) -> None:
        """Wait, no longer than until `stop`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _ask(self, question: Callable[[], T]) -> T:
        """Ask the database, in the one thread that does."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)

    async def _read(self) -> None:
        """Look for changes, every interval."""
        while not self._stop.is_set():
            try:
                messages = await self._ask(self._changes.look)
            except (psycopg.Error, StoreError, OSError) as error:
                self._trouble_of_database(error)
            else:
                self._database = "another fan-out of this database publishes; this one stands by" if self._changes.standing_by else ""
                self._enqueue(messages)
            await self._pause(self._settings.fanout_interval_s)

    def _trouble_of_database(self, error: Exception) -> None:
        trouble = f"the database does not answer: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"
        if trouble != self._database:
            log.warning("fanout_reads_nothing", reason=trouble)
        self._database = trouble
        self._changes.close()

    def _enqueue(self, messages: list[Message]) -> None:
        """Full-queue policy: the oldest position message goes, and is counted."""
        self._queue.extend(messages)
        while len(self._queue) > self._settings.fanout_queue:
            self._queue.popleft()
            self._metrics.dropped.labels("queue_full").inc()
        self._metrics.waiting.set(len(self._queue))
        self._news.set()

    async def _publish(self) -> None:
        """Keep a connection to the broker, and everything going out over it."""
        wait_s = _FIRST_WAIT_S
        while not self._stop.is_set():
            try:
                async with self._client() as client:
                    log.info("mqtt_connected", broker=str(self._broker))
                    await self._say(client, "online")
                    self._link, wait_s = "", _FIRST_WAIT_S
                    self._metrics.connected.set(1)
                    await self._tell(client)
            except aiomqtt.MqttError as error:
                self._lost(error)
            self._metrics.connected.set(0)
            await self._pause(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _lost(self, error: aiomqtt.MqttError) -> None:
        code = getattr(error, "rc", None)
        value = getattr(code, "value", None)
        if not self._link:
            trouble = f"broker {self._broker} is gone ({error}): positions that do not fit the queue are dropped, alerts wait"
        elif value is not None and getattr(code, "packetType", None) == PacketTypes.CONNACK:
            trouble = refusal(self._broker, int(value), str(code))
        else:
            trouble = unreachable(self._broker, error.__cause__ or error.__context__ or error)
        if trouble != self._link:
            log.error("mqtt_trouble", reason=trouble)
        self._link = trouble

    def _client(self) -> aiomqtt.Client:
        broker = self._broker
        return aiomqtt.Client(
            broker.host, broker.port, username=broker.user or None, password=broker.password, protocol=aiomqtt.ProtocolVersion.V5,
            identifier=f"{self._settings.client_id}-fanout", clean_start=True, timeout=_PUBLISH_S, keepalive=_KEEPALIVE_S,
            tls_context=broker.tls, will=aiomqtt.Will(topics.status("fanout"), b"offline", 1, retain=True),
            properties=properties(SessionExpiryInterval=0),
        )  # fmt: skip

    async def _tell(self, client: aiomqtt.Client) -> None:
        """Positions and alerts beside each other, until the connection breaks or `stop`."""
        tasks = [asyncio.create_task(work) for work in (self._positions(client), self._alerts(client), _gone(client), self._stop.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await self._say(client, "offline")
        finally:
            for task in tasks:
                while not task.done():  # more than once: a cancellation that meets the end of a publish is lost in `asyncio.wait_for`
                    task.cancel()
                    await asyncio.wait({task}, timeout=0.1)
                if not task.cancelled():
                    task.exception()

    async def _say(self, client: aiomqtt.Client, word: str) -> None:
        await client.publish(topics.status("fanout"), word.encode(), qos=1, retain=True)
        self._metrics.sent.labels("status").inc()

    async def _positions(self, client: aiomqtt.Client) -> None:
        while True:
            while self._queue:
                message = self._queue.popleft()
                try:
                    await client.publish(message.topic, message.payload, qos=0, retain=message.kind == "last")
                except aiomqtt.MqttError:
                    self._metrics.dropped.labels("connection").inc()
                    raise
                self._metrics.sent.labels(message.kind).inc()
            self._metrics.waiting.set(0)
            self._news.clear()
            await self._news.wait()

    async def _alerts(self, client: aiomqtt.Client) -> None:
        """At least once: a row is done when the broker has confirmed it; who gets it twice knows it by alert_id."""
        while True:
            try:
                waiting = await self._ask(lambda: self._changes.alerts(_ALERTS))
                for told in waiting:
                    await client.publish(*alert_message(told), qos=1)
                    self._metrics.sent.labels("alert").inc()
                if waiting:
                    await self._ask(functools.partial(self._changes.confirmed, [told.id for told in waiting]))
            except (psycopg.Error, StoreError, OSError) as error:
                self._trouble_of_database(error)
                waiting = []
            if len(waiting) < _ALERTS:
                await self._pause(self._settings.fanout_interval_s)


async def _gone(client: aiomqtt.Client) -> None:
    """Ends in an error when the broker leaves; nothing is subscribed."""
    async for message in client.messages:
        log.warning("mqtt_unexpected", topic=str(message.topic))
