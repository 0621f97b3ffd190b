"""A whole installation under a simulated fleet, whose parts are killed with SIGKILL at seeded moments."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from runtime.demo import Balance, balance, environment
from runtime.processes import Supervisor, standard_parts
from runtime.settings import Settings, load
from storage import embedded
from storage.database import FOLDER
from storage.migrate import migrate

VICTIMS = ("gateway", "pipeline", "postgres")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to; killed: victim and second of each kill."""

    seed: int
    killed: tuple[tuple[str, float], ...]
    balance: Balance

    @property
    def good(self) -> bool:
        """Everything acknowledged is stored, and nothing twice."""
        return self.balance.acknowledged > 0 and self.balance.missing == 0 and self.balance.doubles == 0

    def record(self) -> dict[str, object]:
        """JSON values."""
        return {"seed": self.seed, "killed": [list(k) for k in self.killed], **asdict(self.balance), "good": self.good}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_in(folder: Path) -> Settings:
    """Settings of an installation on free loopback ports, without screens."""
    settings = load(folder, {}, {"CUNTONG_DATA": str(folder)})
    listen = [f"127.0.0.1:{free_port()}" for _ in range(5)]
    return replace(
        settings,
        gateway=replace(settings.gateway, listen=listen[0], metrics_listen=listen[1]),
        pipeline=replace(settings.pipeline, metrics_listen=listen[2]),
        web=replace(settings.web, listen=listen[3], metrics_listen=listen[4]),
    )


class Installation:
    """Gateway, pipeline and embedded database of a throw-away folder, watched over and started again when they die."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cuntong-crash-"))
        self.folder.chmod(0o755)  # as root the database runs as another user
        self.settings = settings_in(self.folder)
        parts = [part for part in standard_parts(self.settings) if part.name in ("gateway", "pipeline")]
        self.supervisor = Supervisor(self.settings, parts, environment(self.settings))
        self.truth = self.folder / "truth"

    def __enter__(self) -> Installation:
        self.dsn = self.supervisor.open_database()
        migrate(self.dsn, self.settings.database)
        self.supervisor.start()
        self.supervisor.wait_ready(180, lambda _: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fleet(self, vehicles: int, seed: int, *options: str) -> subprocess.Popen[bytes]:
        """Start the simulated fleet."""
        command = [sys.executable, "-m", "runtime.cli", "simulate", "--vehicles", str(vehicles), "--to", self.settings.gateway.listen]
        command += ["--seed", str(seed), "--truth", str(self.truth), "--json", *options]
        with (self.folder / "fleet.log").open("wb") as output:
            return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def kill(self, victim: str) -> None:
        """SIGKILL, without warning."""
        if victim == "postgres":
            postmaster = embedded.postmaster(self.folder / FOLDER)
            assert postmaster is not None
            os.kill(postmaster.pid, signal.SIGKILL)
        else:
            os.kill(self.supervisor.pid(victim), signal.SIGKILL)

    def watch_for(self, seconds: float) -> None:
        """Let it run, starting again what died."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.supervisor.watch()
            time.sleep(0.1)

    def settled(self, limit_s: float) -> Balance:
        """The balance, once nothing is missing any more or limit_s is over."""
        deadline = time.monotonic() + limit_s
        while True:
            self.supervisor.watch()
            found = balance(self.supervisor.dsn, self.truth)
            if not found.missing or time.monotonic() > deadline:
                return found
            time.sleep(0.5)


def run(seed: int, vehicles: int = 500, round_s: float = 5.0) -> Outcome:
    """One run: every victim dies once, in an order and at moments of the seed, while the fleet reports with faults."""
    draw = random.Random(seed)
    order = draw.sample(VICTIMS, len(VICTIMS))
    killed = []
    with Installation() as installation:
        fleet = installation.fleet(vehicles, seed, "--faults", "default", "--interval", "1")
        installation.watch_for(4.0)
        began = time.monotonic()
        for victim in order:
            installation.watch_for(draw.uniform(0.2, round_s))
            installation.kill(victim)
            killed.append((victim, round(time.monotonic() - began, 2)))
            installation.watch_for(round_s)
        fleet.send_signal(signal.SIGTERM)
        fleet.wait(60)
        return Outcome(seed, tuple(killed), installation.settled(90))
