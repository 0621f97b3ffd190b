"""A whole installation under a simulated fleet, whose parts are killed with SIGKILL at seeded moments."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ingest.days import use_network
from ingest.live_plan import RoadsFor
from ingest.live_roads import LiveRoads
from runtime.demo import Balance, balance, environment
from runtime.processes import Supervisor, standard_parts
from runtime.settings import Settings, load
from simulators.county import build_county
from simulators.truth import ACK
from storage import embedded
from storage.database import FOLDER
from storage.migrate import migrate
from storage.pool import connect
from tracking.network.archive import save

VICTIMS = ("gateway", "pipeline", "postgres")
ROUND_S = 5.0
FLEET = ("--faults", "default", "--interval", "1", "--speed", "4", "--seconds", "300", "--parted", "40")
"""Four positions a second and vehicle, so that a dead gateway leaves enough behind for uploads in packets; ended before its time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to; killed: victim and second of each kill; fleet: its own figures; matched: committed fixes of all ways; torn:
    vehicles whose way lacks a number."""

    seed: int
    killed: tuple[tuple[str, float], ...]
    balance: Balance
    fleet: dict[str, int]
    matched: int = 0
    torn: int = 0

    @property
    def good(self) -> bool:
        """Everything acknowledged is stored, nothing twice, and no way has a hole."""
        return self.balance.acknowledged > 0 and self.balance.missing == 0 and self.balance.doubles == 0 and self.torn == 0

    def record(self) -> dict[str, object]:
        """JSON values."""
        killed = [list(kill) for kill in self.killed]
        return {
            "seed": self.seed,
            "killed": killed,
            **asdict(self.balance),
            "good": self.good,
            "fleet": self.fleet,
            "matched": self.matched,
            "torn": self.torn,
        }


def free_port(count: int = 1) -> int:
    """The first of so many neighbouring ports that nobody has, below those that outgoing connections take."""
    while True:
        first = random.SystemRandom().randrange(15_000, 32_000)
        try:
            with ExitStack() as probes:
                for port in range(first, first + count):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


def settings_in(folder: Path) -> Settings:
    """Settings of an installation on free loopback ports, without screens."""
    settings = load(folder, {}, {"CUNTONG_DATA": str(folder)})
    listen = [f"127.0.0.1:{port}" for port in (free_port(), free_port(), free_port(4), free_port(), free_port())]
    return replace(
        settings,
        gateway=replace(settings.gateway, listen=listen[0], metrics_listen=listen[1]),
        pipeline=replace(settings.pipeline, metrics_listen=listen[2]),
        web=replace(settings.web, listen=listen[3], metrics_listen=listen[4]),
    )


class Installation:
    """Gateway, pipeline and embedded database of a throw-away folder, watched over and started again when they die."""

    def __init__(self, workers: int = 1, partitions: int = 1) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cuntong-crash-"))
        self.folder.chmod(0o755)  # as root the database runs as another user
        shares = {"CUNTONG_GATEWAY_WORKERS": str(workers), "CUNTONG_PIPELINE_PARTITIONS": str(partitions)}
        self.settings = settings_in(self.folder)
        self.parts = [part for part in standard_parts(self.settings) if part.name in ("gateway", "pipeline")]
        self.supervisor = Supervisor(self.settings, self.parts, environment(self.settings) | shares)
        self.truth = self.folder / "truth"
        self.fleet_figures: dict[str, int] = {}

    def __enter__(self) -> Installation:
        self.dsn = self.supervisor.open_database()
        migrate(self.dsn, self.settings.database)
        network = build_county().network
        save(network, self.folder / "county.npz")
        with connect(self.dsn) as conn:
            use_network(conn, self.folder / "county.npz")
        roads = LiveRoads(self.dsn)  # compiles once for all pipelines of the run, which are killed in the middle of it
        roads.get(RoadsFor(network.version, self.folder / "county.npz", "bus"), 0)
        roads.wait(600)
        self.supervisor.start()
        self.supervisor.wait_ready(180, lambda _: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def fleet(self, vehicles: int, seed: int, *options: str) -> Iterator[None]:
        """The simulated fleet, stopped on leaving; its figures are then in `fleet_figures`."""
        command = [sys.executable, "-m", "runtime.cli", "simulate", "--vehicles", str(vehicles), "--to", self.settings.gateway.listen]
        command += ["--seed", str(seed), "--truth", str(self.truth), "--json", *options]
        told = self.folder / "fleet.json"
        with told.open("wb") as output, subprocess.Popen(command, stdout=output, start_new_session=True) as process:
            try:
                yield
                process.send_signal(signal.SIGTERM)
                process.wait(60)
            finally:
                process.kill()
        self.fleet_figures = json.loads(told.read_text(encoding="utf-8"))

    def kill(self, victim: str) -> None:
        """SIGKILL, without warning."""
        if victim == "postgres":
            postmaster = embedded.postmaster(self.folder / FOLDER)
            assert postmaster is not None
            os.kill(postmaster.pid, signal.SIGKILL)
        else:
            os.kill(self.supervisor.pid(victim), signal.SIGKILL)

    def stop_database(self) -> None:
        """End the database in order; nobody starts it again before `start_database` or `watch_for`."""
        embedded.stop(self.folder / FOLDER)

    def start_database(self) -> None:
        """Start it again; on return it answers."""
        self.supervisor.open_database()

    def readiness(self, part: str) -> tuple[int, str]:
        """Status and text of a part's /readyz; (0, reason) when it cannot be asked."""
        url = next(each.ready_url for each in self.parts if each.name == part)
        try:
            with urllib.request.urlopen(url, timeout=2.0) as response:
                return response.status, response.read().decode().strip()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode().strip()
        except OSError as error:
            return 0, str(error)

    def ways(self) -> tuple[int, int]:
        """Committed fixes of all ways, and vehicles whose way lacks a number."""
        with connect(self.supervisor.dsn) as conn:
            found = conn.execute(
                """
                select coalesce(sum(numbers), 0)::bigint, count(*) filter (where numbers <> last)
                  from (select count(distinct number) as numbers, max(number) as last from provisional_path group by vehicle_id) as w
                """
            ).fetchone()
        return found or (0, 0)

    def watch_for(self, seconds: float) -> None:
        """Let it run, starting again what died."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.supervisor.watch()
            time.sleep(0.1)

    def watch_until_acknowledged(self, fixes: int, limit_s: float = 60.0) -> None:
        """Let it run until so many more fixes are acknowledged, or limit_s is over: the machine may be slow to start what was killed."""
        acks = self.truth / "acks.bin"
        wanted = (acks.stat().st_size if acks.exists() else 0) + fixes * ACK.itemsize
        until = time.monotonic() + limit_s
        while time.monotonic() < until and (not acks.exists() or acks.stat().st_size < wanted):
            self.watch_for(0.2)

    def settled(self, limit_s: float) -> Balance:
        """The balance, once nothing is missing any more or limit_s is over."""
        deadline = time.monotonic() + limit_s
        while True:
            self.supervisor.watch()
            found = balance(self.supervisor.dsn, self.truth)
            if not found.missing or time.monotonic() > deadline:
                return found
            time.sleep(0.5)


def run(seed: int, vehicles: int = 500, say: Callable[[str], None] = lambda _: None, workers: int = 1, partitions: int = 1) -> Outcome:
    """One run: every victim dies once, in an order and at moments of the seed, while the fleet reports with faults.

    Args:
        workers, partitions: of the gateway and of the pipeline; of several the parent is killed.
    """
    draw = random.Random(seed)
    order = draw.sample(VICTIMS, len(VICTIMS))
    killed = []
    with Installation(workers, partitions) as installation:
        with installation.fleet(vehicles, seed, *FLEET):
            installation.watch_until_acknowledged(vehicles)
            began = time.monotonic()
            for victim in order:
                installation.watch_for(draw.uniform(0.2, ROUND_S))
                installation.kill(victim)
                killed.append((victim, round(time.monotonic() - began, 2)))
                say(f"  killed {victim} after {killed[-1][1]} s")
                installation.watch_for(ROUND_S)
            installation.watch_until_acknowledged(vehicles)
        say("  fleet ended, waiting for the pipeline")
        settled = installation.settled(90)
        return Outcome(seed, tuple(killed), settled, installation.fleet_figures, *installation.ways())
