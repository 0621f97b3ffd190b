"""The MQTT door: what devices publish goes into the log; PUBACK and answer leave when it is durable, in the order it came."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import structlog

from domain.errors import StoreError
from ingest.gateway.registration import Registrar, load_secrets
from ingest.gateway.registry_copy import RegistryCopy
from ingest.gateway.upkeep import Upkeep
from ingest.log.record import MQTT
from ingest.log.spool import SpoolWriter
from ingest.mqtt import payloads, topics
from ingest.mqtt.broker import Broker
from ingest.mqtt.inbox import Inbox, Publish
from ingest.mqtt.links import DOOR, DownTopics, FrameLinks
from ingest.mqtt.metrics import MqttMetrics
from ingest.settings import GatewaySettings, LogSettings

log = structlog.get_logger()

MQTT_WORKER = 63_000
"""Number of the door's own log beside those of the gateway's workers."""
ACCEPTED, UNKNOWN_DEVICE, BAD_PAYLOAD = 0, 1, 2
"""Results of an answer."""
_AT_ONCE = -1
_MINUTE_S = 60.0


@dataclass(slots=True)
class Held:
    """A message of a device until it is durable. group: of the log, `_AT_ONCE` when nothing was appended; answers: (kind, topic, bytes)."""

    message: Publish
    group: int
    answers: list[tuple[str, str, bytes]] = field(default_factory=list)


class Door:
    """Everything of the door; lives in one event loop, the broker's connection in a thread of its own.

    Args:
        broker, client_id: of the connection.
        gateway: whose rules hold for JT/T 808 and for who is known; log_settings: of the log.
        metrics: what is counted.
    """

    def __init__(self, broker: Broker, client_id: str, gateway: GatewaySettings, log_settings: LogSettings, metrics: MqttMetrics) -> None:
        self._broker, self._client_id = broker, client_id
        self._settings = gateway
        self.metrics = metrics
        self.log = SpoolWriter(log_settings.path, MQTT_WORKER, log_settings)
        self.registry = RegistryCopy(gateway.roster_file)
        self.registrar = Registrar(gateway.registration, load_secrets(gateway.secret_file), self.registry, gateway.stale_roster_s)
        down = DownTopics(self._send_frame, self._hold_frame)
        self.links = FrameLinks(gateway, log_settings, self.log, self.registrar, MQTT_WORKER, down)
        self._held: deque[Held] = deque()
        self._taking: Held | None = None
        self._durable = _AT_ONCE
        self._bad: dict[str, list[float]] = {}
        self._stop = asyncio.Event()
        self._stopping = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self.inbox: Inbox | None = None
        self.failure: BaseException | None = None

    @property
    def reason(self) -> str:
        """Why messages are not taken; "" when they are."""
        if self.failure is not None or self.log.read_only:
            return "the log is damaged or dead: stop, run cuntong log verify --repair, start again"
        if self.inbox is None:
            return "starting"
        if not self.log.taking:
            return "the log is full or the disk is: positions are not taken, devices keep them and send them again"
        return self.inbox.trouble

    async def run(self, ready: asyncio.Future[None] | None = None) -> None:
        """Serve until `stop`; then take no more, make the log durable, send the last answers.

        Raises:
            StoreError: the log failed.
        """
        self.loop = loop = asyncio.get_running_loop()
        self.registry.load()
        self.log.open()
        self.links.keys.open()
        self.log.start(loop, self._made_durable, self._dead)
        self.inbox = inbox = Inbox(self._broker, self._client_id, loop, self._arrived)
        self.metrics.connected.set_function(lambda: float(not inbox.trouble))
        sweeper = asyncio.ensure_future(Upkeep(self.links).run())
        self.inbox.start()
        if ready is not None:
            ready.set_result(None)
        try:
            await self._stop.wait()
        finally:
            sweeper.cancel()
            self.links.close_all("stopping")
            self._stopping = True
            try:
                await self.log.aclose()
            finally:
                await asyncio.to_thread(self.inbox.stop)
        if self.failure is not None:
            raise StoreError(f"the log failed: {self.failure}; check the disk, then start again")

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stop.set()

    def _dead(self, error: BaseException) -> None:
        self.failure = error
        self._stop.set()

    def _arrived(self, messages: list[Publish]) -> None:
        """Messages of devices: each is decided, then waits for its turn. While stopping they stay with the broker."""
        if self._stopping or self.failure is not None:
            return
        for message in messages:
            self._taking = Held(message, _AT_ONCE)
            self._held.append(self._taking)
            self._take(self._taking)
            self._taking = None
        self._release()

    def _take(self, held: Held) -> None:
        up = topics.parse_up(held.message.topic)
        received_us = time.time_ns() // 1_000
        if up is None:
            self._count("foreign_topic")
        elif not self._known(up.device):
            if not up.frames and (told := self._unknown(up.device)):
                said = {
                    "seq": payloads.read(held.message.payload).seq,
                    "result": UNKNOWN_DEVICE,
                    "reason": "unknown_device",
                    "detail": told,
                }
                held.answers.append(_json("answer", topics.answer(up.device), said))
            self._count("unknown_device")
        elif up.frames:
            self._frames(held, up.device, received_us)
        else:
            self._report(held, up.device, received_us)

    def _known(self, device: str) -> bool:
        """Whether the registry lets a device speak; under the open policy everybody may who is not revoked."""
        if not topics.is_device(device):
            return False
        terminal = self.registry.terminals.get(device)
        if terminal is None:
            return self._settings.registration == "open"
        return terminal.state != "revoked" and (terminal.state == "registered" or self._settings.registration == "open")

    def _unknown(self, device: str) -> str:
        """What a device that may not speak is told; "" when the copy of the registry is too old to refuse: it repeats."""
        if not topics.is_device(device):
            return "a device is named by its terminal number: 1 to 20 digits without leading zeros"
        stale = device not in self.registry.terminals and self.registry.age_s(time.time_ns() // 1_000_000) > self._settings.stale_roster_s
        return "" if stale else f"{device} is not registered"

    def _report(self, held: Held, device: str, received_us: int) -> None:
        """JSON: one record, whatever it says; the answer says what will be stored of it."""
        payload = held.message.payload
        report = payloads.read(payload)
        fault = report.first_fault
        said: dict[str, Any] = {"seq": report.seq, "result": ACCEPTED if fault is None else BAD_PAYLOAD}
        if fault is not None:
            said |= {"field": fault.field, "reason": fault.reason, "detail": fault.detail, "accepted": len(report.sound)}
        if not report.sound and fault is not None and not self._may_keep(device):
            self.metrics.dropped.labels("capped").inc()
        elif not self._append(held, payloads.record(device, payload[: payloads.MOST_BYTES + 1]), received_us):
            return
        self._count("accepted" if fault is None else "bad_payload")
        held.answers.append(_json("answer", topics.answer(device), said))

    def _append(self, held: Held, payload: bytes, received_us: int) -> bool:
        """Append a record; False when the log takes none: then nothing is answered, and the device repeats."""
        group = self.log.append(MQTT, DOOR, 0, payload, received_us=received_us) if self.log.taking else None
        if group is None:
            self._count("refused")
            return False
        held.group = group
        return True

    def _may_keep(self, device: str) -> bool:
        """At most so many useless payloads a minute and device go into the log; the others are answered and counted."""
        now_s = time.monotonic()
        recent = [at for at in self._bad.get(device, []) if now_s - at < _MINUTE_S]
        if len(self._bad) >= self._settings.max_links:
            self._bad = {name: times for name, times in self._bad.items() if now_s - times[-1] < _MINUTE_S}
        if len(recent) >= self._settings.dropped_per_minute or len(self._bad) >= self._settings.max_links:
            return False
        self._bad[device] = [*recent, now_s]
        return True

    def _frames(self, held: Held, device: str, received_us: int) -> None:
        """JT/T 808: a record each frame; its answers wait beside it."""
        group = self.log.group()
        number, used = group.number, group.used
        taken = self.links.take(device, held.message.payload, received_us)
        if self.log.group().used != used:
            held.group = number
        self._count("frames" if taken else "refused")

    def _send_frame(self, device: str, frame: bytes) -> None:
        self._publish("frames", topics.frames_down(device), frame)

    def _hold_frame(self, device: str, frame: bytes) -> None:
        if self._taking is None:  # said without being asked, such as by a timer
            own = Held(Publish("", b"", 0, 0, 0), self.log.group().number)
            self._held.append(own)
        else:
            own = self._taking
        own.answers.append(("frames", topics.frames_down(device), frame))

    def _made_durable(self, number: int) -> None:
        self._durable = number
        self._release()

    def _release(self) -> None:
        """Answers and PUBACKs of what is durable; never one before another that came earlier [MQTT-4.6.0-2]."""
        assert self.inbox is not None
        while self._held and self._held[0].group <= self._durable:
            held = self._held.popleft()
            for kind, topic, payload in held.answers:
                self._publish(kind, topic, payload)
            self.inbox.acknowledge(held.message)

    def _publish(self, kind: str, topic: str, payload: bytes) -> None:
        assert self.inbox is not None
        if self.inbox.publish(topic, payload):
            self.metrics.sent.labels(kind).inc()
        else:
            self.metrics.dropped.labels("connection").inc()

    def _count(self, result: str) -> None:
        self.metrics.taken.labels(result).inc()


def _json(kind: str, topic: str, said: dict[str, Any]) -> tuple[str, str, bytes]:
    return kind, topic, json.dumps(said, ensure_ascii=False).encode("utf-8")
