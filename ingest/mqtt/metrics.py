"""What the MQTT door and the fan-out count. Labels are small closed sets."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

IN = ("accepted", "frames", "bad_payload", "unknown_device", "refused", "foreign_topic")
OUT = ("answer", "frames", "positions", "last", "alert", "status")
DROPPED = ("queue_full", "connection", "capped")


class MqttMetrics:
    """Counters of one process.

    Args:
        registry: where they are registered; one object a registry.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.taken = Counter("mqtt_in", "Messages of devices by what became of them", ["result"], registry=registry)
        self.sent = Counter("mqtt_out", "Messages given to the broker by kind", ["kind"], registry=registry)
        self.dropped = Counter(
            "mqtt_dropped",
            "Position messages the broker did not take in time, and bad payloads beyond the cap",
            ["reason"],
            registry=registry,
        )
        self.connected = Gauge("mqtt_connected", "1 while the broker answers", registry=registry)
        self.waiting = Gauge("mqtt_waiting", "Messages that wait for the broker", registry=registry)
        for counter, labels in ((self.taken, IN), (self.sent, OUT), (self.dropped, DROPPED)):
            for label in labels:
                counter.labels(label)
