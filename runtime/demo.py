"""The demo: a simulated county and its fleet against the whole product, and the account of what became of every position."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from domain.errors import RefusedError
from domain.units import day_of, epoch_ms
from operations.accounts import add_user, list_users, new_password, set_password
from operations.regions import Region, outline_of
from operations.regions_store import put_regions
from operations.registry.fleet import import_csv
from runtime.demo_registry import register_lines, register_roads, write_registry
from runtime.processes import Supervisor, standard_parts, stop_on_signals
from runtime.settings import Settings
from simulators.county import Region as SimulatedRegion
from simulators.county import places_geojson, regions_geojson
from simulators.faults import FAULT_SETS
from simulators.fleet import Fleet, FleetSettings
from simulators.truth import load
from storage.folders import closed_parents
from storage.pool import connect
from storage.stored_keys import stored_keys
from supervision_ui.basemap import Sources, build
from tracking.network import save

ADMIN = "admin"


class StoppedEarly(Exception):
    """Asked to stop while the parts were starting."""


class DemoSupervisor(Supervisor):
    """The parts of a demo; the wait for them ends at once when a signal asks to stop."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, standard_parts(settings), environment(settings))
        self.stop_asked = stop_on_signals()
        self._starting = True

    def wait_ready(self, limit_s: float, progress: Callable[[str], None], stop: threading.Event | None = None) -> None:
        """See `Supervisor.wait_ready`.

        Raises:
            StoppedEarly: asked to stop.
            StoreError: a part does not serve.
        """
        super().wait_ready(limit_s, progress, stop or self.stop_asked)
        if self.stop_asked.is_set():
            raise StoppedEarly
        self._starting = False

    def watch(self) -> None:
        """One round; StoppedEarly when asked to stop during the start."""
        if self._starting and self.stop_asked.is_set():
            raise StoppedEarly
        super().watch()


@dataclass(frozen=True, slots=True)
class Played:
    """What is played: vehicles, seconds until the end (None: until a signal), name of the fault set, seed, past days that are loaded."""

    vehicles: int
    seconds: float | None
    faults: str
    seed: int
    history: int = 0

    def __post_init__(self) -> None:
        if self.faults not in FAULT_SETS:
            raise RefusedError(f"no fault set {self.faults!r}; there are {', '.join(FAULT_SETS)}", field="faults", kind="missing")

    @property
    def fleet(self) -> FleetSettings:
        """Settings that give the vehicles and the county of the `simulate` command."""
        return FleetSettings(vehicles=self.vehicles, seed=self.seed)

    def words(self, gateway: str) -> tuple[str, ...]:
        """Command line of the fleet."""
        return ("simulate", *self.options, "--to", gateway)

    @property
    def options(self) -> tuple[str, ...]:
        """Options that give the fleet."""
        return ("--vehicles", str(self.vehicles), "--seed", str(self.seed), "--faults", self.faults)


@dataclass(frozen=True, slots=True)
class Balance:
    """What was acknowledged and what is stored: counts of fixes; missing and doubles must be 0."""

    driven: int
    acknowledged: int
    stored: int
    missing: int
    doubles: int


def default_folder() -> Path:
    """`data/demo` here; as root in a folder that others may not enter, one under /var/lib."""
    here = Path("data/demo").absolute()
    if os.geteuid() == 0 and closed_parents(here):
        return Path("/var/lib/cuntong") / f"demo-{zlib.crc32(str(here).encode()):08x}"
    return here


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the data folder for as long as the block runs.

    Raises:
        RefusedError: another demo runs in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(f"another demo runs in {folder}: end it first, or name another folder with --data") from error
        yield


def on_free_ports(settings: Settings) -> tuple[Settings, list[str]]:
    """Settings whose loopback ports are free: the usual ones, or others where somebody listens already; and a line for each of those."""
    told: list[str] = []

    def free(what: str, listen: str) -> str:
        chosen = _free(listen)
        if chosen != listen:
            told.append(f"port {listen.rpartition(':')[2]} is in use by another program: {what} is on {chosen}")
        return chosen

    gateway = replace(settings.gateway, listen=free("the gateway", settings.gateway.listen))
    gateway = replace(gateway, metrics_listen=free("the gateway's metrics page", gateway.metrics_listen))
    pipeline = replace(settings.pipeline, metrics_listen=free("the pipeline's metrics page", settings.pipeline.metrics_listen))
    web = replace(settings.web, listen=free("the map", settings.web.listen))
    web = replace(web, metrics_listen=free("the map's metrics page", web.metrics_listen))
    mqtt = settings.mqtt
    if mqtt.door:
        mqtt = replace(mqtt, door_listen=free("the metrics page of the MQTT door", mqtt.door_listen))
    if mqtt.fanout:
        mqtt = replace(mqtt, fanout_listen=free("the metrics page of the MQTT fan-out", mqtt.fanout_listen))
    return replace(settings, gateway=gateway, pipeline=pipeline, web=web, mqtt=mqtt), told


