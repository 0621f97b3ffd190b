"""The door's connection to the broker: paho's thread on one side, the event loop of the log on the other."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from paho.mqtt.client import MQTTMessage
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.mqtt import topics
from ingest.mqtt.broker import Broker, client_of, properties, refusal, unreachable

log = structlog.get_logger()

RECEIVE_MAXIMUM = 64
"""Publishes without our PUBACK that the broker may have on the way: the back-pressure."""
SESSION_S = 86_400
"""So long the broker keeps what devices say while the door is away."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1, 15
_KEEPALIVE_S = 30


@dataclass(frozen=True, slots=True)
class Publish:
    """One message of a device. link: which connection to the broker brought it; mid: its packet id there."""

    topic: str
    payload: bytes
    qos: int
    mid: int
    link: int


class Inbox:
    """Subscribed to everything that devices publish; acknowledges only when told.

    Args:
        broker, client_id: as named.
        arrived: gets messages, in the loop, in the order in which they came.

    Attributes:
        trouble: why nothing comes, "" while connected.
    """

    def __init__(self, broker: Broker, client_id: str, loop: asyncio.AbstractEventLoop, arrived: Callable[[list[Publish]], None]) -> None:
        self._broker = broker
        self._loop = loop
        self._arrived = arrived
        self._link = 0
        self._guard = threading.Lock()
        self._queue: deque[Publish] = deque()
        self._due = False
        self._answered = False
        self.trouble = f"broker {broker} has not answered yet"
        self._client = client = client_of(broker, client_id, manual_ack=True)
        client.reconnect_delay_set(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        client.will_set(topics.status("door"), b"offline", 1, retain=True)
        client.on_connect, client.on_disconnect, client.on_connect_fail = self._on_connect, self._on_disconnect, self._on_connect_fail
        client.on_subscribe, client.on_message = self._on_subscribe, self._on_message

    def start(self) -> None:
        """Connect, and again after every loss, until `stop`."""
        said = properties(SessionExpiryInterval=SESSION_S, ReceiveMaximum=RECEIVE_MAXIMUM)
        self._client.connect_async(self._broker.host, self._broker.port, _KEEPALIVE_S, clean_start=False, properties=said)
        self._client.loop_start()

    def stop(self) -> None:
        """Say goodbye and end; the broker keeps the session. Blocks until what was published is out."""
        if not self.trouble:
            self._client.publish(topics.status("door"), b"offline", 1, retain=True)
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand an answer to the broker, at most once: a device that misses it repeats. False while there is no connection."""
        return self._client.publish(topic, payload, 0).rc == 0

    def acknowledge(self, message: Publish) -> None:
        """PUBACK, unless the connection that brought the message is gone: then the broker brings it again."""
        with self._guard:
            if message.link == self._link and message.qos == 1:
                self._client.ack(message.mid, 1)

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, props: Any) -> None:
        self._answered = True
        if reason.is_failure:
            self._say(refusal(self._broker, reason.value, str(reason)))
            return
        log.info("mqtt_connected", broker=str(self._broker), session_kept=bool(flags.session_present))
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        client.subscribe([(topics.UP_JSON, options), (topics.UP_FRAMES, options)])
        client.publish(topics.status("door"), b"online", 1, retain=True)

    def _on_subscribe(self, client: Any, userdata: Any, mid: int, reasons: Any, props: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._say(f"broker {self._broker} does not let us read {topics.UP_JSON}: give the door's login that right in the broker's ACL")
        else:
            self.trouble = ""

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason: Any, props: Any) -> None:
        with self._guard:
            self._link += 1
        if not self._answered:
            self._say(unreachable(self._broker, None))
        elif not self.trouble and reason.is_failure:
            self._say(f"broker {self._broker} is gone ({reason}); devices keep what is not answered")
        self._answered = False

    def _on_connect_fail(self, client: Any, userdata: Any) -> None:
        self._say(unreachable(self._broker, sys.exc_info()[1]))

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error("mqtt_trouble", reason=trouble)
        self.trouble = trouble

    def _on_message(self, client: Any, userdata: Any, message: MQTTMessage) -> None:
        self._queue.append(Publish(message.topic, bytes(message.payload), message.qos, message.mid, self._link))
        if not self._due:
            self._due = True
            self._loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        self._due = False
        self._arrived([self._queue.popleft() for _ in range(len(self._queue))])
