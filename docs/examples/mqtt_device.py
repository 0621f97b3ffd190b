#!/usr/bin/env python3
"""A device that reports over MQTT and loses nothing: every batch is kept in a file until the platform has answered it.

Needs paho-mqtt 2 and nothing of the platform. Fixes come as JSON, one a line, on standard input; what each field means stands in
docs/mqtt.md. It ends when everything has been answered; ended earlier, it goes on with what is in the file.

    pip install paho-mqtt
    echo '{"t_ms": 1772337600000, "lon": 106.7, "lat": 26.5, "speed_kmh": 30.5}' |
        python mqtt_device.py --broker 127.0.0.1:1883 --device 13900000001 --password-file device.password --store batches.jsonl
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

BATCH = 100  # fixes of one message; 500 and 64 KiB are the platform's limits
AGAIN_S = 5.0  # say a batch again when it has no answer for so long
ACCEPTED, UNKNOWN_DEVICE, BAD_PAYLOAD = 0, 1, 2


class Store:
    """Batches without an answer, the oldest first: one JSON line each, synced before anything is sent."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.batches: list[dict[str, Any]] = []
        if path.exists():
            self.batches = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self.seq = max((batch["seq"] for batch in self.batches), default=0)

    def add(self, fixes: list[dict[str, Any]]) -> None:
        self.seq += 1
        self.batches.append({"seq": self.seq, "fixes": fixes})
        self._save()

    def drop_first(self) -> None:
        self.batches.pop(0)
        self._save()

    def _save(self) -> None:
        fresh = self._path.with_suffix(".fresh")
        with fresh.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(batch) + "\n" for batch in self.batches)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


class Device:
    """One batch on its way at a time; the next one goes when the platform has answered."""

    def __init__(self, name: str, password: str | None, store: Store) -> None:
        self._up, self._down = f"cuntong/v1/up/{name}", f"cuntong/v1/down/{name}/ack"
        self._store = store
        self._answers = threading.Event()
        self.refused = 0
        self._client = client = Client(CallbackAPIVersion.VERSION2, f"device-{name}", protocol=MQTTProtocolVersion.MQTTv5)
        client.username_pw_set(name, password)
        client.reconnect_delay_set(1, 30)
        client.on_connect, client.on_connect_fail, client.on_message = self._on_connect, self._on_connect_fail, self._on_message

    def run(self, host: str, port: int) -> None:
        """Until every batch has its answer."""
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 86_400  # the broker keeps answers while we are away
        self._client.connect_async(host, port, 30, clean_start=False, properties=session)
        self._client.loop_start()
        while self._store.batches:
            self._answers.clear()
            batch = self._store.batches[0]
            if self._client.is_connected():
                self._client.publish(self._up, json.dumps(batch), qos=1)
            while not self._answers.wait(AGAIN_S) and not self._client.is_connected():
                pass  # the broker is away: nothing to say again before it is back
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            print(f"the broker refuses us: {reason}", file=sys.stderr)
            return
        client.subscribe(self._down, 1)
        self._answers.set()  # say the first batch again, at once

    def _on_connect_fail(self, client: Client, userdata: Any) -> None:
        print(f"no broker: {sys.exc_info()[1]}", file=sys.stderr)

    def _on_message(self, client: Client, userdata: Any, message: Any) -> None:
        answer = json.loads(message.payload)
        if not self._store.batches or answer.get("seq") not in (self._store.batches[0]["seq"], None):
            return  # an answer that came twice
        if answer["result"] == UNKNOWN_DEVICE:
            print(f"not registered, the batch is kept: {answer.get('detail')}", file=sys.stderr)
            return
        if answer["result"] == BAD_PAYLOAD:  # the platform has set it aside with the field; saying it again changes nothing
            self.refused += 1
            print(f"refused: {answer.get('field')}: {answer.get('detail')}", file=sys.stderr)
        self._store.drop_first()
        self._answers.set()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", default="127.0.0.1:1883", metavar="HOST:PORT")
    parser.add_argument("--device", required=True, help="terminal number without leading zeros; also the login")
    parser.add_argument("--password-file", type=Path)
    parser.add_argument("--store", type=Path, default=Path("batches.jsonl"), help="batches that have no answer yet")
    asked = parser.parse_args()
    host, _, port = asked.broker.rpartition(":")
    store = Store(asked.store)
    fixes = [json.loads(line) for line in sys.stdin if line.strip()]
    for start in range(0, len(fixes), BATCH):
        store.add(fixes[start : start + BATCH])
    password = asked.password_file.read_text(encoding="utf-8").strip() if asked.password_file else None
    device = Device(asked.device, password, store)
    device.run(host, int(port))
    print("everything is answered")
    return 1 if device.refused else 0


if __name__ == "__main__":
    sys.exit(main())