def _free(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            with socket.socket() as other:
                other.bind((host, 0))
                return f"{host}:{other.getsockname()[1]}"
    return listen


def environment(settings: Settings) -> dict[str, str]:
    """What child processes must know of these settings."""
    return {
        "CUNTONG_GATEWAY_LISTEN": settings.gateway.listen,
        "CUNTONG_GATEWAY_METRICS_LISTEN": settings.gateway.metrics_listen,
        "CUNTONG_PIPELINE_METRICS_LISTEN": settings.pipeline.metrics_listen,
        "CUNTONG_WEB_LISTEN": settings.web.listen,
        "CUNTONG_WEB_METRICS_LISTEN": settings.web.metrics_listen,
        "CUNTONG_MQTT_DOOR_LISTEN": settings.mqtt.door_listen,
        "CUNTONG_MQTT_FANOUT_LISTEN": settings.mqtt.fanout_listen,
    }


def prepare(dsn: str, settings: Settings, fleet: FleetSettings) -> str:
    """Base map, regions, vehicles, roads, lines, timetable, and an administrator with a fresh password, which is returned.

    The files that it writes (network.npz, places.geojson, regions.geojson, vehicles.csv, lines.geojson, timetable.csv) are what
    `cuntong basemap build`, `registry import`, `lines import` and `lines timetable` take.

    Raises:
        RefusedError: the registry does not take the fleet, such as when a terminal of it was revoked.
        StoreError: the base map cannot be built.
    """
    simulated = Fleet(fleet)
    county = simulated.county
    save(county.network, settings.data / "network.npz")
    places, regions = places_geojson(county), regions_geojson(county)
    (settings.data / "places.geojson").write_text(json.dumps(places, ensure_ascii=False), encoding="utf-8")
    (settings.data / "regions.geojson").write_text(json.dumps(regions, ensure_ascii=False), encoding="utf-8")
    build(Sources(county.network, places, regions), settings.web.tiles_path)
    vehicles = settings.data / "vehicles.csv"
    write_registry(simulated, vehicles)
    with connect(dsn) as conn:
        put_regions(conn, [_region(row) for row in county.regions], today=day_of(epoch_ms(datetime.now(UTC))), correct=True)
        imported = import_csv(conn, vehicles, datetime.now(UTC))
        conn.commit()
        if imported.bad:
            first = imported.bad[0]
            raise RefusedError(f"{vehicles}, line {first.line}: {first.reason}; restore it or name another folder with --data")
        register_roads(conn, county, settings.data)
        register_lines(conn, simulated, settings.data)
    return _administrator(dsn)


def _administrator(dsn: str) -> str:
    password = new_password()
    with connect(dsn) as conn:
        if ADMIN in {user.name for user in list_users(conn)}:
            set_password(conn, ADMIN, password, 0)
        else:
            add_user(conn, ADMIN, password)
        conn.commit()
    return password


def _region(row: SimulatedRegion) -> Region:
    parent, outline = row.parent_code or None, outline_of(row.geometry())[0]
    return Region(row.region_code, row.level, row.name, row.name_en, parent, outline, (row.centre_lon, row.centre_lat), "simulated county")


def figures(metrics_listen: str) -> dict[str, float]:
    """The gateway's counters by their sample names; empty while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{metrics_listen}/metrics", timeout=1.0) as response:
            lines = response.read().decode("utf-8").splitlines()
    except OSError:
        return {}
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def balance(dsn: str, truth: Path) -> Balance:
    """Compare what terminals saw acknowledged with what the database holds."""
    told = load(truth)
    if not len(told.fixes):
        return Balance(0, 0, 0, 0, 0)
    acknowledged = told.keys()
    with connect(dsn) as conn:
        stored, doubles = stored_keys(conn, int(told.fixes["t_ms"].min()), int(told.fixes["t_ms"].max()) + 1)
    return Balance(len(told.fixes), len(acknowledged), len(stored), len(acknowledged - stored), doubles)
