"""An installation whose devices speak MQTT: door, broker, pipeline and PostgreSQL are killed, devices repeat a batch until its answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

from runtime.demo import environment
from runtime.processes import Supervisor, standard_parts
from storage.migrate import migrate
from tests.crash.harness import FLEET, Installation, Outcome, free_port
from tests.fixtures.broker import Broker, running

VICTIMS = ("mqtt-door", "broker", "pipeline", "postgres")
ROUND_S = 2.0
_DOWN_S = 0.5


class MqttInstallation(Installation):
    """Door, pipeline and embedded database behind a broker; without live matching, which other runs judge."""

    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self.broker = broker
        mqtt = replace(self.settings.mqtt, url=broker.url, door=True, door_listen=f"127.0.0.1:{free_port()}")
        self.settings = replace(self.settings, mqtt=mqtt)
        self.parts = [part for part in standard_parts(self.settings) if part.name in ("mqtt-door", "pipeline")]
        said = {
            "CUNTONG_MQTT_URL": broker.url, "CUNTONG_MQTT_DOOR": "yes", "CUNTONG_MQTT_USER": "door", "CUNTONG_PIPELINE_MATCH": "no",
            "CUNTONG_MQTT_PASSWORD_FILE": str(broker.folder / "door.password"),
        }  # fmt: skip
        self.supervisor = Supervisor(self.settings, self.parts, environment(self.settings) | said)

    def __enter__(self) -> MqttInstallation:
        self.dsn = self.supervisor.open_database()
        migrate(self.dsn, self.settings.database)
        self.supervisor.start()
        self.supervisor.wait_ready(180, lambda _: None)
        return self

    def kill(self, victim: str) -> None:
        """SIGKILL; the broker comes back after a moment, with nothing in its memory."""
        if victim != "broker":
            super().kill(victim)
            return
        self.broker.kill()
        self.watch_for(_DOWN_S)
        self.broker.start()


def run(seed: int, vehicles: int = 200, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """One run: every victim dies once, in an order and at moments of the seed, while devices report."""
    draw = random.Random(seed)
    killed = []
    with running() as broker, MqttInstallation(broker) as installation:
        url = f"mqtt://fleet:teelf@127.0.0.1:{broker.port}"
        with installation.fleet(vehicles, seed, *FLEET, "--mqtt", url):
            installation.watch_until_acknowledged(vehicles)
            began = time.monotonic()
            for victim in draw.sample(VICTIMS, len(VICTIMS)):
                installation.watch_for(draw.uniform(0.1, ROUND_S))
                installation.kill(victim)
                killed.append((victim, round(time.monotonic() - began, 2)))
                say(f"  killed {victim} after {killed[-1][1]} s")
                installation.watch_until_acknowledged(vehicles)
        say("  fleet ended, waiting for the pipeline")
        return Outcome(seed, tuple(killed), installation.settled(90), installation.fleet_figures)
