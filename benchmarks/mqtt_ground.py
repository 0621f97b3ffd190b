"""What the MQTT benchmark stands on: clients that do nothing but MQTT, and one that publishes and counts."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any

import aiomqtt
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ingest.mqtt.inbox import RECEIVE_MAXIMUM
from tests.fixtures.broker import Broker


def floor_door(port: int) -> None:
    """Acknowledge and answer, nothing else."""
    client = Client(CallbackAPIVersion.VERSION2, "floor", protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True)
    client.username_pw_set("door", "rood")

    def heard(_client: Any, _userdata: Any, message: Any) -> None:
        client.publish(message.topic.replace("/up/", "/down/") + "/ack", b'{"seq": 1, "result": 0}')
        client.ack(message.mid, 1)

    client.on_message = heard
    client.on_connect = lambda *_: client.subscribe("cuntong/v1/up/+", 1)
    client.connect("127.0.0.1", port)
    client.loop_forever()


def floor_fanout(port: int, count: int, size: int) -> None:
    """Publish one message so often."""

    async def run() -> None:
        async with aiomqtt.Client(
            "127.0.0.1", port, username="fanout", password="tuonaf", protocol=aiomqtt.ProtocolVersion.V5, identifier="floor"
        ) as client:
            sys.stdin.readline()
            for _ in range(count):
                await client.publish("cuntong/v1/positions/52/01/03", b"x" * size)

    asyncio.run(run())


class Fleet:
    """Publishes and counts answers."""

    def __init__(self, broker: Broker, user: str, topic: str) -> None:
        self.heard = self.bytes = 0
        self.messages: list[bytes] = []
        ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, f"bench-{user}", protocol=MQTTProtocolVersion.MQTTv5)
        self.client.max_inflight_messages_set(4 * RECEIVE_MAXIMUM)
        self.client.username_pw_set(user, user[::-1])
        self.client.on_connect = lambda client, *_: client.subscribe(topic)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert ready.wait(10)

    def _on_message(self, _client: Any, _userdata: Any, message: Any) -> None:
        self.heard += 1
        self.bytes += len(message.payload)

    def wait(self, count: int, what: str) -> None:
        deadline = time.monotonic() + 120
        while self.heard < count:
            assert time.monotonic() < deadline, f"{what}: {self.heard} of {count}"
            time.sleep(0.002)
