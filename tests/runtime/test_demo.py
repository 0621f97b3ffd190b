"""The demo: its fleet is registered, ports are told, one demo a folder, a signal during the start ends it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import RefusedError
from operations.registry.fleet import import_csv
from runtime.demo import Played, on_free_ports, only_one, prepare
from runtime.demo_registry import registry_rows, write_registry
from runtime.settings import load
from simulators.county import County, build_county
from simulators.fleet import Fleet, FleetSettings
from storage.lines import lines
from storage.registry import roster, vehicles
from storage.road_networks import regions_without_network, registered_networks


@pytest.fixture(scope="module")
def county() -> County:
    return build_county()


def test_same_fleet_gives_the_same_registry(county: County) -> None:
    rows = registry_rows(Fleet(FleetSettings(vehicles=60), county))
    assert rows == registry_rows(Fleet(FleetSettings(vehicles=60), county))
    assert {row["vehicle_class"] for row in rows} >= {"rural_bus", "town_bus", "line_coach", "freight"}
    assert len({row["operator"] for row in rows}) > 3
    assert all((row["vehicle_class"] == "dangerous_goods") == (row["dangerous_goods"] == "yes") for row in rows)


def test_registry_takes_the_fleet_as_its_terminals_will_register(conn: psycopg.Connection[Any], county: County, tmp_path: Path) -> None:
    fleet = Fleet(FleetSettings(vehicles=40), county)
    write_registry(fleet, tmp_path / "vehicles.csv")
    done = import_csv(conn, tmp_path / "vehicles.csv", datetime.now(UTC))
    assert (done.vehicles, done.terminals, done.bad) == (40, 40, [])
    bound = {row.terminal_id: row.vehicle_id for row in roster(conn)}
    for who in fleet.identities:
        said = (who.terminal_id, who.plate.number, who.plate.colour, who.maker, who.model, who.terminal_code, who.province, who.city)
        marks = "%s, %s, %s::smallint, %s, %s, %s, %s, %s, now()"
        admitted = conn.execute(f"select admit_terminal({marks})", said).fetchone()
        assert admitted == (bound[who.terminal_id.lstrip("0")],)
    assert {row.state for row in vehicles(conn)} == {"registered"}


def test_prepare_can_be_repeated_in_one_folder(dsn: str, tmp_path: Path) -> None:
    settings = load(tmp_path, {}, {})
    first = prepare(dsn, settings, FleetSettings(vehicles=20))
    second = prepare(dsn, settings, FleetSettings(vehicles=20))
    assert first != second
    assert (settings.web.tiles_path / "basemap.json").exists()
    with psycopg.connect(dsn) as conn:
        assert len(vehicles(conn)) == 20
        (served,) = registered_networks(conn)
        assert (served.region_code, Path(served.path).parent) == ("529921", tmp_path / "networks")
        assert regions_without_network(conn) == []
        known = lines(conn)
        assert {row.kind for row in known} == {"rural_bus", "town_bus", "coach"} and {row.variant for row in known} == {"out", "back"}
        assert max(row.stops for row in known) > 5 and sum(row.trips for row in known) > 50
        assert conn.execute("select max(revision) from line_variant").fetchone() == (1,)
        assert conn.execute("select count(*) from timetable_trip where valid_to is not null").fetchone() == (0,)


def test_taken_port_is_told_and_another_one_used(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        settings = load(tmp_path, {}, {})
        taken = f"127.0.0.1:{held.getsockname()[1]}"
        settings = replace(settings, web=replace(settings.web, listen=taken))
        chosen, told = on_free_ports(settings)
    assert chosen.web.listen != taken
    assert [line for line in told if "the map is on" in line and chosen.web.listen in line]


def test_second_demo_of_a_folder_is_refused(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(RefusedError, match="another demo"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_unknown_faults_are_refused_before_anything_starts() -> None:
    with pytest.raises(RefusedError, match="none, default, heavy"):
        Played(1, None, "dreadful", 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_during_the_start_ends_the_demo(number: signal.Signals) -> None:
    folder = Path(tempfile.mkdtemp(prefix="cuntong-demo-"))
    folder.chmod(0o755)  # as root the database runs as another user
    try:
        _end_while_starting(folder, number)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end_while_starting(folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "runtime.cli", "demo", "--vehicles", "5", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "drawing the county" in line:
                break
        demo.send_signal(number)
        rest = demo.stdout.read()
        assert demo.wait() == 0, rest
    assert "asked to stop before everything was ready" in rest
    assert not (folder / "postgres" / "postmaster.pid").exists()
