"""Vehicles that drive like vehicles."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.county import County
from simulators.drive import ACC, DOORS, MOTORS, Cycles, Drivers, make_cycles
from tracking.network.model import FREE_KMH, RoadClass

SHARES = {"rural_bus": 0.5, "town_bus": 0.1, "coach": 0.2, "truck": 0.2}


def _cycle(cycles: Cycles, row: int) -> np.ndarray:
    return cycles.track[cycles.start[row] : cycles.start[row] + cycles.length_s[row]]


def test_cycles_are_the_same_for_the_same_county(county: County, cycles: Cycles) -> None:
    again = make_cycles(county)
    assert np.array_equal(again.track, cycles.track) and np.array_equal(again.start, cycles.start)


def test_accelerations_stay_within_the_motor(cycles: Cycles) -> None:
    for row in range(cycles.start.size):
        motor = MOTORS[cycles.lines[cycles.line[row]].kind]
        gained = np.diff(_cycle(cycles, row)["speed_kmh10"] / 36.0)
        assert gained.max() <= motor.gain_mps2 + 0.03
        assert gained.min() >= -motor.brake_mps2 - 0.03


def test_speed_stays_under_limit_and_class_speed_of_the_edge(county: County, cycles: Cycles) -> None:
    network = county.network
    speed = cycles.track["speed_kmh10"] / 10
    edge = cycles.track["edge"]
    fastest = np.array([0] + [FREE_KMH[RoadClass(c)] for c in range(1, 12)])
    before = np.roll(edge, 1)
    top = np.maximum(network.free_kmh[edge], network.free_kmh[before])
    assert (speed <= top + 2.0).all()
    assert (speed <= np.maximum(fastest[network.road_class[edge]], fastest[network.road_class[before]]) + 2.0).all()
    assert (speed > network.limit_bus_kmh[edge] + 2.0).mean() < 0.001


def test_speed_and_metres_tell_the_same_story(cycles: Cycles) -> None:
    for row in range(0, cycles.start.size, 5):
        track = _cycle(cycles, row)
        metres = np.diff(track["along_m"].astype(float))
        assert (metres >= 0).all()
        mean_mps = (track["speed_kmh10"][1:] + track["speed_kmh10"][:-1]) / 72.0
        drives = (track["speed_kmh10"][1:] > 0) & (track["speed_kmh10"][:-1] > 0)
        assert np.abs(metres - mean_mps)[drives].max() < 2.0
        assert abs(metres.sum() - mean_mps.sum()) < 0.02 * metres.sum()


def test_every_place_lies_on_its_edge(county: County, cycles: Cycles) -> None:
    network, random = county.network, np.random.default_rng(5)
    for row in random.choice(cycles.track.size, 4_000, replace=False).tolist():
        fix = cycles.track[row]
        x, y = county.plane.to_plane(*network.shape(int(fix["edge"])))
        px, py = county.plane.to_plane(fix["lon_e6"] / 1e6, fix["lat_e6"] / 1e6)
        dx, dy = np.diff(x), np.diff(y)
        t = np.clip(((px - x[:-1]) * dx + (py - y[:-1]) * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0, 1)
        assert np.hypot(x[:-1] + t * dx - px, y[:-1] + t * dy - py).min() < 1.0


def test_headings_follow_the_way_driven(county: County, cycles: Cycles) -> None:
    track = _cycle(cycles, 0)
    x, y = county.plane.to_plane(track["lon_e6"] / 1e6, track["lat_e6"] / 1e6)
    fast = np.flatnonzero(track["speed_kmh10"][:-1] > 300)
    way = np.degrees(np.arctan2(np.diff(x), np.diff(y)))[fast]
    off = (way - track["heading_deg"][fast] + 180) % 360 - 180
    assert np.percentile(np.abs(off), 95) < 12


def test_buses_stop_and_park(cycles: Cycles) -> None:
    row = int(np.flatnonzero(cycles.line == 0)[0])
    track = _cycle(cycles, row)
    doors = (track["state"] & DOORS) > 0
    stops = int((np.diff(doors.astype(int)) == 1).sum())
    line = cycles.lines[0]
    assert stops == len(line.out_stops) + len(line.back_stops)
    assert (track["speed_kmh10"][doors] == 0).all()
    parked = (track["state"] & ACC) == 0
    assert parked.sum() > 100 and (track["speed_kmh10"][parked] == 0).all()


def test_a_place_is_a_function_of_seed_vehicle_and_time(cycles: Cycles) -> None:
    small, large = (Drivers.assign(cycles, count, 7, SHARES) for count in (50, 400))
    rows = np.arange(50)
    t_s = np.full(50, 1_790_000_123)
    ours, odometer = small.at(rows, t_s)
    theirs, same = large.at(rows, t_s)
    assert np.array_equal(ours, theirs) and np.array_equal(odometer, same)
    assert not np.array_equal(Drivers.assign(cycles, 50, 8, SHARES).at(rows, t_s)[0], ours)


def test_odometers_never_go_back_over_the_end_of_a_cycle(cycles: Cycles) -> None:
    drivers = Drivers.assign(cycles, 40, 3, SHARES)
    rows = np.arange(40)
    at = [drivers.at(rows, np.full(40, 1_790_000_000 + second))[1] for second in range(0, 20_000, 60)]
    gained = np.diff(np.array(at), axis=0)
    assert gained.min() >= 0 and gained.max() < 60 * 26


def test_all_kinds_drive_and_about_half_of_them_move(cycles: Cycles) -> None:
    drivers = Drivers.assign(cycles, 1_000, 1, SHARES)
    kinds = {cycles.lines[line].kind for line in cycles.line[drivers.cycle]}
    assert kinds == set(SHARES)
    rows, _ = drivers.at(np.arange(1_000), np.full(1_000, 1_790_000_000))
    assert 0.4 < (rows["speed_kmh10"] > 0).mean() < 0.8
    assert rows["heading_deg"].min() >= 0 and rows["heading_deg"].max() < 360
    assert rows["altitude_m"].min() > 600 and rows["altitude_m"].max() < 2_200


def test_a_county_without_a_wanted_kind_is_not_driven_by_it(county: County) -> None:
    only = make_cycles(county, ("coach",))
    assert {line.kind for line in only.lines} == {"coach"}
    with pytest.raises(KeyError):
        _ = MOTORS["tram"]
