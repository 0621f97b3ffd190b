"""Errors of the map, told by what vehicles drove."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from domain.position import POSITION
from domain.track import Track
from domain.units import day_bounds, day_of
from storage.registry import Registration, admit
from tests.fixtures.rows import store
from tests.tracking.network.drawing import EAST, SOUTH, draw
from tracking.matching import Matcher
from tracking.network import RoadNetwork, save
from tracking.network.suspects import Kind, SuspectCounter

PICTURE = """
a-----------------------------------------b-----------------------------------------c
|                                                                                   |
|                                                                                   |
|                                                                                   |
|                                                                                   |
|                                                                                   |
|                                                                                   |
d-----------------------------------------e-----------------------------------------f
"""
"""Two roads 700 m apart; between b and e there is none."""
WAYS = "abc highway=primary\nde highway=primary\nef highway=primary oneway=yes\nad highway=tertiary\ncf highway=tertiary"
START_S = day_bounds(day_of(1_790_000_000_000))[0] / 1000


def _drive(corners: list[tuple[float, float]], start_s: float, seed: int) -> Track:
    """A drive over corners (column, line of the picture) at 12 m/s, one fix every 5 s."""
    lon = np.array([106.6 + column * EAST for column, _ in corners])
    lat = np.array([26.5 - line * SOUTH for _, line in corners])
    metres = np.concatenate([[0], np.cumsum(np.hypot(np.diff(lon) * 99_600, np.diff(lat) * 110_800))])
    at = np.arange(0, metres[-1], 60.0)
    east, north = np.random.default_rng(seed).normal(0, 3e-5, (2, at.size))
    return Track.plain(np.interp(at, metres, lon) + east, np.interp(at, metres, lat) + north, start_s + at / 12)


def _drives(vehicle: int) -> list[Track]:
    return [
        _drive([(2, 0), (42, 0), (42, 7), (4, 7)], START_S + 600 * vehicle, vehicle),
        _drive([(80, 7), (4, 7)], START_S + 20_000 + 600 * vehicle, 50 + vehicle),
        _drive([(80, 0), (4, 0)], START_S + 40_000 + 600 * vehicle, 90 + vehicle),
    ]


@pytest.fixture
def network(tmp_path: Path) -> RoadNetwork:
    return draw(tmp_path, PICTURE, WAYS)


def test_missing_roads_and_wrong_one_ways_are_found(network: RoadNetwork) -> None:
    matcher, counter = Matcher(network), SuspectCounter(network)
    for vehicle in range(4):
        for track in _drives(vehicle):
            counter.add(vehicle, 20_000, track, matcher.match(track))
    found = counter.suspects()
    assert {one.kind for one in found} == {Kind.OFF_ROAD, Kind.AGAINST_ONE_WAY} and len(found) == 2
    missing = next(one for one in found if one.kind == Kind.OFF_ROAD)
    assert abs(missing.lon_deg - (106.6 + 42 * EAST)) < 3e-4 and 26.5 - 6 * SOUTH < missing.lat_deg < 26.5 - SOUTH
    assert missing.vehicles == 4 and missing.vehicle_days == 4 and missing.km == pytest.approx(4 * 0.6, rel=0.25)
    wrong = next(one for one in found if one.kind == Kind.AGAINST_ONE_WAY)
    assert network.twin[wrong.edge] == -1 and wrong.vehicles == 4 and wrong.km > 4
    assert counter.suspects(least_vehicles=5) == []


def test_banned_turns_that_are_driven_are_found(tmp_path: Path) -> None:
    picture = "a" + "-" * 40 + "b" + "-" * 40 + "c" + "\n" * 8 + " " * 40 + " d"
    ways = "ab highway=primary\nbc highway=primary\nbd highway=primary"
    for tags, expected in (("restriction=no_right_turn", 1), ("restriction:hgv=no_right_turn", 0)):
        network = draw(tmp_path, picture, ways, relations=f"1 via b 3 {tags}")
        matcher, counter = Matcher(network), SuspectCounter(network)
        for vehicle in range(3):
            track = _drive([(2, 0), (41, 0), (41, 7.9)], START_S, vehicle)
            counter.add(vehicle, 1, track, matcher.match(track))
        found = counter.suspects()
        assert [one.kind for one in found] == [Kind.BANNED_TURN] * expected
        assert all(one.passes == 3 and abs(one.lon_deg - (106.6 + 41 * EAST)) < 1e-6 for one in found)


def _run(folder: Path, *words: object, **environment: str) -> list[dict[str, Any]]:
    command = [str(Path(sys.executable).parent / "cuntong"), "network", "suspects", str(folder / "n.npz"), *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=os.environ | environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_the_command_reads_files(tmp_path: Path, network: RoadNetwork) -> None:
    save(network, tmp_path / "n.npz")
    files = []
    for vehicle in range(3):
        track = _drives(vehicle)[0]
        lines = [f"{t},{x:.7f},{y:.7f}" for t, x, y in zip(track.t_ms, track.lon_deg, track.lat_deg, strict=True)]
        files.append(tmp_path / f"v{vehicle}.csv")
        files[-1].write_text("\n".join(["time,lon,lat", *lines]) + "\n", "utf-8")
    assert [row["kind"] for row in _run(tmp_path, *files)] == ["off the road"]


def test_the_command_reads_the_database(tmp_path: Path, network: RoadNetwork, dsn: str, conn: psycopg.Connection[Any]) -> None:
    save(network, tmp_path / "n.npz")
    for number in range(3):
        plate = Registration(f"1390000000{number}", f"贵A1234{number}", 2)
        vehicle = admit(conn, [plate])[plate.terminal_id]
        for track in _drives(number):
            rows = np.zeros(len(track), POSITION)
            rows["vehicle_id"], rows["t_ms"], rows["received_ms"] = vehicle, track.t_ms, track.t_ms
            rows["lon_e6"], rows["lat_e6"] = np.round(track.lon_deg * 1e6), np.round(track.lat_deg * 1e6)
            rows["status_bits"] = 3
            store(conn, rows)
    conn.commit()
    day = day_of(1_790_000_000_000)
    rows_found = _run(tmp_path, "--from", day, "--to", day, CUNTONG_DATABASE_URL=dsn, CUNTONG_DATA=str(tmp_path))
    assert {row["kind"] for row in rows_found} == {"off the road", "against a one-way"}
    assert all(row["vehicles"] == 3 for row in rows_found)
