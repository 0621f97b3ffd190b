"""What is committed goes out once, by regions; whoever is slow or away is nobody's trouble but his own."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from prometheus_client import CollectorRegistry

from ingest.mqtt.broker import broker_of
from ingest.mqtt.fanout import Fanout
from ingest.mqtt.metrics import MqttMetrics
from storage import outbox
from tests.fixtures.broker import Broker, running
from tests.ingest.mqtt.conftest import settings_of, until
from tests.ingest.spooled import NOON_MS, Logged, drain, pipeline, report, rows, write

pytestmark = pytest.mark.broker
VEHICLES = 700
REGIONS = ("520102", "520103", "440301", None)


class RunningFanout:
    """One fan-out in a thread."""

    def __init__(self, dsn: str, broker: Broker, user: str = "fanout", **said: Any) -> None:
        self.registry = CollectorRegistry()
        settings = settings_of(broker, user, fanout_interval_s=0.05, **said)
        self._ready = threading.Event()

        async def run() -> None:
            self.loop = asyncio.get_running_loop()
            self.fanout = Fanout(dsn, broker_of(settings), settings, MqttMetrics(self.registry))
            self._ready.set()
            await self.fanout.run()

        self._thread = threading.Thread(target=lambda: asyncio.run(run()), name="fanout")
        self._thread.start()
        assert self._ready.wait(10)

    def well(self) -> RunningFanout:
        until(lambda: not self.fanout.reason, "the fan-out is ready")
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.fanout.stop)
            self._thread.join(30)
            assert not self._thread.is_alive()

    def dropped(self, reason: str) -> float:
        return self.registry.get_sample_value("mqtt_dropped_total", {"reason": reason}) or 0.0


class Subscriber:
    """A third party that reads."""

    def __init__(self, broker: Broker, name: str, topic: str) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set("reader", "redaer")
        self.client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = lambda _client, _userdata, said: self.messages.append((said.topic, bytes(said.payload), said.retain))
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert ready.wait(10)

    def heard(self) -> list[tuple[int, int]]:
        """(vehicle, time) of every position heard."""
        columns = [json.loads(payload) for _, payload, _ in self.messages]
        return [pair for said in columns for pair in zip(said["vehicle_id"], said["t_ms"], strict=True)]

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Ground:
    """A database with vehicles in four regions, and a log to report through."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn, self._folder = dsn, folder
        self.worker = pipeline(dsn, folder / "spool", match=False)
        self.round(0)
        with psycopg.connect(dsn) as conn:
            for number, region in enumerate(REGIONS):
                conn.execute("update vehicle set region_code = %s where vehicle_id %% 4 = %s", (region, number))

    def round(self, second: int) -> None:
        """Everybody reports once."""
        t_ms = NOON_MS + 1000 * second
        frames = [Logged(report(str(13_800_000_000 + number), t_ms, speed_kmh10=number), t_ms + number) for number in range(VEHICLES)]
        write(self._folder / "spool", frames)
        assert drain(self.worker) == VEHICLES


@pytest.fixture
def ground(dsn: str, tmp_path: Path) -> Iterator[Ground]:
    made = Ground(dsn, tmp_path)
    yield made
    made.worker.close()


@pytest.fixture
def fan(ground: Ground, broker: Broker) -> Iterator[Callable[..., RunningFanout]]:
    made: list[RunningFanout] = []

    def start(at: Broker = broker, **said: Any) -> RunningFanout:
        made.append(RunningFanout(ground.dsn, at, **said))
        return made[-1]

    yield start
    for one in made:
        one.stop()


