"""Vehicles that report JSON over MQTT: a batch is kept, and said again, until it is answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from domain.errors import RefusedError
from simulators.truth import TruthWriter

BATCH = 50
"""Fixes of one message at most."""
CAPACITY = 20_000
_AGAIN_S = 5.0
_FIRST_S, _MOST_S = 1, 4


class Exchange:
    """The connection that all devices of a fleet share; their login must be allowed to speak for each of them.

    Args:
        url: "mqtt://[user:password@]host[:port]". RefusedError when it is none.
    """

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        from paho.mqtt.client import Client  # a fleet that speaks JT/T 808 does without
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

        parts = urlsplit(url)
        if parts.scheme != "mqtt" or not parts.hostname:
            raise RefusedError(f"{url!r} is no mqtt://[USER:PASSWORD@]HOST[:PORT]", field="mqtt")
        self._loop = loop
        self.devices: dict[str, MqttDevice] = {}
        self.connected = False
        self._client = client = Client(CallbackAPIVersion.VERSION2, "", protocol=MQTTProtocolVersion.MQTTv5)
        if parts.username:
            client.username_pw_set(parts.username, parts.password)
        client.reconnect_delay_set(_FIRST_S, _MOST_S)
        client.on_connect, client.on_disconnect, client.on_message = self._on_connect, self._on_disconnect, self._on_message
        client.connect_async(parts.hostname, parts.port or 1883, 15, clean_start=True)
        client.loop_start()

    def publish(self, device: str, payload: bytes) -> None:
        """Say something for a device; lost when there is no connection."""
        if self.connected:
            self._client.publish(f"cuntong/v1/up/{device}", payload, 1)

    def stop(self) -> None:
        """Leave. Blocks until what was said is out."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, said: Any) -> None:
        self.connected = not reason.is_failure
        client.subscribe("cuntong/v1/down/+/ack", 1)
        if self.connected and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._again)

    def _again(self) -> None:
        for device in self.devices.values():
            device.again()

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason: Any, said: Any) -> None:
        self.connected = False

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        device = self.devices.get(message.topic.split("/")[3])
        if device is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(device.answered, json.loads(message.payload))


class Kept(deque[tuple[int, dict[str, Any]]]):
    """Fixes that nobody has acknowledged, with their rows of the truth, the oldest first; the newest are lost when it is full."""

    overflowed = 0
    refused = 0


@dataclass(slots=True)
class Account:
    """What a fleet asks of every terminal's session."""

    outbox: Kept = field(default_factory=Kept)
    counts: Counter[str] = field(default_factory=Counter)
    follow_interval_s: int = 0
    follow_until_ms: int = 0


class MqttDevice:
    """One vehicle.

    Args:
        terminal_id: its name at the broker, without leading zeros; exchange: its way there; truth: where acknowledgements are written.
    """

    def __init__(self, terminal_id: str, exchange: Exchange, truth: TruthWriter | None) -> None:
        self.name = terminal_id.lstrip("0") or "0"
        self.session = Account()
        self.acknowledged = 0
        self.counts: Counter[str] = Counter()
        self._exchange, self._truth = exchange, truth
        self._seq = 0
        self._flying = 0
        self._payload = b""
        self._sent_s = 0.0
        exchange.devices[self.name] = self

    @property
    def online(self) -> bool:
        """True while the broker is there."""
        return self._exchange.connected

    async def run(self, delay_s: float = 0.0) -> None:
        """Nothing of its own: the connection is shared."""

    def report(self, row: int, fix: Any) -> None:
        """Keep one fix (`simulators.truth.FIX`), and say it when nothing is on its way."""
        box = self.session.outbox
        if len(box) >= CAPACITY:
            box.overflowed += 1
            return
        box.append((row, said(fix)))
        if not self._flying:
            self._say()

    def tick(self) -> None:
        """Once a second: say again what has no answer."""
        if self._flying and time.monotonic() - self._sent_s > _AGAIN_S:
            self.counts["repeated"] += 1
            self._send()
        elif not self._flying and self.session.outbox:
            self._say()

    def again(self) -> None:
        """The broker is back: what was on its way may be lost."""
        if self._flying:
            self._send()

    def _say(self) -> None:
        batch = [self.session.outbox[place] for place in range(min(BATCH, len(self.session.outbox)))]
        self._seq, self._flying = self._seq + 1, len(batch)
        self._payload = json.dumps({"seq": self._seq, "fixes": [fix for _, fix in batch]}).encode("ascii")
        self._send()

    def _send(self) -> None:
        self._sent_s = time.monotonic()
        self._exchange.publish(self.name, self._payload)

    def answered(self, answer: dict[str, Any]) -> None:
        """The platform has the batch, or will never have it."""
        if answer.get("seq") != self._seq or not self._flying:
            return
        rows = [self.session.outbox.popleft()[0] for _ in range(self._flying)]
        self._flying = 0
        if answer.get("result") == 0:
            self.acknowledged += len(rows)
            if self._truth is not None:
                self._truth.acknowledged([(rows, 0, self._seq & 0xFFFF)], time.time_ns() // 1_000_000)
        else:
            self.session.outbox.refused += len(rows)
        if self.session.outbox:
            self._say()

    def stop(self) -> None:
        """No more answers are waited for."""
        self._exchange.devices.pop(self.name, None)


def said(fix: Any) -> dict[str, Any]:
    """A row of `simulators.truth.FIX` as a device says it."""
    return {
        "t_ms": int(fix["t_ms"]),
        "lon": int(fix["lon_e6"]) / 1e6,
        "lat": int(fix["lat_e6"]) / 1e6,
        "speed_kmh": int(fix["speed_kmh10"]) / 10,
        "heading_deg": int(fix["heading_deg"]),
        "altitude_m": int(fix["altitude_m"]),
        "status_bits": int(fix["status_bits"]),
        "alarm_bits": int(fix["alarm_bits"]),
        "odometer_m": int(fix["odometer_m"]),
    }
