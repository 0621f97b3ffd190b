"""The door in a thread, and devices that speak to it through a real broker."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from prometheus_client import CollectorRegistry

from ingest.log.base import Records
from ingest.log.reader import SpoolReader
from ingest.mqtt.broker import broker_of
from ingest.mqtt.door import Door
from ingest.mqtt.metrics import MqttMetrics
from ingest.settings import GatewaySettings, LogSettings, MqttSettings
from tests.fixtures.broker import Broker
from tests.ingest.spooled import NOON_MS


def until(true: Callable[[], Any], what: str, limit_s: float = 15.0) -> Any:
    """What a condition gives once it gives something."""
    deadline = time.monotonic() + limit_s
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
    return found


def settings_of(broker: Broker, user: str, **said: Any) -> MqttSettings:
    return MqttSettings(url=broker.url, user=user, password_file=broker.folder / f"{user}.password", client_id="test", **said)


class RunningDoor:
    """One door, and what it has made durable."""

    def __init__(self, folder: Path, broker: Broker, **said: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.log_settings = LogSettings(path=folder / "spool", segment_mib=8, min_free_gib=0.01, **said.pop("log", {}))
        gateway = replace(GatewaySettings(secret_file=folder / "secrets/key", roster_file=folder / "roster.json"), **said)
        self.registry = CollectorRegistry()
        mqtt = settings_of(broker, "door")
        self.door = Door(broker_of(mqtt), f"door-{folder.name}", gateway, self.log_settings, MqttMetrics(self.registry))
        self._thread = threading.Thread(target=lambda: asyncio.run(self.door.run()), name="door")
        self._thread.start()
        until(lambda: not self.door.reason, self.door.reason)

    def stop(self) -> None:
        if self._thread.is_alive() and self.door.loop is not None:
            self.door.loop.call_soon_threadsafe(self.door.stop)
            self._thread.join(30)
            assert not self._thread.is_alive()

    def counted(self, result: str) -> float:
        return self.registry.get_sample_value("mqtt_in_total", {"result": result}) or 0.0

    def records(self) -> Records:
        """Everything durable by now."""
        reader = SpoolReader(self.log_settings.path, "test", self.log_settings)
        try:
            return reader.read({}, 1_000_000, 50)
        finally:
            reader.close()


class Device:
    """A device with a login of its own."""

    def __init__(self, broker: Broker, name: str, login: str | None = None) -> None:
        self.name = name
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, f"device-{name}-{login}", protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set(login or name, (login or name)[::-1])
        self.client.on_connect = lambda client, *_: client.subscribe(f"cuntong/v1/down/{name}/#", 1)
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda _client, _userdata, message: self.heard.put((message.topic, bytes(message.payload)))
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert self._ready.wait(10)

    def publish(self, payload: bytes, topic: str = "", **said: Any) -> None:
        self.client.publish(topic or f"cuntong/v1/up/{self.name}", payload, 1, **said)

    def report(self, seq: int, *fixes: dict[str, Any]) -> None:
        self.publish(json.dumps({"seq": seq, "fixes": list(fixes)}).encode())

    def answer(self, limit_s: float = 10.0) -> dict[str, Any]:
        topic, payload = self.heard.get(timeout=limit_s)
        assert topic == f"cuntong/v1/down/{self.name}/ack"
        said: dict[str, Any] = json.loads(payload)
        return said

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def fix(second: int = 0, **said: Any) -> dict[str, Any]:
    """A fix of noon and so many seconds."""
    return {"t_ms": NOON_MS + 1000 * second, "lon": 106.7, "lat": 26.5, "speed_kmh": 30.5, "status_bits": 3} | said


@pytest.fixture
def door(broker: Broker, tmp_path: Path) -> Iterator[RunningDoor]:
    """A door under the open policy."""
    running = RunningDoor(tmp_path / "door", broker)
    yield running
    running.stop()


@pytest.fixture
def device(broker: Broker) -> Iterator[Callable[..., Device]]:
    """Makes devices, which are ended with the test."""
    made: list[Device] = []

    def make(name: str, login: str | None = None) -> Device:
        made.append(Device(broker, name, login))
        return made[-1]

    yield make
    for one in made:
        one.stop()