def test_two_shared_subscribers_get_every_position_once_between_them(
    ground: Ground, broker: Broker, fan: Callable[..., RunningFanout]
) -> None:
    pair = [Subscriber(broker, f"shared-{name}", "$share/county/cuntong/v1/positions/#") for name in "ab"]
    province = Subscriber(broker, "province", "cuntong/v1/positions/44/#")
    fan().well()
    expected = set()
    for second in (1, 2, 3):
        ground.round(second)
        expected |= {(vehicle, NOON_MS + 1000 * second) for vehicle in range(1, VEHICLES + 1)}
        until(lambda so_far=second * VEHICLES: sum(len(one.heard()) for one in pair) >= so_far, "the round went out")
    heard = [key for one in pair for key in one.heard()]
    assert len(heard) == len(expected) and set(heard) == expected
    assert all(one.messages for one in pair), "both worked"
    assert {vehicle % 4 for vehicle, _ in province.heard()} == {2}
    topics = {topic for one in pair for topic, _, _ in one.messages}
    assert topics == {f"cuntong/v1/positions/{place}" for place in ("52/01/02", "52/01/03", "44/03/01", "00/00/00")}
    said = json.loads(province.messages[0][1])
    assert {len(column) for column in said.values()} == {len(said["vehicle_id"])}
    row = said["vehicle_id"].index(2)
    assert {name: column[row] for name, column in said.items()} | {"received_ms": 0} == {
        "vehicle_id": 2, "plate": None, "plate_colour": None, "t_ms": NOON_MS + 1000, "received_ms": 0, "located_ms": NOON_MS + 1000,
        "lon": 106.7, "lat": 26.5, "speed_kmh": 0.1, "heading_deg": 90, "status_bits": 3, "alarm_bits": 0, "odometer_m": None,
        "county_code": None,
    }  # fmt: skip
    for one in (*pair, province):
        one.stop()


def stuck_subscriber(broker: Broker) -> socket.socket:
    """Subscribes to everything and never reads again."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    link.connect(("127.0.0.1", broker.port))

    def text(said: bytes) -> bytes:
        return struct.pack(">H", len(said)) + said

    connect = text(b"MQTT") + b"\x04\xc2" + struct.pack(">H", 600) + text(b"stuck") + text(b"reader") + text(b"redaer")
    subscribe = struct.pack(">H", 1) + text(b"cuntong/v1/#") + b"\x00"
    link.sendall(bytes([0x10, len(connect)]) + connect + bytes([0x82, len(subscribe)]) + subscribe)
    assert link.recv(4) == b"\x20\x02\x00\x00"
    return link


def test_a_slow_subscriber_slows_neither_the_pipeline_nor_the_others(
    ground: Ground, broker: Broker, fan: Callable[..., RunningFanout]
) -> None:
    stuck, quick = stuck_subscriber(broker), Subscriber(broker, "quick", "cuntong/v1/positions/#")
    running_fan = fan(retain_last=True, fanout_queue=100_000).well()
    rounds = 12
    for second in range(1, rounds + 1):
        ground.round(second)
        until(lambda so_far=second * VEHICLES: len(quick.heard()) >= so_far, "the quick one has the round")
    assert len(set(quick.heard())) == len(quick.heard()) == rounds * VEHICLES
    assert rows(ground.dsn, "select count(*) from positions") == [((rounds + 1) * VEHICLES,)]
    assert running_fan.dropped("queue_full") == running_fan.dropped("connection") == 0
    quick.stop()
    stuck.close()


def test_with_the_broker_away_positions_are_dropped_and_counted_and_alerts_wait(ground: Ground, fan: Callable[..., RunningFanout]) -> None:
    with running() as broker:
        one = fan(broker, fanout_queue=5).well()
        broker.kill()
        until(lambda: "nobody listens" in one.fanout.reason, "the fan-out says so")
        with psycopg.connect(ground.dsn) as conn:
            for number in (1, 2):
                payload = {"alert_id": number, "rule": "SPD-ROAD", "region_code": "520103", "vehicle_id": 7}
                outbox.put(conn, outbox.MQTT_ALERT, f"mqtt.alert:{number}:1", payload)
        for second in (1, 2, 3):
            ground.round(second)
            until(lambda at=4 * second - 5: one.dropped("queue_full") >= at, "the oldest made room")
        assert rows(ground.dsn, "select count(*) from positions") == [(4 * VEHICLES,)], "nothing of it concerns the pipeline"
        gate = threading.Event()
        one.loop.call_soon_threadsafe(gate.wait, 30)  # not back before somebody listens
        broker.start()
        reader = Subscriber(broker, "alerts", "cuntong/v1/alerts/52/#")
        gate.set()
        until(lambda: len(reader.messages) == 2, "the alerts came", 30)
        assert [topic for topic, _, _ in reader.messages] == ["cuntong/v1/alerts/52/01/03/SPD-ROAD"] * 2
        assert [json.loads(payload)["alert_id"] for _, payload, _ in reader.messages] == [1, 2]
        done = "select count(*) from outbox where topic = 'mqtt.alert' and done_at is not null"
        until(lambda: rows(ground.dsn, done) == [(2,)], "done when the broker has them")
        until(lambda: one.registry.get_sample_value("mqtt_out_total", {"kind": "positions"}) == 5, "what had room went out")
        reader.stop()
        one.stop()


def test_state_is_retained_and_the_last_will_speaks_when_a_process_dies(ground: Ground, fan: Callable[..., RunningFanout]) -> None:
    with running() as broker:
        one = fan(broker, retain_last=True).well()
        ground.round(1)
        until(lambda: one.registry.get_sample_value("mqtt_out_total", {"kind": "last"}) == 2 * VEHICLES, "one by one")
        late = Subscriber(broker, "late", "cuntong/v1/#")
        until(lambda: len(late.messages) == VEHICLES + 1, "retained")
        said = {topic: (payload, retain) for topic, payload, retain in late.messages}
        assert said["cuntong/v1/status/fanout"] == (b"online", True)
        last = json.loads(said["cuntong/v1/last/7"][0])
        assert (last["vehicle_id"], last["t_ms"], last["lon"]) == (7, NOON_MS + 1000, 106.7)
        one.stop()
        until(lambda: late.messages[-1][:2] == ("cuntong/v1/status/fanout", b"offline"), "said on leaving")
        fan(broker).well()
        until(lambda: late.messages[-1][1] == b"online", "back")
        take_over(broker)
        until(lambda: [said[1] for said in late.messages[-2:]] == [b"offline", b"online"], "the will, and back again")
        late.stop()


def take_over(broker: Broker) -> None:
    """Connect under the fan-out's name: its connection ends without a goodbye, as when the process dies."""
    connected = threading.Event()
    other = Client(CallbackAPIVersion.VERSION2, "test-fanout", protocol=MQTTProtocolVersion.MQTTv5)
    other.username_pw_set("fanout", "tuonaf")
    other.on_connect = lambda *_: connected.set()
    other.connect("127.0.0.1", broker.port)
    other.loop_start()
    assert connected.wait(10)
    other.disconnect()
    other.loop_stop()


def test_only_one_fan_out_of_a_database_publishes(ground: Ground, broker: Broker, fan: Callable[..., RunningFanout]) -> None:
    first = fan().well()
    second = fan()
    until(lambda: "stands by" in second.fanout.reason, "the second waits")
    first.stop()
    second.well()
    reader = Subscriber(broker, "after", "cuntong/v1/positions/#")
    with psycopg.connect(ground.dsn, autocommit=True) as conn:  # and its own connection may break
        conn.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid() and database = (select oid from pg_database where datname = current_database())"
        )
    ground.round(1)
    until(lambda: len(set(reader.heard())) == VEHICLES, "it goes on where it was")
    assert len(reader.heard()) == VEHICLES
    reader.stop()


def test_without_a_broker_nothing_of_it_is_imported_or_started(tmp_path: Path) -> None:
    code = (
        "import sys; from runtime.cli import commands; commands(); from runtime.settings import load; import ingest.pipeline\n"
        "from runtime.processes import standard_parts; from pathlib import Path\n"
        f"names = [part.name for part in standard_parts(load(Path({str(tmp_path)!r}), environment={{}}))]\n"
        "assert names == ['gateway', 'pipeline', 'worker', 'web'], names\n"
        "assert not {'paho', 'paho.mqtt', 'aiomqtt', 'ingest.mqtt.door', 'ingest.mqtt.fanout'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
